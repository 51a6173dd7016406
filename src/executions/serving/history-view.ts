/**
 * An execution's history as its readers see it: from the archive, or from the source and fresh enough for the
 * reader. Also checks whether a settled execution has been redriven. Combines reading (upstream/) and
 * archiving (settling/). The Execution decides when to poll and which listeners to notify.
 */
import type { Archive, ArchivedHistory } from '../../archive/archive.ts';
import type { Clock } from '../../core/clock.ts';
import { type Result, type SourceFailure, fail, internalText, ok } from '../../core/errors.ts';
import { faultText } from '../../core/exception-text.ts';
import { type ExecutionRef, logNames } from '../../core/execution-ref.ts';
import type { Log } from '../../core/log.ts';
import { type Status, statusAfter } from '../../messages/event-types.ts';
import type { OpenWalk } from '../../messages/derive.ts';
import { type Chunk, type History, endOf } from '../../messages/history.ts';
import type { CallOrigin, DescriptionParts, Source, SourceDescription } from '../../sources/source.ts';
import { describeArchived } from '../archived-description.ts';
import type { ExecutionStorage } from '../execution-storage.ts';
import type { DescriptionAnswer, Served } from '../executions.ts';
import { Archivist, type Settled } from '../settling/archivist.ts';
import { EndLook } from '../settling/end-look.ts';
import { wasRedriven } from '../settling/redrive.ts';
import { Descriptions } from '../upstream/descriptions.ts';
import { ExecutionCalls } from '../upstream/execution-calls.ts';
import type { PageMemory } from '../upstream/page-memory.ts';
import { PageRows } from '../upstream/page-rows.ts';
import { type HeadReading, UpstreamHistory } from '../upstream/upstream-history.ts';
import { type Freshness, type ReadTrace, type Walk, newTrace, newWalk } from '../upstream/read-terms.ts';

/** A last page, or a failure, is not requested again within this time. */
export const LAST_PAGE_FRESH_MS = 1_000;

/** The history for one request. `served` returns what the request has cost so far. */
export interface Reading {
  readonly history: History;
  readonly served: () => Served;
}

export interface HistoryViewOptions {
  readonly ref: ExecutionRef;
  readonly source: Source;
  readonly storage: ExecutionStorage;
  readonly memory: PageMemory;
  readonly archive: Archive;
  readonly openWalk: OpenWalk;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * The poll's interval, or undefined if there are no listeners. While polls run, readers get pages that can
   * be as old as this.
   */
  readonly pollIntervalMs: () => number | undefined;
  /** See `UpstreamHistory`. */
  readonly onHeadRead: (reading: HeadReading) => void;
  /** See `Archivist`. */
  readonly onChange: () => void;
  /** See `Archivist`. */
  readonly onDueChanged: () => void;
}

export class HistoryView {
  readonly #options: HistoryViewOptions;
  readonly #rows: PageRows;
  readonly #descriptions: Descriptions;
  readonly upstream: UpstreamHistory;
  readonly archivist: Archivist;
  readonly endLook: EndLook;
  #loading: Promise<void> | undefined;

  constructor(options: HistoryViewOptions) {
    this.#options = options;
    const { ref, source, storage, log } = options;
    // All operations share one queue, so that only one call about this execution is in flight (invariant 3).
    const calls = new ExecutionCalls(source, ref);
    this.#rows = new PageRows(storage, ref, log);
    this.#descriptions = new Descriptions({ ...options, calls });
    this.upstream = new UpstreamHistory({ ...options, calls, rows: this.#rows });
    const { redrivableMs } = source;
    this.archivist = new Archivist({
      ...options,
      upstream: this.upstream,
      describe: async (trace) => {
        const described = await this.#descriptions.describeAnew(trace);
        return described?.ok && described.value.status !== 'RUNNING' ? described.value.metadata : undefined;
      },
      ...(redrivableMs !== undefined && { redrivableMs }),
    });
    this.endLook = new EndLook({
      ...options,
      upstream: this.upstream,
      descriptions: this.#descriptions,
      isSettled: () => this.settled !== undefined,
    });
  }

  /** Loads the stored state. Never throws. */
  load(): Promise<void> {
    this.#loading ??= (async () => {
      await this.#rows.load();
      await this.archivist.load();
    })().catch((error: unknown) => {
      // The next request tries again. One failed read must not make this object unusable.
      this.#loading = undefined;
      const { log, ref } = this.#options;
      log({ event: 'execution-load-failed', level: 'error', ...logNames(ref), reason: faultText(error) });
    });
    return this.#loading;
  }

