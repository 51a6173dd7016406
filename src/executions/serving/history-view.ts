/**
 * An execution's history as its readers see it: archived, or read from the source and fresh enough for this
 * reader. Also whether a settled execution was redriven since. Combines reading (upstream/) and archiving
 * (settling/). The Execution decides when to poll, and which listeners to notify.
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

/** A younger last page (or failure) is not requested again. */
export const LAST_PAGE_FRESH_MS = 1_000;

/** The history for one request, and what it has cost so far. */
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
   * The poll's interval while there are listeners: nothing newer is requested then. Undefined: no listeners.
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
    // One call about this execution at a time, of all operations together (invariant 3).
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

  /** Loads what was stored before. Never throws. */
  load(): Promise<void> {
    this.#loading ??= (async () => {
      await this.#rows.load();
      await this.archivist.load();
    })().catch((error: unknown) => {
      // The next request retries: one failed read must not poison the object.
      this.#loading = undefined;
      const { log, ref } = this.#options;
      log({ event: 'execution-load-failed', level: 'error', ...logNames(ref), reason: faultText(error) });
    });
    return this.#loading;
  }

  /** Undefined until the end was read once. */
  get status(): Status | undefined {
    return this.settled?.status ?? (this.upstream.end && statusAfter(this.upstream.end.eventType));
  }

  get settled(): Settled | undefined {
    return this.archivist.settled;
  }

  /** When the newest page was read from the source, ISO 8601. */
  get readAt(): string | undefined {
    const readAtMs = this.upstream.end?.readAtMs;
    return readAtMs === undefined ? undefined : new Date(readAtMs).toISOString();
  }

  /** For one request. `signal`: its caller has disconnected. */
  async open(trace: ReadTrace, signal: AbortSignal | undefined): Promise<Reading> {
    const { clock, pollIntervalMs } = this.#options;
    // If that fails, the known history is served; the next reader checks again.
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
    // A settled history is not requested again, not even its last page.
    const history = this.#upstream({ lastNotBeforeMs: settled ? 0 : clock.now() - freshMs }, trace, walk);
    this.archivist.retryForReader();
    const forward = () => (trace.calls > 0 ? 'miss' : trace.collapsed ? 'collapsed' : 'hit');
    return { history, served: () => ({ layer: 'live', forward: forward(), upstreamCalls: trace.calls }) };
  }

  /** The history as known, for subscribers. Only polls request newer messages. */
  known(origin: CallOrigin, signal: AbortSignal): History {
    const { clock, pollIntervalMs } = this.#options;
    const { archived } = this.archivist;
    const walk = newWalk(signal);
    if (archived) return this.#archivedOrUpstream(archived, newTrace(origin), walk);
    const failureNotBeforeMs = clock.now() - (pollIntervalMs() ?? LAST_PAGE_FRESH_MS);
    return this.#upstream({ lastNotBeforeMs: 0, failureNotBeforeMs }, newTrace(origin), walk);
  }

  /** A chunk of `known` that is in memory: neither the store nor the source is asked. */
  held(position: number): Chunk | undefined {
    return this.archivist.archived ? undefined : this.upstream.held(position);
  }

  /**
   * The settled history, after a check for a redrive; undefined: it may still grow. A failure: the check
   * failed.
   */
  async settledForNow(
    origin: CallOrigin,
    signal: AbortSignal | undefined,
  ): Promise<Result<Settled | undefined>> {
    const redriven = await this.#checkRedrive(newTrace(origin), signal);
    return redriven.ok ? ok(this.settled) : redriven;
  }

  /** The source's description of an execution that is not settled. Undefined if it has no such call. */
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

  /** The archived description, or else the source's current one. */
  async description(
    trace: ReadTrace,
    parts: DescriptionParts,
    signal: AbortSignal | undefined,
  ): Promise<Result<DescriptionAnswer>> {
    // If that fails, what is known is served; the next reader checks again.
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
      fail({ type: 'upstream-invalid-request', internal: 'the source describes no executions' });
    if (!described.ok) {
      // The archive has the execution, but cannot be read just now: it is not "not found".
      const isDeleted = described.failure.type === 'upstream-not-found';
      return stored && !stored.ok && isDeleted ? stored : described;
    }
    const { metadata = {}, data = {}, ...facts } = described.value;
    const forward = trace.calls > 0 ? 'miss' : 'hit';
    const served = { layer: 'live', forward, upstreamCalls: trace.calls } as const;
    return ok({ by: 'source', facts, metadata, data, served });
  }

  /** Whether a settled execution was redriven; then it is no longer settled. */
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
   * The upstream's history, and the archive's from the moment it is written: nothing archived is requested
   * again.
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

  /** An archive that cannot be read is ignored: the source is read instead, and the history archived anew. */
  #archivedOrUpstream(archived: ArchivedHistory, trace: ReadTrace, walk: Walk): History {
    const { clock, log, ref } = this.#options;
    return {
      // After the end of a redrivable history, a position may belong to messages that followed a redrive.
      complete: this.settled?.final ?? true,
      chunkAt: async (position) => {
        const read = await archived.chunkAt(position);
        if (read.ok) return read;
        const reason = internalText(read.failure);
        log({ event: 'archive-unreadable', level: 'error', ...logNames(ref), reason });
        const freshness = { lastNotBeforeMs: clock.now() - LAST_PAGE_FRESH_MS };
        const instead = await this.upstream.chunkAt(position, freshness, trace, walk);
        // Messages that only the archive has are unavailable just now: neither "not found" nor the end of the
        // history.
        if (!instead.ok || (instead.value.last && endOf(instead.value) < archived.head.count)) return read;
        this.archivist.distrust(archived);
        return instead;
      },
    };
  }
}
