/**
 * Walks a whole history after its settle time and archives it. If the store fails, the history still counts
 * as settled, so that streams can end.
 */
import type { ArchiveWriter } from '../../archive/archive-writer.ts';
import type { ArchiveHead } from '../../archive/archive-head.ts';
import { faultText } from '../../core/exception-text.ts';
import type { Clock } from '../../core/clock.ts';
import { type Status, statusAfter } from '../../messages/event-types.ts';
import { endOf, positionIn } from '../../messages/history.ts';
import { type UpstreamHistory } from '../upstream/upstream-history.ts';
import { type KnownEnd, type ReadTrace, newTrace } from '../upstream/read-terms.ts';

/**
 * The settle time: how long after the terminal message's timestamp to wait. Upstream reads lag, so late
 * messages might still appear.
 */
export const SETTLE_MS = 10_000;
/** The walk does not retry a cached failure that is younger than this. */
const FAILURE_FRESH_MS = 1_000;

/**
 * Returns when the settle time of an ended history is over, in clock milliseconds. Undefined if the history
 * has not ended.
 */
export function settlesAtMs(end: KnownEnd | undefined, seenAtMs: number): number | undefined {
  if (!end || statusAfter(end.eventType) === 'RUNNING') return undefined;
  const endedAtMs = end.timestamp === undefined ? NaN : Date.parse(end.timestamp);
  // A timestamp in the future (the source's clock or ours is wrong) must not keep a history open for ever.
  return (Number.isNaN(endedAtMs) ? seenAtMs : Math.min(endedAtMs, seenAtMs)) + SETTLE_MS;
}

export interface SettledHistory {
  readonly count: number;
  readonly status: Status;
  readonly upstreamCalls: number;
  /** Why the store failed, if it did. The history is settled anyway. */
  readonly storeFailure?: string;
  readonly head?: ArchiveHead;
  /** The timestamp of the last message. ISO 8601, like the members below. */
  readonly endedAt?: string;
  /** When the history was read to its end, even if the store failed. */
  readonly archivedAt: string;
  /**
   * When the history becomes final. Until then the execution can be redriven. Absent if it cannot be
   * redriven.
   */
  readonly finalAt?: string;
}

export interface SettleOptions {
  readonly upstream: UpstreamHistory;
  readonly writer: ArchiveWriter;
  readonly clock: Clock;
  /** Every page must have been read at this time or later. */
  readonly notBeforeMs: number;
  /** The source's description of the execution. Undefined if it is unavailable. */
  readonly describe: (trace: ReadTrace) => Promise<Readonly<Record<string, unknown>> | undefined>;
  /** How long after its end an unsuccessful execution can be redriven. */
  readonly redrivableMs?: number;
  /** Runs the write that makes the archive visible, and returns its head. */
  readonly commit: (write: () => Promise<ArchiveHead>) => Promise<ArchiveHead>;
}

/**
 * Walks the history once and archives it. If it has not settled, returns the reason as a string: the history
 * has changed, or could not be read.
 */
export async function settleHistory(options: SettleOptions): Promise<SettledHistory | string> {
  const { upstream, writer, clock, notBeforeMs } = options;
  const trace = newTrace({ class: 'background' });
  const freshness = {
    lastNotBeforeMs: notBeforeMs,
    allNotBeforeMs: notBeforeMs,
    failureNotBeforeMs: clock.now() - FAILURE_FRESH_MS,
  };
  let storeFailure: string | undefined;
  const keep = async (work: () => Promise<unknown>): Promise<void> => {
    if (storeFailure !== undefined) return;
    try {
      await work();
    } catch (error) {
      storeFailure = faultText(error);
    }
  };
  let status: Status = 'RUNNING';
  let endedAt: string | undefined;
  let at = writer.start;
  for (;;) {
    const read = await upstream.chunkAt(at.position, freshness, trace);
    if (!read.ok) return giveUp(writer, read.failure.type);
    const chunk = read.value;
    if (chunk.readAtMs < notBeforeMs) return giveUp(writer, 'an upstream read lags behind');
    if (positionIn(chunk, at.position)?.fingerprint !== at.fingerprint)
      return giveUp(writer, 'the history changed');
    for (const message of chunk.messages.slice(at.position - chunk.start)) {
      await keep(() => writer.add(message));
      status = statusAfter(message.eventType);
      endedAt = message.timestamp;
    }
    at = { position: endOf(chunk), fingerprint: chunk.fingerprints.at(-1) ?? at.fingerprint };
    if (chunk.last) break;
  }
  if (status === 'RUNNING') return giveUp(writer, 'the history grew');
  const finalAt = finalAtOf(status, endedAt, options);
  const archivedAt = new Date(clock.now()).toISOString();
  let head: ArchiveHead | undefined;
  await keep(async () => {
    const facts = { from: 'source', archivedAt, ...(finalAt !== undefined && { finalAt }) } as const;
    const description = await options.describe(trace);
    head = await options.commit(() => writer.commit(facts, description));
  });
  if (storeFailure !== undefined) await writer.abandon();
  return {
    count: at.position,
    status,
    upstreamCalls: trace.calls,
    archivedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...(head && { head }),
    ...(finalAt !== undefined && { finalAt }),
    ...(storeFailure !== undefined && { storeFailure }),
  };
}

/**
 * Returns when the history becomes final. Undefined if it already is: the execution succeeded, or its source
 * has no redrives.
 */
function finalAtOf(
  status: Status,
  endedAt: string | undefined,
  { redrivableMs, clock }: Pick<SettleOptions, 'redrivableMs' | 'clock'>,
): string | undefined {
  if (redrivableMs === undefined || status === 'SUCCEEDED') return undefined;
  const endedAtMs = endedAt === undefined ? NaN : Date.parse(endedAt);
  return new Date((Number.isNaN(endedAtMs) ? clock.now() : endedAtMs) + redrivableMs).toISOString();
}

async function giveUp(writer: ArchiveWriter, reason: string): Promise<string> {
  await writer.abandon();
  return reason;
}
