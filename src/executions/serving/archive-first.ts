/**
 * Implements the Executions port. Requests for final histories are answered from the archive, without an
 * Execution and without an upstream call. All other requests go to the Execution.
 */
import { isFinal, isUpgraded } from '../../archive/archive-head.ts';
import type { Archive, ArchivedHistory } from '../../archive/archive.ts';
import type { Clock } from '../../core/clock.ts';
import { type Result, fail, ok } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { type History, startOf } from '../../messages/history.ts';
import type { EncodePage, EncodedPage } from '../../messages/encoded-page.ts';
import { describeArchived } from '../archived-description.ts';
import { type PageQuery, cutPage } from '../cut-page.ts';
import type { EventFrames } from '../following/event-frames.ts';
import { type ExecutionRef, logNames } from '../../core/execution-ref.ts';
import type { Executions, Served, StreamRequest, Reader } from '../executions.ts';
import { ArchivedStreams } from '../following/archived-streams.ts';
import type { SharedQueue } from '../following/frame-queue.ts';
import { findBeginning, hasAll, openHistoryStream } from '../following/history-stream.ts';
import type { StillAllowed } from '../following/stream-key.ts';
import { StreamWatch } from '../following/stream-watch.ts';
import { FullPages } from './full-pages.ts';
import { pageKey } from './page-key.ts';
import { type SummaryReaders, summarize } from './summarize.ts';
import { UnknownExecutions } from '../unknown-executions.ts';
import { cutWholePage } from '../whole-page.ts';

export interface ArchiveFirstOptions {
  readonly archive: Archive;
  readonly live: Executions;
  readonly framesFor: (ref: ExecutionRef) => EventFrames;
  readonly encodePage: EncodePage;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly stillAllowed: StillAllowed;
  readonly readers: SummaryReaders;
}

export function createArchiveFirstExecutions(options: ArchiveFirstOptions): Executions {
  const { archive, live, clock } = options;
  /**
   * Returns the archived history if it can be served here. The Execution serves two kinds of archives itself:
   * redrivable ones, because it checks for a redrive, and those that older versions wrote, because it
   * upgrades them.
   */
  const findFinal = async (ref: ExecutionRef): Promise<ArchivedHistory | undefined> => {
    const history = await archive.find(ref);
    const isServed = history && isUpgraded(history.head) && isFinal(history.head, clock.now());
    return isServed ? history : undefined;
  };
  const unknown = new UnknownExecutions(clock);
  const fullPages = new FullPages(clock);
  /**
   * Asks the Execution. `isUnread`: the archive could not be read. Then a "not found" from the source does
   * not prove that the execution is unknown, and a 404 would make the caller give up.
   */
  const askExecution = async <T>(
    ref: ExecutionRef,
    { tenant }: Reader,
    isUnread: boolean,
    ask: () => Promise<Result<T>>,
  ): Promise<Result<T>> => {
    if (!isUnread) return unknown.ask(ref, tenant, ask);
    const result = await ask();
    if (result.ok || result.failure.type !== 'upstream-not-found') return result;
    return fail({ type: 'store-unavailable', internal: 'the archive cannot be read; not found upstream' });
  };
  const archiveFirst = async <T>(
    ref: ExecutionRef,
    { waitMs = 0, ...reader }: Reader & { readonly waitMs?: number },
    from: {
      readonly archived: (history: ArchivedHistory) => Promise<Result<T>>;
      readonly live: () => Promise<Result<T>>;
    },
  ): Promise<Result<T>> => {
    // A waiting request looks up the execution again by itself (waiting.ts).
    const notFound = waitMs === 0 ? unknown.get(ref) : undefined;
    if (notFound) return fail(notFound);
    const history = await findFinal(ref);
    const archived = history && (await from.archived(history));
    if (archived && !isUnreadable(archived)) return archived;
    return askExecution(ref, reader, archived !== undefined || archive.isUnread(ref), from.live);
  };
  const streams = new ArchivedStreams(clock);
  return {
    page: (ref, request, client) =>
      archiveFirst(ref, request, {
        archived: async (history) =>
          mapped(await archivedPage(options, ref, history, request), (page) => ({
            ...page,
            // The page is cached with the archive, not in `fullPages`.
            full: false,
            final: true,
            served: servedFrom(history),
          })),
        live: async () => {
          const known = fullPages.get(ref, request);
          if (known) return ok(known);
          const page = await live.page(ref, request, client);
          if (page.ok) fullPages.add(ref, request, page.value);
          return page;
        },
      }),
    wholePage: (ref, request, signal) =>
      archiveFirst(ref, request, {
        archived: async (history) =>
          mapped(await cutWholePage(history, request, clock), (page) => ({
            ...page,
            served: servedFrom(history),
          })),
        live: () => live.wholePage(ref, request, signal),
      }),
    describe: (ref, request, signal) =>
      archiveFirst(ref, request, {
        archived: async (history) =>
          mapped(await describeArchived(history), (description) => ({
            by: 'archive' as const,
            ...description,
            served: servedFrom(history),
          })),
        live: () => live.describe(ref, request, signal),
      }),
    summary: (ref, request, signal) =>
      archiveFirst(ref, request, {
        archived: async (history) =>
          mapped(await summarize(history, request.payloads, options.readers, clock), (summary) => ({
            ...summary,
            final: true,
            archivedAt: history.head.archivedAt,
            served: servedFrom(history),
          })),
        live: async () => {
          const summary = await live.summary(ref, request, signal);
          if (summary.ok) fullPages.seen(ref, summary.value.status);
          return summary;
        },
      }),
    async stream(ref, request, signal, onClosed) {
      // Take the slot before anything is read. Otherwise, many simultaneous streams could exceed the limit.
      const place = streams.enter(ref, request);
      if (!place.ok) return place;
      const queue = withLeaveHook(place.value, onClosed);
      let isOpen = false;
      let isUnread = false;
      try {
        const history = await findFinal(ref);
        const stream =
          history && (await streamArchived(options, { ref, history, request, streams, queue, signal }));
        if (stream && !isUnreadable(stream)) {
          isOpen = stream.ok && stream.value !== undefined;
          return stream;
        }
        isUnread = stream !== undefined || archive.isUnread(ref);
      } finally {
        if (!isOpen) place.value.leave();
      }
      return askExecution(ref, request, isUnread, () => live.stream(ref, request, signal, onClosed));
    },
    activity: (ref) => live.activity(ref),
    async importHistory(ref, body) {
      const imported = await live.importHistory(ref, body);
      fullPages.forget(ref);
      if (imported.ok) unknown.found(ref);
      return imported;
    },
    async forget(ref) {
      const forgotten = await live.forget(ref);
      fullPages.forget(ref);
      archive.remember(ref, undefined);
      return forgotten;
    },
  };
}

