/**
 * One execution. It is the only thing that talks to the source about it, and the only writer of its archive, so one
 * upstream call serves any number of readers. Runtime-neutral: the Durable Object and the in-process adapter are thin
 * shells that give it storage, time and a way to be woken.
 *
 * This is the coordination: who listens, what is due, what follows from a new reading. How history is read
 * (upstream-history.ts, readings.ts), cut (cut-page.ts), sent (subscriber.ts), paced (pacer.ts), waited for (waiting.ts) and archived
 * (archivist.ts) stands elsewhere. Over 300 lines, because splitting what shares this state would only hide it.
 */
import type { ArchiveHead } from '../archive/archive-head.ts';
import type { Archive } from '../archive/archive.ts';
import type { Clock } from '../core/clock.ts';
import { type Result, fail, internalText, ok } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Position } from '../messages/cursor.ts';
import type { EndingReader } from '../messages/ending.ts';
import { endOf, positionIn, startOf } from '../messages/history.ts';
import type { Source } from '../sources/source.ts';
import { Archivist } from './settling/archivist.ts';
import { type PageQuery, cutPage } from './cut-page.ts';
import type { EventFrames, UpstreamState } from './following/event-frames.ts';
import type { ExecutionStorage } from './execution-storage.ts';
import { logNames, type ExecutionRef } from '../core/execution-ref.ts';
import type {
  ExecutionActivity,
  PageAnswer,
  PageRequest,
  StreamRequest,
  SummaryAnswer,
  SummaryRequest,
} from './executions.ts';
import { Listeners, type PollState } from './following/listeners.ts';
import { Pacer } from './following/pacer.ts';
import type { PageMemory } from './upstream/page-memory.ts';
import { PageRows } from './upstream/page-rows.ts';
import { LAST_PAGE_FRESH_MS, type Reading, Readings } from './history-view.ts';
import { RedriveWatch } from './settling/redrive.ts';
import { RunLoop } from './following/run-loop.ts';
import type { StillAllowed } from './following/stream-key.ts';
import { Subscriber } from './following/subscriber.ts';
import { summarize } from './summarize.ts';
import { Turns } from '../core/serial-queue.ts';
import { type HeadReading, type ReadTrace, UpstreamHistory, newTrace } from './upstream/upstream-history.ts';
import { type Seen, UNKNOWN_PATIENCE_MS, lookPatiently, waitFor } from './following/waiting.ts';

/** How long a client that is gone may take to be noticed, once it was written to. */
const PROBE_MS = 250;

export interface ExecutionOptions {
  readonly ref: ExecutionRef;
  readonly source: Source;
  readonly storage: ExecutionStorage;
  readonly memory: PageMemory;
  readonly archive: Archive;
  readonly frames: EventFrames;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Asks the shell to call `run` at that time, in clock milliseconds, or earlier. */
  readonly wake: (atMs: number) => void;
  readonly stillAllowed: StillAllowed;
  readonly readEnding: EndingReader;
  readonly listenersMax?: number;
}

export class Execution {
  readonly #options: ExecutionOptions;
  readonly #rows: PageRows;
  readonly #upstream: UpstreamHistory;
  readonly #archivist: Archivist;
  readonly #listeners: Listeners;
  readonly #redrive: RedriveWatch;
  readonly #readings: Readings;
  readonly #loop: RunLoop;
  readonly #pacer = new Pacer();
  readonly #start: Position;
  #loading: Promise<void> | undefined;
  #upstreamState: UpstreamState = 'ok';
  #pollAtMs = 0;
  #polling: Promise<void> | undefined;
  /** What the polls of this `run` have cost. */
  #pollTrace = newTrace();

