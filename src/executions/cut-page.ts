/**
 * Cuts a page out of a history, archived or upstream. The `History` reads the chunks. The Execution waits for
 * new messages. messages/encoded-page.ts encodes the page and its cursor.
 */
import type { Clock } from '../core/clock.ts';
import { type Result, fail, ok } from '../core/errors.ts';
import type { Position } from '../messages/cursor.ts';
import type { PageContent } from '../messages/encoded-page.ts';
import { statusAfter } from '../messages/event-types.ts';
import { type Chunk, type History, endOf, positionIn } from '../messages/history.ts';
import { type Message, messageBytes, visibleMessage } from '../messages/message.ts';
import type { PayloadAccess } from '../messages/payload-access.ts';
import { cutBackwards } from './cut-backwards.ts';
import { SCANNED_MESSAGES_MAX, Scan } from './scan.ts';

/**
 * The maximum size of a page. Far below the 32 MiB that a Durable Object can return, and small enough that
 * browsers need not wait long.
 */
export const PAGE_BYTES_MAX = 4 * 1024 * 1024;

export type PageStart =
  | { readonly at: 'start' }
  | ({ readonly at: 'position' } & Position)
  /** The newest messages. */
  | { readonly at: 'last'; readonly count: number };

/** Which messages to include. An absent member excludes no messages. */
export interface MessageFilter {
  /**
   * Values of `eventType` or `upstreamType`, sorted and without duplicates, so that equal filters share
   * cached pages.
   */
  readonly eventTypes?: readonly string[];
  readonly step?: string;
}

export interface PageQuery extends MessageFilter {
  readonly from: PageStart;
  /** 1 to PAGE_MESSAGES_MAX. */
  readonly maxResults: number;
  readonly payloads: PayloadAccess;
}

export type CutPage = Omit<PageContent, 'status'>;

/** `show` returns a message as its reader may see it. */
export async function cutPage(
  history: History,
  query: PageQuery,
  clock: Pick<Clock, 'turn'>,
  show: (message: Message) => Message = (message) => visibleMessage(message, query.payloads),
): Promise<Result<CutPage>> {
  const scan = new Scan(history, clock);
  if (query.from.at === 'last') return cutLast(scan, query, query.from.count);
  const position = query.from.at === 'start' ? 0 : query.from.position;
  const first = await scan.chunkAt(position);
  if (!first.ok) return first;
  const here = positionIn(first.value, position);
  if (query.from.at === 'position' && here?.fingerprint !== query.from.fingerprint) {
    // The position might be past the end because a read of a growing history lags. A complete history does
    // not lag.
    const { fingerprint } = query.from;
    if (position > endOf(first.value) && !history.complete) {
      return ok({ messages: [], next: { position, fingerprint }, more: false });
    }
    return fail({ type: 'history-changed' });
  }
  const messages: Message[] = [];
  let bytes = 0;
  let chunk = first.value;
  let next = position;
  /**
   * True if messages follow `next`. At the end of the chunk, only another read shows this, unless the chunk
   * is the last one of a complete history.
   */
  const hasMore = async (): Promise<boolean> => {
    if (next < endOf(chunk)) return true;
    if (chunk.last && history.complete) return false;
    const following = await scan.chunkAt(next);
    return !following.ok || endOf(following.value) > next;
  };
  for (;;) {
    for (const message of chunk.messages.slice(next - chunk.start)) {
      if (isWanted(message, query)) {
        const visible = show(message);
        bytes += messageBytes(visible);
        if (messages.length > 0 && bytes > PAGE_BYTES_MAX) return finish(chunk, messages, next, true);
        messages.push(visible);
      }
      next++;
      if (messages.length === query.maxResults || next - position >= SCANNED_MESSAGES_MAX)
        return finish(chunk, messages, next, await hasMore());
    }
    if (chunk.last && history.complete) return finish(chunk, messages, next, false);
    // Stop only after progress, so that a client that follows `nextToken` reaches the end. In a complete
    // history, messages follow every chunk except the last.
    if (scan.isSpent && next > position)
      return finish(chunk, messages, next, history.complete || (await hasMore()));
    // Read on even after the last chunk: it might be old, and only a read at its end checks how old it is.
    const following = await scan.chunkAt(next);
    // Return the messages that were found. The next request gets the failure.
    if (!following.ok) return finish(chunk, messages, next, true);
    if (endOf(following.value) <= next) return finish(chunk, messages, next, false);
    if (positionIn(following.value, next)?.fingerprint !== positionIn(chunk, next)?.fingerprint) {
      return finish(chunk, messages, next, true);
    }
    chunk = following.value;
  }
}

/** Returns the newest matching messages, oldest first. */
async function cutLast(scan: Scan, query: PageQuery, count: number): Promise<Result<CutPage>> {
  const last = await scan.chunkAt(Number.MAX_SAFE_INTEGER);
  if (!last.ok) return last;
  const end = endOf(last.value);
  const cut = await cutBackwards(scan, last.value, end, {
    count,
    examinedMax: SCANNED_MESSAGES_MAX,
    bytesMax: PAGE_BYTES_MAX,
    show: (message) => (isWanted(message, query) ? visibleMessage(message, query.payloads) : undefined),
  });
  if (!cut.ok) return cut;
  const { messages, next, failure } = cut.value;
  if (failure) return fail(failure);
  const page = finish(last.value, messages.toReversed(), end, false);
  return page.ok && messages.length < count && next.position > 0
    ? ok({ ...page.value, partial: true })
    : page;
}

export function isWanted(message: Message, { eventTypes, step }: MessageFilter): boolean {
  const { eventType = '', upstreamType = eventType } = message;
  const isOfType = (types: readonly string[]) => types.includes(eventType) || types.includes(upstreamType);
  return (eventTypes === undefined || isOfType(eventTypes)) && (step === undefined || message.step === step);
}

/**
 * True if a stream with this filter sends the message. A filter by step does not exclude terminal messages:
 * they belong to no step, but the reader has to see the end.
 */
export function isStreamed(message: Message, filter: MessageFilter): boolean {
  const { step: _, ...others } = filter;
  return isWanted(message, statusAfter(message.eventType) === 'RUNNING' ? filter : others);
}

function finish(
  chunk: Chunk,
  messages: readonly Message[],
  position: number,
  more: boolean,
): Result<CutPage> {
  const next = positionIn(chunk, position);
  if (!next)
    return fail({
      type: 'internal',
      internal: `position ${position} is outside the chunk it was cut from`,
    });
  return ok({ messages, next, more });
}
