/**
 * One execution. It is the only thing that talks to the source about it, and the only writer of its archive, so one
 * upstream call serves any number of readers. It cuts what callers ask for, feeds subscribers, polls while somebody listens
 * or waits, and archives the history when it has settled. Runtime-neutral: the Durable Object and the in-process adapter
 * are thin shells that give it storage, time and a way to be woken.
 *
 * This is the coordination: who listens, what is due, what follows from a new reading. How history is read
 * (upstream-history.ts), cut (cut-page.ts), sent (subscriber.ts), paced (pacer.ts) and settled (settling.ts) stands
 * elsewhere. Over 300 lines, because splitting what shares this state would only hide it.
 */
import * as z from 'zod/mini';

import { type ArchiveHead, archiveHeadSchema } from '../archive/archive-head.ts';
import type { Archive, ArchivedHistory } from '../archive/archive.ts';
import type { Clock } from '../clock.ts';
import { type AccessFailure, type Result, fail, internalText, ok } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Position } from '../messages/cursor.ts';
import { type Status, statusAfter } from '../messages/event-types.ts';
import { fingerprintAtStart } from '../messages/fingerprint.ts';
import { type History, endOf, positionIn } from '../messages/history.ts';
import type { Source } from '../sources/source.ts';
import { cutPage } from './cut-page.ts';
import type { EventFrames, UpstreamState } from './event-frames.ts';
import type { ExecutionStorage } from './execution-storage.ts';
import type {
  ExecutionRef,
  PageAnswer,
  PageRequest,
  Served,
  StreamRequest,
  SummaryAnswer,
  SummaryRequest,
} from './executions.ts';
import { importHistory } from './history-import.ts';
import { Listeners } from './listeners.ts';
import { Pacer } from './pacer.ts';
import type { PageMemory } from './page-memory.ts';
import { PageRows } from './page-rows.ts';
import { type SettledHistory, settleHistory, settlesAtMs } from './settling.ts';
import { Subscriber } from './subscriber.ts';
import { summarize } from './summarize.ts';
import {
  type Freshness,
  type HeadReading,
  type ReadTrace,
  UpstreamHistory,
  newTrace,
} from './upstream-history.ts';

/** A last page (and a failure) that is younger is not asked for again. */
export const LAST_PAGE_FRESH_MS = 1_000;
/** Back ends subscribe right after they start an execution: an unknown one is asked for again before the 404. */
export const UNKNOWN_PATIENCE_MS = 5_000;
/** After a store failure; doubled each time. */
const ARCHIVE_RETRY_MS = 60_000;
const ARCHIVE_RETRY_MAX_MS = 60 * 60_000;
/** After that many only a reader starts another try: an execution that nobody reads costs nothing. */
const ARCHIVE_RETRIES_UNASKED = 6;
/** Pages of a replaced archive are still read where its head is remembered: 5 min in memory, 60 s in KV's cache. */
const REPLACED_PAGES_KEPT_MS = 10 * 60_000;

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
  /** Why the holder of this grant may not read this execution any more; undefined: it may. */
  readonly stillAllowed: (grant: unknown, executionId: string) => Promise<AccessFailure | undefined>;
  readonly listenersMax?: number;
}

const replacedSchema = z.object({ generation: z.string(), dropAtMs: z.number() });