  /** The status of the execution. Undefined until the end of the history has been read once. */
  get status(): Status | undefined {
    return this.settled?.status ?? (this.upstream.end && statusAfter(this.upstream.end.eventType));
  }

  get settled(): Settled | undefined {
    return this.archivist.settled;
  }

  /** When the newest page was last read from the source, in ISO 8601. */
  get readAt(): string | undefined {
    const readAtMs = this.upstream.end?.readAtMs;
    return readAtMs === undefined ? undefined : new Date(readAtMs).toISOString();
  }

  /** Opens the history for one request. `signal` is aborted when the caller disconnects. */
  async open(trace: ReadTrace, signal: AbortSignal | undefined): Promise<Reading> {
    const { clock, pollIntervalMs } = this.#options;
    // If the check for a redrive fails, the known history is served, and the next reader checks again.
    await this.#checkRedrive(trace, signal);
    const walk = newWalk(signal);
    const { archived, settled } = this.archivist;
    if (archived) {
      const history = this.#archivedOrUpstream(archived, trace, walk);
      return {
        history,
        served: () => ({ layer: archived.layer, forward: 'hit', upstreamCalls: trace.calls }),
      };
    }
    const freshMs = pollIntervalMs() ?? LAST_PAGE_FRESH_MS;
    // No part of a settled history is requested again, not even its last page.
    const history = this.#upstream({ lastNotBeforeMs: settled ? 0 : clock.now() - freshMs }, trace, walk);
    this.archivist.retryForReader();
    const forward = () => (trace.calls > 0 ? 'miss' : trace.collapsed ? 'collapsed' : 'hit');
    return { history, served: () => ({ layer: 'live', forward: forward(), upstreamCalls: trace.calls }) };
  }

  /** Opens the history as known so far, for subscribers. Only polls ask the source for newer messages. */
  known(origin: CallOrigin, signal: AbortSignal): History {
    const { clock, pollIntervalMs } = this.#options;
    const { archived } = this.archivist;
    const walk = newWalk(signal);
    if (archived) return this.#archivedOrUpstream(archived, newTrace(origin), walk);
    const failureNotBeforeMs = clock.now() - (pollIntervalMs() ?? LAST_PAGE_FRESH_MS);
    return this.#upstream({ lastNotBeforeMs: 0, failureNotBeforeMs }, newTrace(origin), walk);
  }

  /**
   * Returns the chunk of `known` from memory. Undefined if memory lacks it, or if the history is archived.
   */
  held(position: number): Chunk | undefined {
    return this.archivist.archived ? undefined : this.upstream.held(position);
  }

  /**
   * Checks for a redrive, and returns the settled history, or undefined if the history may still grow.
   * Returns a failure if the check failed.
   */
  async settledForNow(
    origin: CallOrigin,
    signal: AbortSignal | undefined,
  ): Promise<Result<Settled | undefined>> {
    const redriven = await this.#checkRedrive(newTrace(origin), signal);
    return redriven.ok ? ok(this.settled) : redriven;
  }

