/**
 * What an Execution archives, and when: it remembers the head of its archive, walks a history once its settle time has
 * passed, tries again when the store failed, takes imports, forgets, and clears away what was replaced. All of these take
 * turns. The walk is settling.ts's, the records are archive/'s.
 */
import * as z from 'zod/mini';

import { type ExecutionRef, logNames } from '../../core/execution-ref.ts';
import { type ArchiveHead, archiveHeadSchema, isFinal } from '../../archive/archive-head.ts';
import type { Archive, ArchivedHistory } from '../../archive/archive.ts';
import type { Clock } from '../../core/clock.ts';
import { type Result, fail, ok } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { type Status, statusAfter } from '../../messages/event-types.ts';
import type { ExecutionStorage } from '../execution-storage.ts';
import { importHistory } from '../../imports/history-import.ts';
import { type SettledHistory, settleHistory, settlesAtMs } from './settling.ts';
import type { KnownEnd, UpstreamHistory } from '../upstream/upstream-history.ts';

/** After a walk that did not lead to an archive; doubled each time. */
const RETRY_MS = 5_000;
const RETRY_MS_MAX = 60 * 60_000;
/** After that many only a reader starts another try: an execution that nobody reads costs nothing. */
const RETRIES_UNASKED_MAX = 6;
/** Pages of a replaced archive are still read where its head is remembered: 5 min in memory, 60 s in KV's cache. */
const REPLACED_PAGES_KEPT_MS = 10 * 60_000;

const replacedSchema = z.object({ generation: z.string(), dropAtMs: z.number() });

export interface ArchivistOptions {
  readonly ref: ExecutionRef;
  readonly archive: Archive;
  readonly storage: ExecutionStorage;
  readonly upstream: UpstreamHistory;
  /** How long an unsuccessful execution of this source can be started again after its end. */
  readonly redrivableMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** The history is archived, settled, replaced or forgotten now: whoever reads it looks again. */
  readonly onChange: () => void;
}

