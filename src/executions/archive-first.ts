/**
 * The Executions port as callers see it: what is archived is answered from the archive right here, without an Execution and
 * without a call upstream; all else goes to the execution's own Execution.
 */
import { isFinal } from '../archive/archive-head.ts';
import type { Archive, ArchivedHistory } from '../archive/archive.ts';
import type { Clock } from '../core/clock.ts';
import { fail, ok } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { EndingReader } from '../messages/ending.ts';
import { endOf, positionIn, startOf } from '../messages/history.ts';
import { cutPage } from './cut-page.ts';
import type { EventFrames } from './following/event-frames.ts';
import { type ExecutionRef, logNames } from '../core/execution-ref.ts';
import type { Executions, Served, StreamRequest } from './executions.ts';
import { KEY_CHECK_MS, type StillAllowed, StreamKey } from './following/stream-key.ts';
import { Subscriber } from './following/subscriber.ts';
import { summarize } from './summarize.ts';

export interface ArchiveFirstOptions {
  readonly archive: Archive;
  readonly live: Executions;
  readonly framesFor: (ref: ExecutionRef) => EventFrames;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly stillAllowed: StillAllowed;
  readonly readEnding: EndingReader;
}

export function createArchiveFirstExecutions(options: ArchiveFirstOptions): Executions {
  const { archive, live, clock } = options;
  /** What may go on is its Execution's: that asks the source whether it does. */
  const findFinal = async (ref: ExecutionRef): Promise<ArchivedHistory | undefined> => {
    const history = await archive.find(ref);
    return history && isFinal(history.head, clock.now()) ? history : undefined;
  };
  return {
    async page(ref, request, signal) {
      const history = await findFinal(ref);
      const cut = history && (await cutPage(history, request));
      if (!history || !cut || isUnreadable(cut)) return live.page(ref, request, signal);
      if (!cut.ok) return cut;
      return ok({ ...cut.value, status: history.head.status, settled: true, served: servedFrom(history) });
    },
    async summary(ref, request, signal) {
      const history = await findFinal(ref);
      const summary = history && (await summarize(history, request.payloads, options.readEnding));
      if (!history || !summary || isUnreadable(summary)) return live.summary(ref, request, signal);
      if (!summary.ok) return summary;
      const { archivedAt } = history.head;
      return ok({ ...summary.value, settled: true, final: true, archivedAt, served: servedFrom(history) });
    },
    async stream(ref, request, signal) {
      const history = await findFinal(ref);
      const stream = history && (await streamArchived(options, ref, history, request, signal));
      return !stream || isUnreadable(stream) ? live.stream(ref, request, signal) : stream;
    },
    activity: (ref) => live.activity(ref),
    importHistory: (ref, body) => live.importHistory(ref, body),
    async forget(ref) {
      const forgotten = await live.forget(ref);
      archive.remember(ref, undefined);
      return forgotten;
    },
  };
}

/** Replay, `caught-up`, `end`: as the client pulls. */
async function streamArchived(
  options: ArchiveFirstOptions,
  ref: ExecutionRef,
  history: ArchivedHistory,
  request: StreamRequest,
  signal?: AbortSignal,
) {
  const { framesFor, clock, random, log } = options;
  const { from } = request;
  const over = new AbortController();
  const start = startOf(ref);
  const position = from.at === 'position' ? from.position : from.at === 'now' ? history.head.count : 0;
  const read = await history.chunkAt(position);
  if (!read.ok) return read;
  const here = positionIn(read.value, position);
  const same = from.at === 'position' && here?.fingerprint === from.fingerprint;
  // What it saw the end of could still have gone on then; now it can't.
  if (from.at === 'position' && from.ended && same && position === history.head.count) return ok(undefined);
  const { status } = history.head;
  const begin =
    from.at === 'now'
      ? { from: positionIn(read.value, endOf(read.value)) ?? start, reset: false }
      : { from: (same && here) || start, reset: from.at === 'reset' || (from.at === 'position' && !same) };
  const subscriber = new Subscriber({
    knownSinceMs: 0,
    feed: { history: () => history, settled: () => ({ status, final: true }), status: () => status, start },
    frames: framesFor(ref),
    clock,
    random,
    ...begin,
    ...(request.eventTypes && { eventTypes: request.eventTypes }),
    payloads: request.payloads,
    onClose: () => over.abort(),
    onBug: (error) =>
      log({ event: 'stream-failed', level: 'error', ...logNames(ref), reason: String(error) }),
  });
  signal?.addEventListener('abort', () => subscriber.drop(), { once: true });
  void endWithKey(options, ref, request, subscriber, over.signal);
  return ok(subscriber.stream);
}

/** Most are read in a moment; but one who reads slowly is not to go on reading for hours after the key was revoked (invariant 6). */
async function endWithKey(
  { clock, log, stillAllowed }: ArchiveFirstOptions,
  ref: ExecutionRef,
  request: StreamRequest,
  subscriber: Subscriber,
  over: AbortSignal,
): Promise<void> {
  const key = new StreamKey(request, clock.now());
  let checkAtMs = clock.now() + KEY_CHECK_MS;
  let learnt = new AbortController();
  // Not waited for: a store that hangs is no reason for a ticket to live longer.
  const ask = async () => {
    key.asked(clock.now());
    const answer = await stillAllowed(request.grant, ref.executionId).catch((error: unknown) => {
      log({ event: 'key-check-failed', level: 'error', ...logNames(ref), reason: String(error) });
      return fail({ type: 'store-unavailable', internal: String(error) });
    });
    const refused = key.learn(answer, clock.now());
    if (refused) subscriber.close(refused);
    learnt.abort();
  };
  for (;;) {
    const dueAtMs = Math.min(checkAtMs, key.askAtMs, key.endsAtMs);
    learnt = new AbortController();
    await clock.sleep(Math.max(0, dueAtMs - clock.now()), AbortSignal.any([over, learnt.signal]));
    if (over.aborted) return;
    const now = clock.now();
    const ended = key.over(now);
    if (ended) {
      subscriber.close(ended);
      return;
    }
    if (now >= Math.min(checkAtMs, key.askAtMs)) {
      if (now >= checkAtMs) checkAtMs = now + KEY_CHECK_MS;
      void ask();
    }
  }
}

/** The archive is there but can't be read just now: the Execution asks the source instead, and writes it anew. */
const isUnreadable = (result: { ok: true } | ReturnType<typeof fail>): boolean =>
  !result.ok && result.failure.type === 'store-unavailable';

const servedFrom = (history: ArchivedHistory): Served => ({
  tier: history.tier,
  forward: 'hit',
  upstreamCalls: 0,
});
