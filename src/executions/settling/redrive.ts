/**
 * What the source says of an execution without its history, remembered and shared: for summaries, and to learn whether an
 * execution that ended, and can be started again (Step Functions can redrive an unsuccessful one for 14 days), has gone on.
 * What follows from it is the Execution's.
 */
import type { ArchiveHead } from '../../archive/archive-head.ts';
import type { Clock } from '../../core/clock.ts';
import { type Result, type SourceFailure, ok } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { Source, SourceDescription } from '../../sources/source.ts';
import type { Turns } from '../../core/serial-queue.ts';
import type { ReadTrace } from '../upstream/upstream-history.ts';

/** An execution that was started again shows this long after, at the latest, to whoever reads it. */
export const REDRIVE_CHECK_MS = 60_000;

/** Of a history that was read to its end, archived or not. */
export type KnownToEnd = Pick<ArchiveHead, 'archivedAt' | 'endedAt'>;

export type Described = Result<SourceDescription, SourceFailure>;

export class RedriveWatch {
  readonly #source: Source;
  readonly #ref: ExecutionRef;
  readonly #clock: Clock;
  readonly #turns: Turns;
  #last: { readonly atMs: number; readonly answer: Promise<Described> } | undefined;

  constructor(source: Source, ref: ExecutionRef, clock: Clock, turns: Turns) {
    this.#source = source;
    this.#ref = ref;
    this.#clock = clock;
    this.#turns = turns;
  }

  /** Undefined when the source has no such call. A failure counts as an answer, and is not asked for again sooner. */
  describe(notBeforeMs: number, trace: ReadTrace): Promise<Described> | undefined {
    const { describe } = this.#source;
    if (!describe) return undefined;
    if (this.#last && this.#last.atMs >= notBeforeMs) return this.#last.answer;
    const answer = this.#turns.take(() =>
      describe.call(this.#source, this.#ref, undefined, () => trace.calls++),
    );
    this.#last = { atMs: this.#clock.now(), answer };
    return answer;
  }

  /** True when there is more than what was read to this end. A failure when that can't be found out just now. */
  async goesOn(head: KnownToEnd, trace: ReadTrace): Promise<Result<boolean, SourceFailure>> {
    const notBeforeMs = Math.max(this.#clock.now() - REDRIVE_CHECK_MS + 1, Date.parse(head.archivedAt));
    const described = await this.describe(notBeforeMs, trace);
    if (!described) return ok(false);
    // What its source has forgotten can't go on.
    if (!described.ok) return described.failure.type === 'upstream-not-found' ? ok(false) : described;
    const { status, endedAt, redriveCount, redrivenAt } = described.value;
    if (status === 'RUNNING') return ok(true);
    // It may have been started again, and have ended again, since. The end itself tells that only where redrives are not
    // counted: a description's end and the last message's timestamp are two readings of a clock.
    const againAt = redriveCount === undefined ? endedAt : redrivenAt;
    return ok(Date.parse(againAt ?? '') > Date.parse(head.endedAt ?? ''));
  }
}
