/**
 * The source's description of an execution, remembered and shared: for summaries, and to learn whether an execution that
 * ended was redriven (Step Functions can redrive an unsuccessful one for 14 days). The history view decides what follows.
 */
import type { ArchiveHead } from '../../archive/archive-head.ts';
import type { Clock } from '../../core/clock.ts';
import { type Result, type SourceFailure, ok } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { CallOrigin, Source, SourceDescription } from '../../sources/source.ts';
import { type ExecutionCalls, isOthersShare } from '../upstream/execution-calls.ts';
import type { ReadTrace } from '../upstream/read-terms.ts';

/** A redrive shows to readers after this long, at the latest. */
export const REDRIVE_CHECK_MS = 60_000;

/** Of a history that was read to its end, archived or not. */
export type KnownToEnd = Pick<ArchiveHead, 'archivedAt' | 'endedAt'>;

export type Described = Result<SourceDescription, SourceFailure>;

export interface RedriveWatchOptions {
  readonly ref: ExecutionRef;
  readonly source: Source;
  readonly clock: Clock;
  /** Shared with all calls about this execution. */
  readonly calls: ExecutionCalls;
}

interface DescribeCall {
  readonly atMs: number;
  /** Of the request that caused it. */
  readonly origin: CallOrigin;
  readonly answer: Promise<Described>;
}

export class RedriveWatch {
  readonly #options: RedriveWatchOptions;
  #last: DescribeCall | undefined;

  constructor(options: RedriveWatchOptions) {
    this.#options = options;
  }

  /** Undefined if the source has no such call. A failure counts as an answer, and is not retried sooner. */
  async describe(notBeforeMs: number, trace: ReadTrace): Promise<Described | undefined> {
    const { calls } = this.#options;
    const { origin } = trace;
    const ask = this.#ask(trace);
    if (!ask) return undefined;
    for (;;) {
      const known = this.#last;
      const shared = known && known.atMs >= notBeforeMs ? known : undefined;
      const call = shared ?? this.#call(origin, ask);
      if (shared) calls.wait(origin, shared.answer);
      const described = await call.answer;
      const isOwnShare = !described.ok && described.failure.type === 'upstream-share-exceeded';
      if (isOwnShare && this.#last === call) this.#last = undefined;
      if (!isOthersShare(described, call.origin, origin)) return described;
    }
  }

  #call(origin: CallOrigin, ask: () => Promise<Described>): DescribeCall {
    const { clock, calls } = this.#options;
    return (this.#last = { atMs: clock.now(), origin, answer: calls.run(origin, ask) });
  }

  /** For the archive. Not remembered, so that it delays no check for a redrive. */
  async describeAnew(trace: ReadTrace): Promise<Described | undefined> {
    const ask = this.#ask(trace);
    return ask && this.#options.calls.run(trace.origin, ask);
  }

  #ask(trace: ReadTrace): (() => Promise<Described>) | undefined {
    const { source, ref } = this.#options;
    return source.describe?.bind(source, ref, { origin: trace.origin, onAttempt: () => trace.calls++ });
  }

  /** True if the execution was redriven after this end. A failure if that cannot be found out just now. */
  async wasRedriven(known: KnownToEnd, trace: ReadTrace): Promise<Result<boolean, SourceFailure>> {
    const { clock } = this.#options;
    const notBeforeMs = Math.max(clock.now() - REDRIVE_CHECK_MS + 1, Date.parse(known.archivedAt));
    const described = await this.describe(notBeforeMs, trace);
    if (!described) return ok(false);
    // An execution that its source has deleted cannot be redriven.
    if (!described.ok) return described.failure.type === 'upstream-not-found' ? ok(false) : described;
    const { status, endedAt, redriveCount, redrivenAt } = described.value;
    if (status === 'RUNNING') return ok(true);
    // It may have been redriven and ended again since. Its end proves that only if the source does not count redrives: the
    // end in a description and the timestamp of the last message are two readings of a clock.
    const againAt = redriveCount === undefined ? endedAt : redrivenAt;
    return ok(Date.parse(againAt ?? '') > Date.parse(known.endedAt ?? ''));
  }
}