  constructor(options: ExecutionOptions) {
    this.#options = options;
    const { ref, source, storage, memory, archive, clock, random, log, stillAllowed, listenersMax } = options;
    this.#start = startOf(ref);
    const turns = new Turns();
    this.#redrive = new RedriveWatch(source, ref, clock, turns);
    this.#rows = new PageRows(storage, ref, log);
    this.#upstream = new UpstreamHistory({
      turns,
      source,
      ref,
      rows: this.#rows,
      memory,
      clock,
      onHeadRead: (reading) => this.#headRead(reading),
    });
    this.#listeners = new Listeners({
      clock,
      random,
      stillAllowed: async (grant) => {
        try {
          return await stillAllowed(grant, ref.executionId);
        } catch (error) {
          // Not known: it is asked again. An exception here would end a whole Deno process.
          log({
            event: 'key-check-failed',
            level: 'error',
            ...logNames(this.#options.ref),
            reason: String(error),
          });
          return fail({ type: 'store-unavailable', internal: String(error) });
        }
      },
      onDueChanged: () => this.#arrange(),
      ...(listenersMax !== undefined && { listenersMax }),
    });
    const onChange = () => {
      this.#listeners.notify();
      this.#arrange();
    };
    this.#archivist = new Archivist({
      ref,
      archive,
      storage,
      upstream: this.#upstream,
      ...(source.redrivableMs !== undefined && { redrivableMs: source.redrivableMs }),
      clock,
      log,
      onChange,
    });
    this.#readings = new Readings({
      ref,
      upstream: this.#upstream,
      archivist: this.#archivist,
      redrive: this.#redrive,
      pollIntervalMs: () => (this.#listeners.count > 0 ? this.#pacer.intervalMs : undefined),
      clock,
      log,
    });
    this.#loop = new RunLoop({
      clock,
      load: () => this.#load(),
      isNeeded: () => this.#listeners.count > 0,
      dueAtMs: () => this.#dueAtMs(),
      work: () => this.#work(),
      streamsDueAtMs: () => this.#listeners.dueAtMs(),
      serveStreams: () => this.#listeners.tick(this.#pollState),
      rest: () => Promise.all([this.#polling, this.#archivist.rest]),
      onBug: (error) =>
        log({ event: 'run-failed', level: 'error', ...logNames(this.#options.ref), reason: String(error) }),
    });
  }

  /** True when nothing would be lost with this object but what it remembers: nobody listens, nothing is due or under way. */
  get idle(): boolean {
    return this.#listeners.count === 0 && !this.#loop.isRunning && this.#dueAtMs() === Infinity;
  }

  get streams(): number {
    return this.#listeners.streams;
  }

  /** Who listens, and how its source is doing: for an operator. Asks nobody. */
  activity(): ExecutionActivity {
    const { count, streams } = this.#listeners;
    const readAtMs = this.#upstream.end?.readAtMs;
    return {
      streams,
      waiting: count - streams,
      upstream: this.#upstreamState,
      ...(this.#pollDueAtMs() !== Infinity && { pollIntervalMs: this.#pacer.intervalMs }),
      ...(readAtMs !== undefined && { readAt: new Date(readAtMs).toISOString() }),
    };
  }

  page(request: PageRequest, signal?: AbortSignal): Promise<Result<PageAnswer>> {
    const trace = newTrace();
    let query: PageQuery = request;
    return this.#wait(request.waitMs, signal, async () => {
      const { history, served } = await this.#open(trace);
      const cut = await cutPage(history, query);
      if (!cut.ok) return { done: true, result: cut };
      const status = this.#readings.status;
      const answer = {
        ...cut.value,
        ...(status && { status }),
        settled: this.#archivist.settled?.final ?? false,
        served: served(),
      };
      // The next look goes on behind what this one considered.
      if (query.from.at !== 'last') query = { ...query, from: { at: 'position', ...cut.value.next } };
      const ended = status !== undefined && status !== 'RUNNING';
      return { done: cut.value.messages.length > 0 || cut.value.more || ended, result: ok(answer) };
    });
  }

  summary(request: SummaryRequest, signal?: AbortSignal): Promise<Result<SummaryAnswer>> {
    const trace = newTrace();
    return this.#wait(request.waitMs, signal, async () => {
      const { history, served } = await this.#open(trace);
      const running = request.waitMs === 0 ? await this.#describedAsRunning(trace) : undefined;
      if (running) return { done: true, result: ok({ ...running, served: served() }) };
      const summary = await summarize(history, request.payloads, this.#options.readEnding);
      if (!summary.ok) return { done: true, result: summary };
      const head = this.#archivist.archived?.head;
      const readAtMs = this.#upstream.end?.readAtMs;
      const answer: SummaryAnswer = {
        ...summary.value,
        settled: this.#archivist.settled?.final ?? false,
        final: this.#archivist.settled?.final ?? false,
        ...(head && { archivedAt: head.archivedAt }),
        ...(!head && readAtMs !== undefined && { asOf: new Date(readAtMs).toISOString() }),
        served: served(),
      };
      return { done: summary.value.status !== 'RUNNING', result: ok(answer) };
    });
  }

  /** What the source says of an execution that runs, without reading its history; undefined: the history has to tell. */
  async #describedAsRunning(trace: ReadTrace): Promise<Omit<SummaryAnswer, 'served'> | undefined> {
    if (this.#archivist.settled) return undefined;
    const now = this.#options.clock.now();
    const described = await this.#redrive.describe(now - LAST_PAGE_FRESH_MS, trace);
    if (!described?.ok || described.value.status !== 'RUNNING') return undefined;
    const { status, upstreamStatus, startedAt } = described.value;
    const asOf = new Date(now).toISOString();
    return {
      status,
      upstreamStatus,
      ...(startedAt !== undefined && { startedAt }),
      settled: false,
      final: false,
      asOf,
    };
  }

  /** The open event stream, or why there is none; undefined when all was sent and nothing can follow. */
  async subscribe(
    request: StreamRequest,
    signal?: AbortSignal,
  ): Promise<Result<ReadableStream<Uint8Array> | undefined>> {
    if (request.from.at === 'position' && request.from.ended) {
      await this.#load();
      const over = await this.#readings.isOver();
      if (!over.ok) return over;
      if (over.value) return ok(undefined);
    }
    if (this.#listeners.refusal(request)) await this.#probe(signal);
    const refusal = this.#listeners.refusal(request);
    if (refusal) return fail(refusal);
    // Counted from here on, so that a thousand that connect at once are seen.
    const leave = this.#listen(request);
    const { clock, random, frames, log } = this.#options;
    const knownSinceMs = clock.now() - this.#pacer.intervalMs;
    let { from } = request;
    try {
      const look = async () => {
        const result = await this.#beginOf(from);
        // It did not exist when its reader came: all of it is new.
        if (!result.ok && result.failure.type === 'upstream-not-found' && from.at === 'now')
          from = { at: 'start' };
        return { done: true, result };
      };
      const { result: begin } = await lookPatiently({ clock, signal, look }, UNKNOWN_PATIENCE_MS);
      if (!begin.ok) return begin;
      const subscriber: Subscriber = new Subscriber({
        feed: {
          history: () => this.#readings.known(),
          settled: () => this.#archivist.settled,
          status: () => this.#readings.status ?? 'RUNNING',
          start: this.#start,
        },
        frames,
        clock,
        random,
        knownSinceMs,
        ...begin.value,
        ...(request.eventTypes && { eventTypes: request.eventTypes }),
        payloads: request.payloads,
        onClose: () => {
          this.#listeners.remove(subscriber);
          this.#arrange();
        },
        onBug: (error) =>
          log({
            event: 'stream-failed',
            level: 'error',
            ...logNames(this.#options.ref),
            reason: String(error),
          }),
      });
      this.#listeners.add(subscriber, request);
      signal?.addEventListener('abort', () => subscriber.drop(), { once: true });
      if (signal?.aborted) subscriber.drop();
      return ok(subscriber.stream);
    } finally {
      leave();
      this.#arrange();
    }
  }

  async importHistory(body: AsyncIterable<Uint8Array>): Promise<Result<ArchiveHead>> {
    await this.#load();
    return this.#archivist.importHistory(body);
  }

  async forget(): Promise<Result<{ archived: boolean }>> {
    await this.#load();
    return this.#archivist.forget();
  }

  /** Ends all streams, each at a frame's end, to be resumed elsewhere: a shutdown. */
  closeStreams(): void {
    this.#listeners.closeAll();
  }

  /**
   * Does what is due, and goes on while somebody listens: for `forMs`, or until polls have sent `callsMax` requests upstream,
   * since platforms bound an invocation. Returns when it wants to be called again, in clock milliseconds; undefined: not
   * until it asks. Never throws.
   */
  run({ forMs, callsMax }: { forMs: number; callsMax: number }): Promise<number | undefined> {
    if (this.#loop.isRunning) return Promise.resolve(undefined);
    const trace = newTrace();
    this.#pollTrace = trace;
    return this.#loop.run({ forMs, isSpent: () => trace.calls >= callsMax });
  }

  get #pollState(): PollState {
    return { pollIntervalMs: this.#pacer.intervalMs, upstream: this.#upstreamState };
  }

  /** The history for one request. */
  async #open(trace: ReadTrace): Promise<Reading> {
    await this.#load();
    const reading = await this.#readings.open(trace);
    this.#arrange();
    return reading;
  }

  // --- waiting ---------------------------------------------------------------------------------------------------------

  async #wait<T>(
    waitMs: number,
    signal: AbortSignal | undefined,
    look: () => Promise<Seen<T>>,
  ): Promise<Result<T>> {
    if (waitMs === 0) return (await look()).result;
    if (this.#listeners.refusal()) await this.#probe(signal);
    const refusal = this.#listeners.refusal();
    if (refusal) return fail(refusal);
    const leave = this.#listen();
    try {
      return await waitFor({ clock: this.#options.clock, signal, look }, waitMs, () =>
        this.#listeners.changed(),
      );
    } finally {
      leave();
      this.#arrange();
    }
  }

  /** Before somebody is refused: makes sure that those who hold the places are still there. */
  async #probe(signal: AbortSignal | undefined): Promise<void> {
    this.#listeners.probe(this.#pollState);
    await this.#options.clock.sleep(PROBE_MS, signal);
  }

  /** Counts a listener until the returned function is called. */
  #listen(stream?: StreamRequest): () => void {
    if (this.#listeners.count === 0) this.#pacer.wake();
    const leave = this.#listeners.wait(stream);
    this.#arrange();
    return leave;
  }

  /** Where a new stream begins. */
  async #beginOf(from: StreamRequest['from']): Promise<Result<{ from: Position; reset: boolean }>> {
    const { history } = await this.#open(newTrace());
    const at = from.at === 'position' ? from : undefined;
    const read = await history.chunkAt(at?.position ?? (from.at === 'now' ? Number.MAX_SAFE_INTEGER : 0));
    if (!read.ok) return read;
    if (from.at === 'now') {
      return ok({ from: positionIn(read.value, endOf(read.value)) ?? this.#start, reset: false });
    }
    if (!at) return ok({ from: this.#start, reset: from.at === 'reset' });
    const { position, fingerprint } = at;
    const beyond = position > endOf(read.value) && !history.complete;
    const same = positionIn(read.value, position)?.fingerprint === fingerprint;
    if (beyond || same) return ok({ from: { position, fingerprint }, reset: false });
    return ok({ from: this.#start, reset: true });
  }

  // --- following -------------------------------------------------------------------------------------------------------

  #headRead({ atMs, previous, end, failure }: HeadReading): void {
    if (failure) {
      this.#upstreamState = failure.type === 'upstream-throttled' ? 'throttled' : 'unavailable';
      if (failure.type === 'upstream-throttled') this.#pacer.throttled();
      // An execution that does not exist yet is no trouble upstream: it may begin any moment.
      else if (failure.type !== 'upstream-not-found' || this.#upstream.end) this.#pacer.failed();
    } else {
      const grew = previous?.position !== end?.position || previous?.fingerprint !== end?.fingerprint;
      // A stream that could not read its history during an outage goes on now, also when nothing is new.
      const recovered = this.#upstreamState !== 'ok';
      this.#upstreamState = 'ok';
      if (grew) this.#pacer.messagesArrived();
      else this.#pacer.nothingNew();
      this.#archivist.endSeen(end);
      if (grew || recovered) this.#listeners.notify();
      else this.#listeners.headRead();
    }
    if (this.#listeners.count > 0) {
      const { source, ref } = this.#options;
      this.#pacer.atLeast(source.pace?.(ref, this.#pacer.ownIntervalMs) ?? 0);
    }
    this.#pollAtMs = atMs + this.#pacer.jittered(this.#options.random());
    this.#arrange();
  }

  /** Does what is due. */
  #work(): void {
    if (this.#pollDueAtMs() <= this.#options.clock.now()) this.#poll(this.#pollTrace);
    this.#listeners.tick(this.#pollState);
    this.#archivist.tick();
  }

  #poll(trace: ReadTrace): void {
    const { clock, log } = this.#options;
    // Whatever becomes of this one, the next is an interval away: nothing may make it spin.
    this.#pollAtMs = clock.now() + this.#pacer.jittered(this.#options.random());
    // A reader may just have asked; its answer is as good.
    const lastNotBeforeMs = clock.now() - this.#pacer.intervalMs / 2;
    this.#polling = this.#upstream
      .chunkAt(Number.MAX_SAFE_INTEGER, { lastNotBeforeMs, poll: true }, trace)
      .then((read) => {
        if (read.ok) return;
        const { type } = read.failure;
        log({
          event: 'poll-failed',
          // One that does not exist (yet) is a caller's mistake, or impatience, and no outage.
          level: type === 'upstream-not-found' ? 'info' : 'warn',
          ...logNames(this.#options.ref),
          failure: type,
          reason: internalText(read.failure),
        });
      })
      .finally(() => {
        this.#polling = undefined;
        this.#arrange();
      });
  }

  #pollDueAtMs(): number {
    const needed = this.#listeners.count > 0 && !this.#archivist.settled && !this.#polling;
    return needed ? this.#pollAtMs : Infinity;
  }

  /** When something is due, in clock milliseconds. */
  #dueAtMs(): number {
    return Math.min(this.#pollDueAtMs(), this.#listeners.dueAtMs(), this.#archivist.dueAtMs);
  }

  /** Something changed: `run` looks again, or is asked for. */
  #arrange(): void {
    if (this.#loop.isRunning) {
      this.#loop.interrupt();
      return;
    }
    const due = this.#dueAtMs();
    if (due !== Infinity) this.#options.wake(due);
  }

  /** What is remembered from before. */
  #load(): Promise<void> {
    this.#loading ??= (async () => {
      await this.#rows.load();
      await this.#archivist.load();
    })().catch((error: unknown) => {
      // Tried again by the next request: one failed read must not poison the object.
      this.#loading = undefined;
      this.#options.log({
        event: 'execution-load-failed',
        level: 'error',
        ...logNames(this.#options.ref),
        reason: String(error),
      });
    });
    return this.#loading;
  }
}