const mapped = <T, U>(result: Result<T>, map: (value: T) => U): Result<U> =>
  result.ok ? ok(map(result.value)) : result;

/** Returns the encoded page from the cache, or cuts and encodes it. */
async function archivedPage(
  { archive: { pages }, encodePage, clock }: ArchiveFirstOptions,
  ref: ExecutionRef,
  history: ArchivedHistory,
  query: PageQuery,
): Promise<Result<EncodedPage>> {
  const { generation, status } = history.head;
  const key = pageKey(query);
  const known = pages.get(generation, key);
  if (known) return ok(known);
  const cut = await cutPage(history, query, clock);
  if (!cut.ok) return cut;
  const page = encodePage(ref, { ...cut.value, status });
  pages.set(generation, key, page);
  return ok(page);
}

interface ArchivedStreamOptions {
  readonly ref: ExecutionRef;
  readonly history: ArchivedHistory;
  readonly request: StreamRequest;
  readonly streams: ArchivedStreams;
  readonly queue: SharedQueue;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends the history, `caught-up` and `end` as fast as the client reads. A slow client can keep the stream
 * open for long, so its key is checked as for a live stream.
 */
async function streamArchived(
  options: ArchiveFirstOptions,
  { ref, history, request, streams, queue, signal }: ArchivedStreamOptions,
): Promise<Result<ReadableStream<Uint8Array> | undefined>> {
  const { clock, random, log, stillAllowed } = options;
  const { status, count } = history.head;
  const start = startOf(ref);
  const fairly: History = {
    complete: true,
    chunkAt: (position) => streams.read(request.tenant, () => history.chunkAt(position), signal),
  };
  const beginning = await findBeginning(fairly, start, request.from);
  if (!beginning.ok) return beginning;
  if (!beginning.value.reset && hasAll(request.from, count)) return ok(undefined);
  const checkGrant = (grant: unknown) => stillAllowed(grant, ref.executionId);
  const watch = new StreamWatch({ names: logNames(ref), clock, random, log, checkGrant });
  const feed = {
    history: () => fairly,
    settled: () => ({ status, final: true }),
    status: () => status,
    start,
  };
  const stream = openHistoryStream({
    ...options,
    ref,
    request,
    beginning: beginning.value,
    feed,
    frames: options.framesFor(ref),
    knownSinceMs: 0,
    registry: watch,
    queue,
    signal,
  });
  void watch.watchUntilClosed();
  return ok(stream);
}

const withLeaveHook = (queue: SharedQueue, onClosed: (() => void) | undefined): SharedQueue => ({
  ...queue,
  leave() {
    queue.leave();
    onClosed?.();
  },
});

/**
 * True if the archive could not be read. The Execution then reads the source instead, and archives the
 * history again.
 */
const isUnreadable = (result: { ok: true } | ReturnType<typeof fail>): boolean =>
  !result.ok && result.failure.type === 'store-unavailable';

const servedFrom = (history: ArchivedHistory): Served => ({
  layer: history.layer,
  forward: 'hit',
  upstreamCalls: 0,
});
