/**
 * Cuts a page of whole messages, in either direction. Whole messages include payloads and `eventShape`, which
 * are needed for answers in the source's own format (GetExecutionHistory). The caller has checked that the
 * reader may see them.
 */
import type { Clock } from '../core/clock.ts';
import { type Result, fail, ok } from '../core/errors.ts';
import type { Position } from '../messages/cursor.ts';
import { type History, endOf, positionIn } from '../messages/history.ts';
import type { Message } from '../messages/message.ts';
import { cutBackwards } from './cut-backwards.ts';
import { PAGE_BYTES_MAX, cutPage } from './cut-page.ts';
import { SCANNED_MESSAGES_MAX, Scan } from './scan.ts';

export interface WholePageQuery {
  /** If absent, the page starts at the oldest message, or at the newest if `backwards`. */
  readonly from?: Position;
  readonly backwards: boolean;
  readonly maxResults: number;
}

export interface WholePage {
  /** Newest first if the request was `backwards`. */
  readonly messages: readonly Message[];
  readonly next: Position;
  /** True if more messages exist in this direction. */
  readonly more: boolean;
}

export async function cutWholePage(
  history: History,
  { from, backwards, maxResults }: WholePageQuery,
  clock: Pick<Clock, 'turn'>,
): Promise<Result<WholePage>> {
  if (backwards) return cutWholeBackwards(new Scan(history, clock), from, maxResults);
  const start = from ? ({ at: 'position', ...from } as const) : ({ at: 'start' } as const);
  return cutPage(history, { from: start, maxResults, payloads: 'full' }, clock, (message) => message);
}

async function cutWholeBackwards(
  scan: Scan,
  from: Position | undefined,
  maxResults: number,
): Promise<Result<WholePage>> {
  const newest = await scan.chunkAt(from ? Math.max(0, from.position - 1) : Number.MAX_SAFE_INTEGER);
  if (!newest.ok) return newest;
  const end = from?.position ?? endOf(newest.value);
  if (from && positionIn(newest.value, end)?.fingerprint !== from.fingerprint) {
    return fail({ type: 'history-changed' });
  }
  const cut = await cutBackwards(scan, newest.value, end, {
    count: maxResults,
    examinedMax: SCANNED_MESSAGES_MAX,
    bytesMax: PAGE_BYTES_MAX,
    show: (message) => message,
  });
  if (!cut.ok) return cut;
  const { messages, next, failure } = cut.value;
  // Return the messages that were found. The next request gets the failure.
  if (failure && messages.length === 0) return fail(failure);
  return ok({ messages, next, more: next.position > 0 });
}
