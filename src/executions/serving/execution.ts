/**
 * Serves one execution. Only this object calls the source about the execution and writes its archive, so one
 * upstream call serves any number of readers. It coordinates three parts: the history as readers see it, its
 * listeners, and the poll that serves them. It is independent of the runtime: thin shells (runtimes/) provide
 * storage, clock and wake-ups.
 */
import type { Archive } from '../../archive/archive.ts';
import type { Clock } from '../../core/clock.ts';
import { type Result, ok } from '../../core/errors.ts';
import { type ExecutionRef, logNames } from '../../core/execution-ref.ts';
import type { Log } from '../../core/log.ts';
import type { ImportedHistory } from '../../imports/history-import.ts';
import type { Position } from '../../messages/cursor.ts';
import type { OpenWalk } from '../../messages/derive.ts';
import { startOf } from '../../messages/history.ts';
import type { Source } from '../../sources/source.ts';
import type { PageQuery } from '../cut-page.ts';
import type { ExecutionStorage } from '../execution-storage.ts';
import type {
  DescriptionAnswer,
  DescriptionRequest,
  ExecutionActivity,
  PageAnswer,
  PageRequest,
  Reader,
  StreamRequest,
  SummaryAnswer,
  SummaryRequest,
  WholePageAnswer,
  WholePageRequest,
} from '../executions.ts';
import type { EventFrames } from '../following/event-frames.ts';
import { Listeners } from '../following/listeners.ts';
import { awaitBeginning, hasAll, openHistoryStream } from '../following/history-stream.ts';
import { ExecutionPoller } from './execution-poller.ts';
import type { RunBounds } from '../../objects/run-bounds.ts';
import type { StillAllowed } from '../following/stream-key.ts';
import { type Seen, waitFor } from '../following/waiting.ts';
import { HistoryView, type Reading } from './history-view.ts';
import type { RunningPages } from './running-pages.ts';
import { type SummaryReaders, summarize } from './summarize.ts';
import type { PageMemory } from '../upstream/page-memory.ts';
import { cutWholePage } from '../whole-page.ts';
import { type ReadTrace, newTrace, readerOrigin } from '../upstream/read-terms.ts';

export interface ExecutionOptions {
  readonly ref: ExecutionRef;
  readonly source: Source;
  readonly storage: ExecutionStorage;
  readonly memory: PageMemory;
  readonly pages: RunningPages;
  readonly archive: Archive;
  readonly frames: EventFrames;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Asks the runtime's shell to call `run` at this time, in clock milliseconds, or earlier. */
  readonly wake: (atMs: number) => void;
  readonly stillAllowed: StillAllowed;
  readonly readers: SummaryReaders;
  readonly openWalk: OpenWalk;
  readonly listenersMax?: number;
}

