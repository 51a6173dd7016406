/** Which messages a reader wants to see. Pure. */
import type { FlowMessage } from '../../client/client.ts';

export interface MessageFilter {
  /** A type in either vocabulary; empty for all. */
  readonly type: string;
  /** A step's name; empty for all. */
  readonly step: string;
  /** Found in any member, whatever its case; empty for all. */
  readonly text: string;
  /** Only these: the messages of one step, where several have its name. */
  readonly ids?: ReadonlySet<string>;
}

export const NO_FILTER: MessageFilter = { type: '', step: '', text: '' };

export const isFiltering = ({ type, step, text, ids }: MessageFilter): boolean =>
  type !== '' || step !== '' || text !== '' || ids !== undefined;

export function matches(message: FlowMessage, { type, step, text, ids }: MessageFilter): boolean {
  if (ids && !ids.has(message.messageId ?? '')) return false;
  if (type !== '' && message.eventType !== type && message.upstreamType !== type) return false;
  if (step !== '' && message.step !== step) return false;
  return text === '' || containsText(message, text.toLowerCase());
}

const containsText = (message: FlowMessage, lower: string): boolean =>
  [
    message.messageId,
    message.eventType,
    message.upstreamType,
    message.step,
    message.error,
    message.payload,
  ].some((member) => member?.toLowerCase().includes(lower) === true);

/** The messages that match. If the list has only grown, it examines only the new ones. */
export class FilteredMessages {
  #filter: MessageFilter = NO_FILTER;
  #seen: readonly FlowMessage[] = [];
  #found: FlowMessage[] = [];

  of(messages: readonly FlowMessage[], filter: MessageFilter): readonly FlowMessage[] {
    if (!isFiltering(filter)) return messages;
    if (filter !== this.#filter || !isContinuation(this.#seen, messages)) {
      this.#found = [];
      this.#seen = [];
    }
    for (let index = this.#seen.length; index < messages.length; index++) {
      const message = messages[index];
      if (message && matches(message, filter)) this.#found.push(message);
    }
    this.#filter = filter;
    this.#seen = messages;
    return this.#found;
  }
}

const isContinuation = (before: readonly FlowMessage[], now: readonly FlowMessage[]): boolean =>
  before.length <= now.length && (before.length === 0 || before.at(-1) === now[before.length - 1]);
