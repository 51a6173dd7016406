/**
 * The source's descriptions of one execution, remembered and shared: for summaries, and to learn whether an
 * execution that ended was redriven (settling/redrive.ts).
 */
import type { Clock } from '../../core/clock.ts';
import { type Result, type SourceFailure, fail } from '../../core/errors.ts';
import { exceptionText } from '../../core/exception-text.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import { type SharedCall, SharedCalls, isOthersShare } from '../../sources/shared-calls.ts';
import type { CallOptions, DescriptionParts, Source, SourceDescription } from '../../sources/source.ts';
import type { ExecutionCalls } from './execution-calls.ts';
import type { ReadTrace } from './read-terms.ts';

export type Described = Result<SourceDescription, SourceFailure>;

export interface DescriptionsOptions {
  readonly ref: ExecutionRef;
  readonly source: Source;
  readonly clock: Clock;
  /** Shared with all calls about this execution. */
  readonly calls: ExecutionCalls;
}

/** What one request wants of a description. */
export interface DescriptionTerms {
  /** The call must have begun since then, in clock milliseconds. */
  readonly notBeforeMs: number;
  /** Default: `metadata`. */
  readonly parts?: DescriptionParts;
  /**
   * The caller has disconnected: a call that only this request waits for gives up its place in the budget's
   * queue.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Input and output may have 256 KiB each: they are forgotten when they are too old to be shared. */
export const DATA_SHARED_MS = 1_000;

interface Answer {
  readonly described: Described;
  /** When its request was sent, or refused before that. */
  readonly atMs: number;
}

/** `left`: no request waited for the call any more, so it was not sent. */
type Outcome = Answer | 'left';
type DescribeCall = SharedCall<DescriptionParts, ReadTrace, Outcome>;

export class Descriptions {
  readonly #options: DescriptionsOptions;
  readonly #last: Partial<Record<DescriptionParts, Answer>> = {};
  readonly #calls: SharedCalls<DescriptionParts, ReadTrace, Outcome>;

  constructor(options: DescriptionsOptions) {
    this.#options = options;
    this.#calls = new SharedCalls((call) => this.#fetch(call));
  }

  /** Undefined if the source has no such call. A failure counts as an answer, and is not retried sooner. */
  async describe(
    trace: ReadTrace,
    { notBeforeMs, parts = 'metadata', signal }: DescriptionTerms,
  ): Promise<Described | undefined> {
    if (!this.#options.source.describe) return undefined;
    const { origin } = trace;
    for (;;) {
      const known = this.#known(notBeforeMs, parts);
      if (known) return known.described;
      if (signal?.aborted) return fail({ type: 'upstream-unfinished', internal: 'its caller has left' });
      const { call, shared } = this.#calls.request(this.#wanted(parts), trace);
      const waiting = this.#calls.outcome(call, signal);
      this.#options.calls.wait(origin, waiting);
      const outcome = await waiting;
      if (outcome === 'left') continue;
      const { described, atMs } = outcome;
      // The failure may concern the data alone, such as a key that may not be used.
      const isOfData = !described.ok && call.wanted !== parts;
      const isOld = shared && atMs < notBeforeMs;
      if (!isOfData && !isOld && !isOthersShare(described, call.cause.origin, origin)) return described;
    }
  }

  /** A description with data can also be used where none is needed. */
  #known(notBeforeMs: number, parts: DescriptionParts): Answer | undefined {
    const { metadata, 'with-data': withData } = this.#last;
    const usable =
      parts === 'with-data' ? [withData] : [withData?.described.ok ? withData : undefined, metadata];
    return usable.find((answer) => answer !== undefined && answer.atMs >= notBeforeMs);
  }

  /** The parts to ask for, so that a call in progress can answer. */
  #wanted(parts: DescriptionParts): DescriptionParts {
    return this.#calls.includes('with-data') ? 'with-data' : parts;
  }

  /** Never throws. */
  async #fetch(call: DescribeCall): Promise<Outcome> {
    const { clock } = this.#options;
    const { wanted: parts, cause } = call;
    const { signal } = call.abandoned;
    let atMs: number | undefined;
    const sent = () => {
      call.isSent = true;
      atMs ??= clock.now();
    };
    const described = await this.#ask(cause, parts, { signal, onAttempt: sent });
    if (signal.aborted) return 'left';
    const answer = { described, atMs: atMs ?? clock.now() };
    // Concerns this request's tenant only.
    if (described.ok || described.failure.type !== 'upstream-share-exceeded') this.#last[parts] = answer;
    if (parts === 'with-data') void this.#forget(answer);
    return answer;
  }

  async #forget(answer: Answer): Promise<void> {
    const { clock } = this.#options;
    await clock.sleep(Math.max(0, answer.atMs + DATA_SHARED_MS - clock.now()));
    if (this.#last['with-data'] === answer) delete this.#last['with-data'];
  }

  /** For the archive. Not remembered, so that it delays no check for a redrive. */
  async describeAnew(trace: ReadTrace): Promise<Described | undefined> {
    return this.#options.source.describe && this.#ask(trace, 'metadata', {});
  }

  /** Never throws. */
  async #ask(
    trace: ReadTrace,
    parts: DescriptionParts,
    { signal, onAttempt }: Pick<CallOptions, 'signal' | 'onAttempt'>,
  ): Promise<Described> {
    const { source, ref, calls } = this.#options;
    const { origin } = trace;
    const attempt = () => {
      trace.calls++;
      onAttempt?.();
    };
    const call = { origin, onAttempt: attempt, ...(signal && { signal }) };
    try {
      const described = await calls.run(origin, async () => source.describe?.(ref, call, parts));
      return (
        described ??
        fail({ type: 'upstream-invalid-request', internal: 'the source describes no executions' })
      );
    } catch (error) {
      return fail({ type: 'upstream-broken', internal: `describing threw: ${exceptionText(error)}` });
    }
  }
}