export class Execution {
  readonly #options: ExecutionOptions;
  readonly #start: Position;
  readonly #history: HistoryView;
  readonly #listeners: Listeners;
  readonly #poller: ExecutionPoller;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#start = startOf(options.ref);
    const { ref, stillAllowed } = options;
    this.#listeners = new Listeners({
      ...options,
      names: logNames(ref),
      checkGrant: (grant) => stillAllowed(grant, ref.executionId),
      onDueChanged: () => this.#poller.arrange(),
    });
    this.#history = new HistoryView({
      ...options,
      pollIntervalMs: () => this.#poller.intervalMs,
      onHeadRead: (reading) => this.#poller.headRead(reading),
      onDueChanged: () => this.#poller.arrange(),
      onChange: () => {
        this.#listeners.notify();
        this.#poller.arrange();
      },
    });
    this.#poller = new ExecutionPoller({ ...options, history: this.#history, listeners: this.#listeners });
  }

  /**
   * True if there are no listeners, and nothing is due or in progress. Dropping this object then loses only
   * its caches.
   */
  get idle(): boolean {
    return this.#listeners.count === 0 && this.#poller.isIdle;
  }

  get streams(): number {
    return this.#listeners.streams;
  }

  /** Reports the listeners and the state of the source, for operators. Makes no call. */
  activity(): ExecutionActivity {
    const { count, streams } = this.#listeners;
    const { state, isPolling } = this.#poller;
    const { pollIntervalMs, upstream } = state;
    const { readAt } = this.#history;
    const reads = { ...(isPolling && { pollIntervalMs }), ...(readAt !== undefined && { readAt }) };
    return { streams, waiting: count - streams, upstream, ...reads };
  }

  page(request: PageRequest, signal?: AbortSignal): Promise<Result<PageAnswer>> {
    const trace = newTrace(readerOrigin(request));
    const { ref, pages } = this.#options;
    let query: PageQuery = request;
    return this.#wait(request, signal, async () => {
      const { history, served } = await this.#open(trace, signal);
      const read = await pages.page(ref, history, query, () => this.#history.status);
      if (!read.ok) return { done: true, result: read };
      this.#history.endLook.pageRead();
      this.#poller.arrange();
      const { page, isEmpty, full } = read.value;
      const answer = { ...page, full, final: this.#history.settled?.final ?? false, served: served() };
      // The next look starts after the messages that this one has examined.
      if (query.from.at !== 'last') query = { ...query, from: { at: 'position', ...page.next } };
      const hasEnded = page.status !== undefined && page.status !== 'RUNNING';
      return { done: !isEmpty || page.more || hasEnded, result: ok(answer) };
    });
  }

  async wholePage(request: WholePageRequest, signal?: AbortSignal): Promise<Result<WholePageAnswer>> {
    const { history, served } = await this.#open(newTrace(readerOrigin(request)), signal);
    const cut = await cutWholePage(history, request, this.#options.clock);
    if (!cut.ok) return cut;
    this.#history.endLook.pageRead();
    this.#poller.arrange();
    return ok({ ...cut.value, served: served() });
  }

  async describe(request: DescriptionRequest, signal?: AbortSignal): Promise<Result<DescriptionAnswer>> {
    await this.#history.load();
    const parts = request.withData ? 'with-data' : 'metadata';
    return this.#history.description(newTrace(readerOrigin(request)), parts, signal);
  }

  async summary(request: SummaryRequest, signal?: AbortSignal): Promise<Result<SummaryAnswer>> {
    const trace = newTrace(readerOrigin(request));
    const look = () => this.#summarizeHistory(request, trace, signal);
    const waited = request.waitMs > 0 ? await this.#wait(request, signal, look) : undefined;
    if (waited && !(waited.ok && waited.value.status === 'RUNNING')) return waited;
    // While the execution runs, the source's own description is returned as the summary, with or without a
    // wait.
    const { served } = await this.#open(trace, signal);
    const described = await this.#history.describe(trace, signal);
    if (!described?.ok) {
      // If the source does not know the execution, do not read the history: that would cost another call with
      // the same result.
      const isUnknown = described?.failure.type === 'upstream-not-found';
      return waited ?? (isUnknown ? described : (await look()).result);
    }
    const { status, upstreamStatus, startedAt, asOf } = described.value;
    if (status !== 'RUNNING') return (await look()).result;
    const running = { status, upstreamStatus, ...(startedAt !== undefined && { startedAt }), asOf };
    return ok({ ...running, final: false, served: served() });
  }

  async #summarizeHistory(
    request: SummaryRequest,
    trace: ReadTrace,
    signal: AbortSignal | undefined,
  ): Promise<Seen<SummaryAnswer>> {
    const { history, served } = await this.#open(trace, signal);
    const { readers, clock } = this.#options;
    const summary = await summarize(history, request.payloads, readers, clock);
    if (!summary.ok) return { done: true, result: summary };
    const { settled, readAt, archivist } = this.#history;
    const head = archivist.archived?.head;
    const answer: SummaryAnswer = {
      ...summary.value,
      final: settled?.final ?? false,
      ...(head && { archivedAt: head.archivedAt }),
      ...(!head && readAt !== undefined && { asOf: readAt }),
      served: served(),
    };
    return { done: summary.value.status !== 'RUNNING', result: ok(answer) };
  }

  /** Opens an event stream. Returns undefined if the client already has everything and nothing can follow. */
  async subscribe(
    request: StreamRequest,
    signal?: AbortSignal,
    onClosed?: () => void,
  ): Promise<Result<ReadableStream<Uint8Array> | undefined>> {
    if (request.from.at === 'position' && request.from.ended) {
      await this.#history.load();
      const settled = await this.#history.settledForNow(readerOrigin(request), signal);
      if (!settled.ok) return settled;
      if (settled.value && hasAll(request.from, settled.value.count)) return ok(undefined);
    }
    return this.#withSlot(request, signal, async () => {
      const knownSinceMs = this.#options.clock.now() - this.#poller.state.pollIntervalMs;
      const open = async () => (await this.#open(newTrace(readerOrigin(request)), signal)).history;
      const beginning = await awaitBeginning({ ...this.#options, signal }, open, this.#start, request.from);
      if (!beginning.ok) return beginning;
      const stream = openHistoryStream({
        ...this.#options,
        request,
        beginning: beginning.value,
        feed: {
          history: (over) => this.#history.known(readerOrigin(request), over),
          held: (position) => this.#history.held(position),
          settled: () => this.#history.settled,
          status: () => this.#history.status ?? 'RUNNING',
          start: this.#start,
        },
        knownSinceMs,
        registry: {
          add: (subscriber, granted) => this.#listeners.add(subscriber, granted),
          remove: (subscriber) => {
            this.#listeners.remove(subscriber);
            onClosed?.();
            this.#poller.arrange();
          },
        },
        signal,
      });
      return ok(stream);
    });
  }

  async importHistory(body: ReadableStream<Uint8Array>): Promise<Result<ImportedHistory>> {
    await this.#history.load();
    return this.#history.archivist.importHistory(body);
  }

  async forget(): Promise<Result<{ archived: boolean }>> {
    await this.#history.load();
    return this.#history.archivist.forget();
  }

  /** Continues unfinished work after a restart. */
  async resume(): Promise<void> {
    await this.#history.load();
    this.#poller.arrange();
  }

  /** Ends all streams after a whole frame, so that clients resume elsewhere. Called at shutdown. */
  closeStreams(): void {
    this.#listeners.closeAll();
  }

  /** See `Poller.run`. */
  run(bounds: RunBounds): Promise<number | undefined> {
    return this.#poller.run(bounds);
  }

  /** Opens the history for one request. */
  async #open(trace: ReadTrace, signal: AbortSignal | undefined): Promise<Reading> {
    await this.#history.load();
    const reading = await this.#history.open(trace, signal);
    this.#poller.arrange();
    return reading;
  }

  async #wait<T>(
    request: Reader & { readonly waitMs: number },
    signal: AbortSignal | undefined,
    look: () => Promise<Seen<T>>,
  ): Promise<Result<T>> {
    const { waitMs } = request;
    if (waitMs === 0) return (await look()).result;
    return this.#withSlot(request, signal, () =>
      waitFor({ clock: this.#options.clock, signal, look }, waitMs, () => this.#listeners.changed()),
    );
  }

  /** Counts the reader as a listener while the work runs. */
  async #withSlot<T>(
    reader: Reader,
    signal: AbortSignal | undefined,
    work: () => Promise<Result<T>>,
  ): Promise<Result<T>> {
    const wasAlone = this.#listeners.count === 0;
    try {
      return await this.#listeners.withSlot(reader, this.#poller.state, signal, () => {
        if (wasAlone) this.#poller.wake();
        this.#poller.arrange();
        return work();
      });
    } finally {
      this.#poller.arrange();
    }
  }
}