  /**
   * Returns the source's description of an execution that is not settled. Undefined if the execution is
   * settled, or the source cannot describe executions.
   */
  async describe(
    trace: ReadTrace,
    signal: AbortSignal | undefined,
  ): Promise<Result<SourceDescription & { readonly asOf: string }, SourceFailure> | undefined> {
    if (this.settled) return undefined;
    const now = this.#options.clock.now();
    const described = await this.#descriptions.describe(trace, {
      notBeforeMs: now - LAST_PAGE_FRESH_MS,
      signal,
    });
    return described?.ok ? ok({ ...described.value, asOf: new Date(now).toISOString() }) : described;
  }

  /** Returns the archived description, or the source's current one if there is no archive. */
  async description(
    trace: ReadTrace,
    parts: DescriptionParts,
    signal: AbortSignal | undefined,
  ): Promise<Result<DescriptionAnswer>> {
    // If the check for a redrive fails, the known state is served, and the next reader checks again.
    await this.#checkRedrive(trace, signal);
    const { archived } = this.archivist;
    const stored = archived && (await describeArchived(archived));
    if (archived && stored?.ok) {
      const served = { layer: archived.layer, forward: 'hit', upstreamCalls: trace.calls } as const;
      return ok({ by: 'archive', ...stored.value, served });
    }
    const notBeforeMs = this.#options.clock.now() - LAST_PAGE_FRESH_MS;
    const described =
      (await this.#descriptions.describe(trace, { notBeforeMs, parts, signal })) ??
      fail({ type: 'upstream-invalid-request', internal: 'the source cannot describe executions' });
    if (!described.ok) {
      // The source has deleted the execution, but it is archived. So report that the archive cannot be read.
      const isDeleted = described.failure.type === 'upstream-not-found';
      return stored && !stored.ok && isDeleted ? stored : described;
    }
    const { metadata = {}, data = {}, ...facts } = described.value;
    const forward = trace.calls > 0 ? 'miss' : 'hit';
    const served = { layer: 'live', forward, upstreamCalls: trace.calls } as const;
    return ok({ by: 'source', facts, metadata, data, served });
  }

  /** Checks whether a settled execution has been redriven. If so, it no longer counts as settled. */
  async #checkRedrive(trace: ReadTrace, signal: AbortSignal | undefined): Promise<Result<boolean>> {
    const { redrivable } = this.archivist;
    if (!redrivable) return ok(false);
    const { clock } = this.#options;
    const redriven = await wasRedriven(redrivable, {
      descriptions: this.#descriptions,
      clock,
      trace,
      signal,
    });
    if (redriven.ok && redriven.value) this.archivist.markRedriven(redrivable);
    return redriven;
  }

  /**
   * Reads the history from upstream. If it is archived meanwhile, further chunks are read from the archive.
   */
  #upstream(freshness: Freshness, trace: ReadTrace, walk: Walk): History {
    return {
      complete: this.settled !== undefined,
      chunkAt: (position) => {
        const { archived } = this.archivist;
        return archived
          ? this.#archivedOrUpstream(archived, trace, walk).chunkAt(position)
          : this.upstream.chunkAt(position, freshness, trace, walk);
      },
    };
  }

  /**
   * Reads from the archive. If this fails, reads the source instead. The archive is then ignored until the
   * history has been archived again.
   */
  #archivedOrUpstream(archived: ArchivedHistory, trace: ReadTrace, walk: Walk): History {
    const { clock, log, ref } = this.#options;
    return {
      // A redrive can add messages, so a redrivable history is not complete: a position past its end can be
      // valid.
      complete: this.settled?.final ?? true,
      chunkAt: async (position) => {
        const read = await archived.chunkAt(position);
        if (read.ok) return read;
        const reason = internalText(read.failure);
        log({ event: 'archive-unreadable', level: 'error', ...logNames(ref), reason });
        const freshness = { lastNotBeforeMs: clock.now() - LAST_PAGE_FRESH_MS };
        const instead = await this.upstream.chunkAt(position, freshness, trace, walk);
        // The source no longer has all messages. Report that the archive cannot be read: a "not found" or an
        // early end of the history would be wrong.
        if (!instead.ok || (instead.value.last && endOf(instead.value) < archived.head.count)) return read;
        this.archivist.distrust(archived);
        return instead;
      },
    };
  }
}