export class Execution {
  readonly #options: ExecutionOptions;
  readonly #rows: PageRows;
  readonly #upstream: UpstreamHistory;
  readonly #listeners: Listeners;
  readonly #pacer = new Pacer();
  readonly #start: Position;
  #loading: Promise<void> | undefined;
  #archived: ArchivedHistory | undefined;
  /** Settled, but the store did not take it. */
  #settled: SettledHistory | undefined;
  #upstreamState: UpstreamState = 'ok';
  #pollAtMs = 0;
  #polling: Promise<void> | undefined;
  #endSeenAtMs: number | undefined;
  #archiveAtMs: number | undefined;
  #archiveFailures = 0;
  /** Before that, a reader does not start another try. */
  #archiveAskedAtMs = 0;
  #replaced: z.infer<typeof replacedSchema> | undefined;
  /** Archiving, importing and forgetting take turns. */
  #writing: Promise<unknown> = Promise.resolve();
  #archiving = false;
  /** Set while `run` is under way: ends its sleep. */
  #running: { interrupt: AbortController } | undefined;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    const { ref, source, storage, memory, clock, random, log, stillAllowed, listenersMax } = options;
    this.#start = { position: 0, fingerprint: fingerprintAtStart(ref.source, ref.executionId) };
    this.#rows = new PageRows(storage, ref.source, ref.executionId, log);
    this.#upstream = new UpstreamHistory({
      source,
      executionId: ref.executionId,
      rows: this.#rows,
      memory,
      memoryKey: `${ref.source}/${ref.executionId}`,
      clock,
      onHeadRead: (reading) => this.#headRead(reading),
    });
    this.#listeners = new Listeners({
      clock,
      random,
      stillAllowed: (grant) => stillAllowed(grant, ref.executionId),
      ...(listenersMax !== undefined && { listenersMax }),
    });
  }

  /** True when nothing would be lost with this object but what it remembers: nobody listens, nothing is due or under way. */
  get idle(): boolean {
    return this.#listeners.count === 0 && !this.#running && this.#dueAtMs() === undefined;
  }

  get streams(): number {
    return this.#listeners.streams;
  }

  async page(request: PageRequest, signal?: AbortSignal): Promise<Result<PageAnswer>> {
    const trace = newTrace();
    let query = request;
    return this.#wait(request.waitMs, signal, async () => {
      const { history, served } = await this.#view(trace);
      const cut = await cutPage(history, query);
      if (!cut.ok) return { done: true, result: cut };
      const status = this.#status();
      const answer = { ...cut.value, ...(status && { status }), settled: history.complete, served: served() };
      const ended = status !== undefined && status !== 'RUNNING';
      if (query.from.at !== 'last') query = { ...query, from: { at: 'position', ...cut.value.next } };
      return { done: cut.value.messages.length > 0 || cut.value.more || ended, result: ok(answer) };
    });
  }

  async summary(request: SummaryRequest, signal?: AbortSignal): Promise<Result<SummaryAnswer>> {
    const trace = newTrace();
    return this.#wait(request.waitMs, signal, async () => {
      const { history, served } = await this.#view(trace);
      const summary = await summarize(history, request.payloads);
      if (!summary.ok) return { done: true, result: summary };
      const head = this.#archived?.head;
      const readAtMs = this.#upstream.end?.readAtMs;
      const answer: SummaryAnswer = {
        ...summary.value,
        settled: history.complete,
        final: head?.final ?? history.complete,
        ...(head && { archivedAt: head.archivedAt }),
        ...(!head && readAtMs !== undefined && { asOf: new Date(readAtMs).toISOString() }),
        served: served(),
      };
      return { done: summary.value.status !== 'RUNNING', result: ok(answer) };
    });
  }

  /** The open event stream, or why there is none. */
  async subscribe(request: StreamRequest, signal?: AbortSignal): Promise<Result<ReadableStream<Uint8Array>>> {
    const refusal = this.#listeners.refusal(request);
    if (refusal) return fail(refusal);
    // Counted from here on, so that a thousand that connect at once are seen.
    const leave = this.#listen();
    try {
      const { result: begin } = await this.#firstLook(UNKNOWN_PATIENCE_MS, signal, async () => ({
        done: true,
        result: await this.#beginOf(request),
      }));
      if (!begin.ok) return begin;
      const { clock, random, frames } = this.#options;
      const subscriber: Subscriber = new Subscriber({
        feed: {
          history: () => this.#known(),
          settled: () => this.#settledStatus(),
          status: () => this.#status() ?? 'RUNNING',
          start: this.#start,
        },
        frames,
        clock,
        random,
        ...begin.value,
        ...(request.eventTypes && { eventTypes: request.eventTypes }),
        payloads: request.payloads,
        onClose: () => {
          this.#listeners.remove(subscriber);
          this.#arrange();
        },
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

  /** Takes an exported history in place of whatever is archived. */
  async importHistory(body: AsyncIterable<Uint8Array>): Promise<Result<ArchiveHead>> {
    await this.#load();
    return this.#inTurn(async () => {
      const { archive, ref, clock } = this.#options;
      const imported = await importHistory(archive.writer(ref), body, clock);
      if (imported.ok) await this.#nowArchived(imported.value);
      return imported;
    });
  }

  /** Deletes the archive and all that is remembered. What the source still has can be read, and archived, again. */
  async forget(): Promise<Result<{ archived: boolean }>> {
    await this.#load();
    return this.#inTurn(async () => {
      const { archive, ref, storage } = this.#options;
      try {
        const archived = this.#archived !== undefined || (await archive.find(ref)) !== undefined;
        await archive.forget(ref);
        await storage.delete(['head', 'replaced']);
        this.#archived = this.#settled = this.#replaced = this.#endSeenAtMs = this.#archiveAtMs = undefined;
        await this.#upstream.clear();
        this.#listeners.notify();
        return ok({ archived });
      } catch (error) {
        return fail({ type: 'store-unavailable', internal: `forget: ${String(error)}` });
      }
    });
  }

  /** Ends all streams, each at a frame's end, to be resumed elsewhere: a shutdown. */
  closeStreams(): void {
    this.#listeners.closeAll();
  }

  /**
   * Does what is due, and goes on while somebody listens: for `forMs`, or until polls have sent `callsMax` requests upstream,
   * since platforms bound an invocation.
   * Returns when it wants to be called again, in clock milliseconds; undefined: not until it asks. Never throws.
   */
  async run({ forMs, callsMax }: { forMs: number; callsMax: number }): Promise<number | undefined> {
    if (this.#running) return undefined;
    this.#running = { interrupt: new AbortController() };
    const { clock } = this.#options;
    await this.#load();
    const untilMs = clock.now() + forMs;
    const trace = newTrace();
    for (;;) {
      const now = clock.now();
      const due = this.#dueAtMs();
      if (
        due === undefined ||
        now >= untilMs ||
        trace.calls >= callsMax ||
        (due > now && this.#listeners.count === 0)
      ) {
        // What is under way belongs to this invocation.
        await this.#polling;
        await this.#writing;
        this.#running = undefined;
        return this.#dueAtMs();
      }
      if (due > now) {
        const interrupt = new AbortController();
        this.#running.interrupt = interrupt;
        await clock.sleep(Math.min(due, untilMs) - now, interrupt.signal);
        continue;
      }
      if (this.#pollDueAtMs() <= now) this.#poll(trace);
      this.#listeners.tick({ pollIntervalMs: this.#pacer.intervalMs, upstream: this.#upstreamState });
      if ((this.#archiveAtMs ?? Infinity) <= now) this.#archiveNow();
      if ((this.#replaced?.dropAtMs ?? Infinity) <= now) this.#dropReplaced();
    }
  }

  // --- reading ---------------------------------------------------------------------------------------------------------

  /** The history as one request reads it: archived, or upstream and fresh. */
  async #view(trace: ReadTrace): Promise<{ history: History; served: () => Served }> {
    await this.#load();
    const archived = this.#archived;
    if (archived) {
      const history = this.#archivedOrUpstream(archived, trace);
      return { history, served: () => ({ tier: archived.tier, forward: 'hit', upstreamCalls: trace.calls }) };
    }
    const { clock } = this.#options;
    const freshMs = this.#listeners.count > 0 ? this.#pacer.intervalMs : LAST_PAGE_FRESH_MS;
    // A settled history is not asked for again, not even its last page.
    const history = this.#reading({ lastNotBeforeMs: this.#settled ? 0 : clock.now() - freshMs }, trace);
    if (this.#settled) this.#retryArchiving();
    const forward = () => (trace.calls > 0 ? 'miss' : trace.collapsed ? 'collapsed' : 'hit');
    return { history, served: () => ({ tier: 'live', forward: forward(), upstreamCalls: trace.calls }) };
  }

  /** The history as it is known, for subscribers: only the poll asks for what is newer. */
  #known(): History {
    if (this.#archived) return this.#archivedOrUpstream(this.#archived, newTrace());
    const failureNotBeforeMs = this.#options.clock.now() - this.#pacer.intervalMs;
    return this.#reading({ lastNotBeforeMs: 0, failureNotBeforeMs }, newTrace());
  }

  #reading(freshness: Freshness, trace: ReadTrace): History {
    return {
      complete: this.#settled !== undefined,
      chunkAt: (position) => this.#upstream.chunkAt(position, freshness, trace),
    };
  }

  #status(): Status | undefined {
    if (this.#archived) return this.#archived.head.status;
    const end = this.#upstream.end;
    return end && statusAfter(end.eventType);
  }

  #settledStatus(): { status: Status; final: boolean } | undefined {
    if (this.#archived) return this.#archived.head;
    return this.#settled && { status: this.#settled.status, final: true };
  }

  /** An archive that can't be read is as good as none: the source is asked, and the history archived anew. */
  #archivedOrUpstream(archived: ArchivedHistory, trace: ReadTrace): History {
    return {
      complete: true,
      chunkAt: async (position) => {
        const read = await archived.chunkAt(position);
        if (read.ok) return read;
        const { log, clock } = this.#options;
        log({
          event: 'archive-unreadable',
          level: 'error',
          ...this.#named(),
          reason: internalText(read.failure),
        });
        const freshness = { lastNotBeforeMs: clock.now() - LAST_PAGE_FRESH_MS };
        const instead = await this.#upstream.chunkAt(position, freshness, trace);
        // What only the archive has can't be had just now. That is no "not found".
        if (!instead.ok) return read;
        if (this.#archived === archived) this.#archived = undefined;
        return instead;
      },
    };
  }

  // --- waiting ---------------------------------------------------------------------------------------------------------

  /**
   * Answers with the first result that is done, or with the last one when the time is up. A failure ends the wait only
   * before anything was read: what passes upstream while somebody waits is not their business.
   */
  async #wait<T>(
    waitMs: number,
    signal: AbortSignal | undefined,
    look: () => Promise<{ done: boolean; result: Result<T> }>,
  ): Promise<Result<T>> {
    if (waitMs === 0) return (await look()).result;
    const refusal = this.#listeners.refusal();
    if (refusal) return fail(refusal);
    const leave = this.#listen();
    try {
      const untilMs = this.#options.clock.now() + waitMs;
      let changed = this.#listeners.changed();
      let { done, result } = await this.#firstLook(Math.min(waitMs, UNKNOWN_PATIENCE_MS), signal, look);
      while (!done && (await this.#until(changed, untilMs, signal))) {
        changed = this.#listeners.changed();
        const next = await look();
        if (!next.result.ok) continue;
        ({ done, result } = next);
      }
      return result;
    } finally {
      leave();
    }
  }

  /** Looks again for a while when the execution is unknown. */
  async #firstLook<T>(
    patienceMs: number,
    signal: AbortSignal | undefined,
    look: () => Promise<{ done: boolean; result: Result<T> }>,
  ): Promise<{ done: boolean; result: Result<T> }> {
    const { clock } = this.#options;
    const untilMs = clock.now() + patienceMs;
    for (;;) {
      const seen = await look();
      if (seen.result.ok || seen.result.failure.type !== 'upstream-not-found') return seen;
      if (clock.now() + LAST_PAGE_FRESH_MS > untilMs || signal?.aborted) return seen;
      await clock.sleep(LAST_PAGE_FRESH_MS, signal);
    }
  }

  /** Waits for a change. False: the time is up, or nobody waits any more. */
  async #until(changed: Promise<void>, untilMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    const { clock } = this.#options;
    const left = untilMs - clock.now();
    if (left <= 0 || signal?.aborted) return false;
    const over = new AbortController();
    const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    const timeUp = clock.sleep(left, either).then(() => false);
    const result = await Promise.race([changed.then(() => true), timeUp]);
    over.abort();
    return result;
  }

  /** Counts a listener until the returned function is called. */
  #listen(): () => void {
    if (this.#listeners.count === 0) this.#pacer.wake();
    const leave = this.#listeners.wait();
    this.#arrange();
    return leave;
  }

  /** Where a new stream begins. */
  async #beginOf({ from }: StreamRequest): Promise<Result<{ from: Position; reset: boolean }>> {
    const trace = newTrace();
    const { history } = await this.#view(trace);
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
    const { clock, random } = this.#options;
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
      if (!end || statusAfter(end.eventType) === 'RUNNING') this.#endSeenAtMs = this.#archiveAtMs = undefined;
      else {
        this.#endSeenAtMs ??= clock.now();
        if (!this.#archiving && !this.#settled) {
          this.#archiveAtMs ??= settlesAtMs(end, this.#endSeenAtMs);
        }
      }
      if (grew || recovered) this.#listeners.notify();
    }
    this.#pollAtMs = atMs + this.#pacer.jittered(random());
    this.#arrange();
  }

  #poll(trace: ReadTrace): void {
    // A reader may just have asked; its answer is as good.
    const lastNotBeforeMs = this.#options.clock.now() - this.#pacer.intervalMs / 2;
    this.#polling = this.#upstream
      .chunkAt(Number.MAX_SAFE_INTEGER, { lastNotBeforeMs, poll: true }, trace)
      .then((read) => {
        if (!read.ok)
          this.#options.log({
            event: 'poll-failed',
            level: 'warn',
            ...this.#named(),
            failure: read.failure.type,
            reason: internalText(read.failure),
          });
      })
      .finally(() => {
        this.#polling = undefined;
        this.#arrange();
      });
  }

  #pollDueAtMs(): number {
    const needed = this.#listeners.count > 0 && !this.#archived && !this.#settled && !this.#polling;
    return needed ? this.#pollAtMs : Infinity;
  }

  /** When something is due, in clock milliseconds. */
  #dueAtMs(): number | undefined {
    const due = Math.min(
      this.#pollDueAtMs(),
      this.#listeners.dueAtMs(),
      this.#archiveAtMs ?? Infinity,
      this.#replaced?.dropAtMs ?? Infinity,
    );
    return due === Infinity ? undefined : due;
  }

  /** Something changed: `run` looks again, or is asked for. */
  #arrange(): void {
    if (this.#running) {
      this.#running.interrupt.abort();
      return;
    }
    const due = this.#dueAtMs();
    if (due !== undefined) this.#options.wake(due);
  }

  // --- archiving -------------------------------------------------------------------------------------------------------

  #archiveNow(): void {
    const { clock, archive, ref, log } = this.#options;
    const notBeforeMs = settlesAtMs(this.#upstream.end, this.#endSeenAtMs ?? clock.now());
    this.#archiveAtMs = undefined;
    if (notBeforeMs === undefined || this.#archiving) return;
    this.#archiving = true;
    const work = async () => {
      const writer = archive.writer(ref);
      const settled = await settleHistory({
        upstream: this.#upstream,
        writer,
        clock,
        notBeforeMs,
        final: true,
      });
      if (typeof settled === 'string') {
        log({ event: 'archive-postponed', level: 'warn', ...this.#named(), reason: settled });
        this.#archiveLater();
        return;
      }
      if (settled.head) {
        await this.#nowArchived(settled.head);
        log({
          event: 'archived',
          ...this.#named(),
          messages: settled.count,
          upstreamCalls: settled.upstreamCalls,
        });
        return;
      }
      log({ event: 'archive-write-failed', level: 'error', ...this.#named(), reason: settled.storeFailure });
      this.#settled = settled;
      this.#archiveLater();
      this.#listeners.notify();
    };
    this.#inBackground(work, () => {
      this.#archiving = false;
      this.#arrange();
    });
  }

  #archiveLater(): void {
    const delayMs = Math.min(ARCHIVE_RETRY_MAX_MS, ARCHIVE_RETRY_MS * 2 ** this.#archiveFailures);
    this.#archiveFailures++;
    const now = this.#options.clock.now();
    if (this.#archiveFailures <= ARCHIVE_RETRIES_UNASKED) this.#archiveAtMs = now + delayMs;
    this.#archiveAskedAtMs = now + delayMs;
  }

  /** A reader came while the archive is still missing: try again, but not all the time. */
  #retryArchiving(): void {
    if (this.#archiving || this.#archiveAtMs !== undefined) return;
    if (this.#options.clock.now() < this.#archiveAskedAtMs) return;
    this.#archiveAtMs = this.#options.clock.now();
    this.#arrange();
  }

  async #nowArchived(head: ArchiveHead): Promise<void> {
    const { archive, ref, storage, clock } = this.#options;
    const old = this.#archived?.head.generation;
    // Our own copy of the head, so that nothing is walked again merely because KV still says no.
    await storage.put('head', head);
    if (old !== undefined && old !== head.generation) {
      this.#replaced = { generation: old, dropAtMs: clock.now() + REPLACED_PAGES_KEPT_MS };
      await storage.put('replaced', this.#replaced);
    }
    archive.remember(ref, head);
    this.#archived = archive.open(ref, head);
    this.#settled = this.#archiveAtMs = this.#endSeenAtMs = undefined;
    this.#archiveFailures = 0;
    await this.#upstream.clear();
    this.#listeners.notify();
  }

  #dropReplaced(): void {
    const { archive, ref, storage } = this.#options;
    const replaced = this.#replaced;
    this.#replaced = undefined;
    if (!replaced) return;
    this.#inBackground(async () => {
      await archive.dropPages(ref, replaced.generation);
      await storage.delete(['replaced']);
    });
  }

  // --- housekeeping ----------------------------------------------------------------------------------------------------

  /** What is remembered from before. */
  #load(): Promise<void> {
    this.#loading ??= (async () => {
      const { storage, archive, ref } = this.#options;
      await this.#rows.load();
      const head = z.safeParse(archiveHeadSchema, await storage.get('head')).data;
      if (head) this.#archived = archive.open(ref, head);
      this.#replaced = z.safeParse(replacedSchema, await storage.get('replaced')).data;
    })().catch((error: unknown) => {
      // Tried again by the next request: one failed read must not poison the object.
      this.#loading = undefined;
      this.#options.log({
        event: 'execution-load-failed',
        level: 'error',
        ...this.#named(),
        reason: String(error),
      });
    });
    return this.#loading;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#writing.then(work);
    // Whoever asked for it gets its failure; the next in turn is not their business.
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  /** In turn, with nobody to tell but the log. */
  #inBackground(work: () => Promise<void>, after?: () => void): void {
    const { log } = this.#options;
    const failed = (error: unknown) =>
      log({ event: 'background-work-failed', level: 'error', ...this.#named(), reason: String(error) });
    void this.#inTurn(work).catch(failed).finally(after);
  }

  #named(): { source: string; execution: string } {
    const { source, executionId } = this.#options.ref;
    return { source, execution: executionId };
  }
}
