/**
 * Finds where an event stream of a history, live or archived, begins, and creates its subscriber.
 * open-stream.ts opens the stream.
 */
import type { Clock } from '../../core/clock.ts';
import { type Result, ok } from '../../core/errors.ts';
import { type ExecutionRef, logNames } from '../../core/execution-ref.ts';
import type { Log } from '../../core/log.ts';
import type { Position } from '../../messages/cursor.ts';
import { type History, endOf, positionIn } from '../../messages/history.ts';
import type { StreamRequest, StreamStart } from '../executions.ts';
import type { EventFrames } from './event-frames.ts';
import type { SharedQueue } from './frame-queue.ts';
import { type StreamRegistry, openStream } from './open-stream.ts';
import { type Feed, Subscriber } from './subscriber.ts';
import { type Waiting, lookUntilFound } from './waiting.ts';

export interface StreamBeginning {
  readonly from: Position;
  /**
   * True if the client's position does not belong to this history. The stream then sends a `reset` and
   * restarts at `from`.
   */
  readonly reset: boolean;
}

/** Resolves the requested start of a stream to a position. `start` is position 0. */
export async function findBeginning(
  history: History,
  start: Position,
  from: StreamStart,
): Promise<Result<StreamBeginning>> {
  const at = from.at === 'position' ? from : undefined;
  const read = await history.chunkAt(at?.position ?? (from.at === 'now' ? Number.MAX_SAFE_INTEGER : 0));
  if (!read.ok) return read;
  if (from.at === 'now') {
    return ok({ from: positionIn(read.value, endOf(read.value)) ?? start, reset: false });
  }
  if (!at) return ok({ from: start, reset: from.at === 'reset' });
  const { position, fingerprint } = at;
  // The position might be past the end because a read of a growing history lags. A complete history does not
  // lag.
  const isBeyond = position > endOf(read.value) && !history.complete;
  const isSame = positionIn(read.value, position)?.fingerprint === fingerprint;
  if (isBeyond || isSame) return ok({ from: { position, fingerprint }, reset: false });
  return ok({ from: start, reset: true });
}

/**
 * Like `findBeginning`, but waits a while for an execution that does not exist yet. If it appears, a stream
 * that asked for `now` begins at the start of the history, because all messages are new to the reader.
 */
export async function awaitBeginning(
  { clock, signal }: Pick<Waiting<unknown>, 'clock' | 'signal'>,
  open: () => Promise<History>,
  start: Position,
  asked: StreamStart,
): Promise<Result<StreamBeginning>> {
  let from = asked;
  const look = async () => {
    const result = await findBeginning(await open(), start, from);
    if (!result.ok && result.failure.type === 'upstream-not-found' && from.at === 'now')
      from = { at: 'start' };
    return { done: true, result };
  };
  return (await lookUntilFound({ clock, signal, look })).result;
}

export interface HistoryStreamOptions {
  readonly ref: ExecutionRef;
  readonly request: StreamRequest;
  readonly beginning: StreamBeginning;
  readonly feed: Feed;
  readonly frames: EventFrames;
  /**
   * The subscriber is caught up once it has sent everything that was known at this time, in clock
   * milliseconds.
   */
  readonly knownSinceMs: number;
  /** The listeners of an Execution, or the `StreamWatch` of an archived stream. */
  readonly registry: StreamRegistry<Subscriber, StreamRequest>;
  /** See `SubscriberOptions`. */
  readonly queue?: SharedQueue;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal | undefined;
}

export function openHistoryStream(options: HistoryStreamOptions): ReadableStream<Uint8Array> {
  const { ref, request, beginning, feed, frames, knownSinceMs, queue, clock, random } = options;
  const { eventTypes, step, payloads } = request;
  return openStream({
    ...options,
    names: logNames(ref),
    create: (ends) =>
      new Subscriber({
        ...ends,
        ...beginning,
        ...(eventTypes && { eventTypes }),
        ...(step !== undefined && { step }),
        ...(queue && { queue }),
        payloads,
        feed,
        frames,
        clock,
        random,
        knownSinceMs,
      }),
  });
}

/**
 * True if the client has received the `end` of a settled history with `count` messages. False if a redrive
 * has added messages since.
 */
export const hasAll = (from: StreamStart, count: number): boolean =>
  from.at === 'position' && from.ended === true && from.position === count;
