/**
 * An execution's history as its readers see it: archived, or upstream and fresh enough for the one who asks; the same history
 * either way. Also whether what has ended goes on. When to ask, and who is told, is the Execution's.
 */
import type { ArchivedHistory } from '../archive/archive.ts';
import type { Clock } from '../core/clock.ts';
import { type Result, internalText, ok } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Status, statusAfter } from '../messages/event-types.ts';
import { type History, endOf } from '../messages/history.ts';
import type { Archivist } from './settling/archivist.ts';
import { type ExecutionRef, logNames } from '../core/execution-ref.ts';
import type { Served } from './executions.ts';
import type { RedriveWatch } from './settling/redrive.ts';
import {
  type Freshness,
  type ReadTrace,
  type UpstreamHistory,
  newTrace,
} from './upstream/upstream-history.ts';

/** A last page (and a failure) that is younger is not asked for again. */
export const LAST_PAGE_FRESH_MS = 1_000;

/** The history for one request, and how it was come by so far. */
export interface Reading {
  readonly history: History;
  readonly served: () => Served;
}

export interface ReadingsOptions {
  readonly ref: ExecutionRef;
  readonly upstream: UpstreamHistory;
  readonly archivist: Archivist;
  readonly redrive: RedriveWatch;
  /** The poll's interval while somebody listens: nothing newer is asked for then. Undefined: nobody does. */
  readonly pollIntervalMs: () => number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export class Readings {
  readonly #options: ReadingsOptions;

  constructor(options: ReadingsOptions) {
    this.#options = options;
  }

  /** Once known. */
  get status(): Status | undefined {
    const { archivist, upstream } = this.#options;
    return archivist.settled?.status ?? (upstream.end && statusAfter(upstream.end.eventType));
  }

  /** For one request. */
  async open(trace: ReadTrace): Promise<Reading> {
    const { archivist, clock, pollIntervalMs } = this.#options;
    // What can't be found out just now is read as it was known; the next reader asks again.
    await this.#goesOn(trace);
    const { archived, settled } = archivist;
    if (archived) {
      const history = this.#archivedOrUpstream(archived, trace);
      return { history, served: () => ({ tier: archived.tier, forward: 'hit', upstreamCalls: trace.calls }) };
    }
    const freshMs = pollIntervalMs() ?? LAST_PAGE_FRESH_MS;
    // A settled history is not asked for again, not even its last page.
    const history = this.#upstream({ lastNotBeforeMs: settled ? 0 : clock.now() - freshMs }, trace);
    archivist.asked();
    const forward = () => (trace.calls > 0 ? 'miss' : trace.collapsed ? 'collapsed' : 'hit');
    return { history, served: () => ({ tier: 'live', forward: forward(), upstreamCalls: trace.calls }) };
  }

  /** As it is known, for subscribers: only the poll asks for what is newer. */
  known(): History {
    const { archivist, clock, pollIntervalMs } = this.#options;
    if (archivist.archived) return this.#archivedOrUpstream(archivist.archived, newTrace());
    const failureNotBeforeMs = clock.now() - (pollIntervalMs() ?? LAST_PAGE_FRESH_MS);
    return this.#upstream({ lastNotBeforeMs: 0, failureNotBeforeMs }, newTrace());
  }

  /** All was sent and nothing can follow: only after the source was asked, where it might. */
  async isOver(): Promise<Result<boolean>> {
    const goesOn = await this.#goesOn(newTrace());
    return goesOn.ok ? ok(this.#options.archivist.settled !== undefined) : goesOn;
  }

  /** Whether what is settled goes on; then it is settled no more. */
  async #goesOn(trace: ReadTrace): Promise<Result<boolean>> {
    const { archivist, redrive } = this.#options;
    const { mayGoOn } = archivist;
    const goesOn = mayGoOn ? await redrive.goesOn(mayGoOn, trace) : ok(false);
    if (mayGoOn && goesOn.ok && goesOn.value) archivist.wentOn(mayGoOn);
    return goesOn;
  }

  #upstream(freshness: Freshness, trace: ReadTrace): History {
    const { archivist, upstream } = this.#options;
    return {
      complete: archivist.settled !== undefined,
      chunkAt: (position) => upstream.chunkAt(position, freshness, trace),
    };
  }

  /** An archive that can't be read is as good as none: the source is asked, and the history archived anew. */
  #archivedOrUpstream(archived: ArchivedHistory, trace: ReadTrace): History {
    const { archivist, upstream, clock, log, ref } = this.#options;
    return {
      // Behind the end of one that may go on, a position can be of what came since.
      complete: archivist.settled?.final ?? true,
      chunkAt: async (position) => {
        const read = await archived.chunkAt(position);
        if (read.ok) return read;
        const reason = internalText(read.failure);
        log({ event: 'archive-unreadable', level: 'error', ...logNames(ref), reason });
        const freshness = { lastNotBeforeMs: clock.now() - LAST_PAGE_FRESH_MS };
        const instead = await upstream.chunkAt(position, freshness, trace);
        // What only the archive has can't be had just now. That is no "not found", and a read that lags is no end.
        if (!instead.ok || (instead.value.last && endOf(instead.value) < archived.head.count)) return read;
        archivist.doubt(archived);
        return instead;
      },
    };
  }
}
