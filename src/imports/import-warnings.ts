/**
 * Warnings about a history that looks wrong but can be imported. The exporter might have lost, repeated or
 * reordered messages. The operator can then export again while the source still has the history.
 */
import type { Message } from '../messages/message.ts';

export const IMPORT_WARNING_CODES = ['DuplicateMessageId', 'EndBeforeStart'] as const;

export interface ImportWarning {
  /**
   * `DuplicateMessageId`: an earlier message has the same id. `EndBeforeStart`: the last message is older
   * than the first.
   */
  readonly code: (typeof IMPORT_WARNING_CODES)[number];
  /** The line of the body on which the message begins, from 1. */
  readonly line: number;
}

/** Maximum number of duplicates that are reported: as many as faults (NAMED_FAULTS_MAX). */
const DUPLICATES_NAMED_MAX = 10;

/**
 * Memory for ids, in characters. It is enough for about 100,000 UUIDs, which is more than most histories
 * have. Ids beyond this limit are not remembered, so their duplicates are not found.
 */
const REMEMBERED_CHARACTERS_MAX = 8 * 1024 * 1024;
/** The cost of an entry in a Set, besides its characters. */
const ENTRY_CHARACTERS = 40;

/** Collects the warnings about the messages of one import. */
export class ImportWarnings {
  readonly #duplicates: ImportWarning[] = [];
  readonly #ids = new Set<string>();
  #characters = 0;
  #startMs: number | undefined;
  #last: { readonly line: number; readonly ms: number } | undefined;

  /** Call this for each message, in order. */
  add({ messageId, timestamp }: Message, line: number): void {
    const ms = Date.parse(timestamp ?? '');
    this.#startMs ??= ms;
    this.#last = { line, ms };
    if (messageId !== undefined) this.#addId(messageId, line);
  }

  /** The warnings, in the order of their lines. */
  get found(): readonly ImportWarning[] {
    const { line, ms } = this.#last ?? { line: 0, ms: NaN };
    const backwards = ms < (this.#startMs ?? NaN);
    return [...this.#duplicates, ...(backwards ? [{ code: 'EndBeforeStart' as const, line }] : [])];
  }

  #addId(id: string, line: number): void {
    if (this.#ids.has(id)) {
      if (this.#duplicates.length < DUPLICATES_NAMED_MAX) {
        this.#duplicates.push({ code: 'DuplicateMessageId', line });
      }
      return;
    }
    const characters = id.length + ENTRY_CHARACTERS;
    if (this.#characters + characters > REMEMBERED_CHARACTERS_MAX) return;
    this.#characters += characters;
    this.#ids.add(id);
  }
}