export class Archivist {
  readonly #options: ArchivistOptions;
  #archived: ArchivedHistory | undefined;
  /** Settled, but the store did not take it. */
  #settled: SettledHistory | undefined;
  #endSeenAtMs: number | undefined;
  #dueAtMs = Infinity;
  /** Before that a reader does not start another try. */
  #askableAtMs = 0;
  #failures = 0;
  #archiving = false;
  /** Of the archive that is doubted. */
  #superseded: string | undefined;
  #replaced: z.infer<typeof replacedSchema> | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: ArchivistOptions) {
    this.#options = options;
  }

  /** What is remembered from before. Throws what the storage throws. */
  async load(): Promise<void> {
    const { storage, archive, ref, redrivableMs } = this.#options;
    const head = z.safeParse(archiveHeadSchema, await storage.get('head')).data;
    if (head) this.#archived = archive.open(ref, head);
    // What may go on is not answered in front of us, so whoever has lost its own head must not walk, nor depend on the source.
    else if (redrivableMs !== undefined) this.#archived = await archive.find(ref);
    this.#replaced = z.safeParse(replacedSchema, await storage.get('replaced')).data;
  }

  get archived(): ArchivedHistory | undefined {
    return this.#archived;
  }

  /** The history is complete: archived, or walked after its settle time. */
  get settled(): { readonly status: Status; readonly final: boolean; readonly count: number } | undefined {
    const known = this.#archived?.head ?? this.#settled;
    return (
      known && { status: known.status, count: known.count, final: isFinal(known, this.#options.clock.now()) }
    );
  }

  /** What is settled, but may be started again. */
  get mayGoOn(): ArchiveHead | SettledHistory | undefined {
    const known = this.#archived?.head ?? this.#settled;
    return known && !isFinal(known, this.#options.clock.now()) ? known : undefined;
  }

  /** When `tick` has something to do, in clock milliseconds. */
  get dueAtMs(): number {
    return Math.min(this.#dueAtMs, this.#replaced?.dropAtMs ?? Infinity);
  }

  /** Resolves when nothing is under way. */
  get rest(): Promise<unknown> {
    return this.#writing;
  }

  /** The end as it was read just now: a terminal message starts the settle time, anything else stops it. */
  endSeen(end: KnownEnd | undefined): void {
    if (!end || statusAfter(end.eventType) === 'RUNNING') {
      this.#endSeenAtMs = undefined;
      this.#dueAtMs = Infinity;
      this.#failures = 0;
      return;
    }
    this.#endSeenAtMs ??= this.#options.clock.now();
    if (this.#archiving || this.#settled || this.#failures > 0) return;
    this.#dueAtMs = Math.min(this.#dueAtMs, settlesAtMs(end, this.#endSeenAtMs) ?? Infinity);
  }

  /**
   * The archive can't be read (or its execution goes on): it is as good as none, and is written anew when the history was read
   * again.
   */
  doubt(archived: ArchivedHistory): void {
    if (this.#archived !== archived) return;
    this.#archived = undefined;
    this.#superseded = archived.head.generation;
  }

  /** What may go on does: nothing is settled any more. */
  wentOn(known: ArchiveHead | SettledHistory): void {
    if (this.#archived?.head === known) this.doubt(this.#archived);
    if (this.#settled === known) this.#settled = undefined;
  }

  /** A reader came while the archive is still missing: try again, but not all the time. */
  asked(): void {
    const now = this.#options.clock.now();
    if (
      !this.#archiving &&
      this.#endSeenAtMs !== undefined &&
      this.#dueAtMs === Infinity &&
      now >= this.#askableAtMs
    ) {
      this.#dueAtMs = now;
    }
  }

  /** Does what is due, in the background. */
  tick(): void {
    const now = this.#options.clock.now();
    if (this.#dueAtMs <= now) this.#archive();
    if ((this.#replaced?.dropAtMs ?? Infinity) <= now) this.#dropReplaced();
  }

  /** Takes an exported history in place of whatever is archived. */
  importHistory(body: AsyncIterable<Uint8Array>): Promise<Result<ArchiveHead>> {
    return this.#inTurn(async () => {
      const { archive, ref, clock } = this.#options;
      const imported = await importHistory(archive.writer(ref), body, clock);
      if (imported.ok) await this.#nowArchived(imported.value);
      return imported;
    });
  }

  /** Deletes the archive and all that is remembered. What the source still has can be read, and archived, again. */
  forget(): Promise<Result<{ archived: boolean }>> {
    return this.#inTurn(async () => {
      const { archive, ref, storage, upstream, onChange } = this.#options;
      try {
        const archived = this.#archived !== undefined || (await archive.find(ref)) !== undefined;
        await archive.forget(ref);
        await storage.delete(['head', 'replaced']);
        this.#archived = this.#settled = this.#replaced = this.#endSeenAtMs = undefined;
        this.#dueAtMs = Infinity;
        await upstream.clear();
        onChange();
        return ok({ archived });
      } catch (error) {
        return fail({ type: 'store-unavailable', internal: `forget: ${String(error)}` });
      }
    });
  }

  #archive(): void {
    const { upstream, clock, archive, ref, log, onChange, redrivableMs } = this.#options;
    const redrive = redrivableMs === undefined ? {} : { redrivableMs };
    const notBeforeMs = settlesAtMs(upstream.end, this.#endSeenAtMs ?? clock.now());
    this.#dueAtMs = Infinity;
    if (notBeforeMs === undefined || this.#archiving) return;
    this.#archiving = true;
    this.#inBackground(async () => {
      // An import or a forgetting went first: what was to be archived is not wanted any more.
      if (this.#endSeenAtMs === undefined) {
        this.#archiving = false;
        return;
      }
      const writer = archive.writer(ref);
      const settled = await settleHistory({ upstream, writer, clock, notBeforeMs, ...redrive });
      this.#archiving = false;
      if (typeof settled === 'string') {
        log({ event: 'archive-postponed', level: 'warn', ...logNames(this.#options.ref), reason: settled });
        this.#tryLater();
      } else if (settled.head) {
        await this.#nowArchived(settled.head);
        log({
          event: 'archived',
          ...logNames(this.#options.ref),
          messages: settled.count,
          upstreamCalls: settled.upstreamCalls,
        });
      } else {
        log({
          event: 'archive-write-failed',
          level: 'error',
          ...logNames(this.#options.ref),
          reason: settled.storeFailure,
        });
        this.#settled = settled;
        this.#tryLater();
        onChange();
      }
    });
  }

  #tryLater(): void {
    const atMs = this.#options.clock.now() + Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** this.#failures);
    this.#failures++;
    this.#askableAtMs = atMs;
    this.#dueAtMs = this.#failures <= RETRIES_UNASKED_MAX ? atMs : Infinity;
  }

  async #nowArchived(head: ArchiveHead): Promise<void> {
    const { archive, ref, storage, clock, upstream, onChange } = this.#options;
    const old = this.#archived?.head.generation ?? this.#superseded;
    this.#superseded = undefined;
    // Our own copy of the head, so that nothing is walked again merely because KV still says no.
    await storage.put('head', head);
    if (old !== undefined && old !== head.generation) {
      this.#replaced = { generation: old, dropAtMs: clock.now() + REPLACED_PAGES_KEPT_MS };
      await storage.put('replaced', this.#replaced);
    }
    archive.remember(ref, head);
    this.#archived = archive.open(ref, head);
    this.#settled = this.#endSeenAtMs = undefined;
    this.#dueAtMs = Infinity;
    this.#failures = 0;
    await upstream.clear();
    onChange();
  }

  #dropReplaced(): void {
    const { archive, ref, storage } = this.#options;
    const replaced = this.#replaced;
    this.#replaced = undefined;
    if (!replaced) return;
    this.#inBackground(async () => {
      await archive.dropPages(ref, replaced.generation);
      await storage.delete(['replaced']);
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#writing.then(work);
    // Whoever asked for it gets its failure; the next in turn is not concerned.
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  /** In turn, with nobody to tell but the log. */
  #inBackground(work: () => Promise<void>): void {
    const { log } = this.#options;
    void this.#inTurn(work).catch((error: unknown) => {
      this.#archiving = false;
      log({
        event: 'background-work-failed',
        level: 'error',
        ...logNames(this.#options.ref),
        reason: String(error),
      });
    });
  }
}
