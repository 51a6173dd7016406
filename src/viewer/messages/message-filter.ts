/** The filter of the list of messages. Pure. */
import type { FlowMessage } from '../../client/client.ts';

export interface MessageFilter {
  /** An `eventType` or `upstreamType`; empty for all. */
  readonly type: string;
  /** A step's name; empty for all. */
  readonly step: string;
  /** Text that any member contains, ignoring case; empty for all. */
  readonly text: string;
  /** Only messages with these ids. Selects the messages of one step, even if several steps have the same name. */
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

/** Finds the messages that match. If the list has only grown, it examines only the new messages. */
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
