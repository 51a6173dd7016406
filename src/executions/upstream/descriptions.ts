/**
 * Caches the source's descriptions of one execution and shares them between requests. They serve summaries,
 * and the check whether an ended execution was redriven (settling/redrive.ts).
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
  /** The queue of all calls about this execution. */
  readonly calls: ExecutionCalls;
}

/** What one request needs: how recent the description must be, and which parts. */
export interface DescriptionTerms {
  /** The call must have begun at this time or later, in clock milliseconds. */
  readonly notBeforeMs: number;
  /** Default: `metadata`. */
  readonly parts?: DescriptionParts;
  /**
   * Aborted when the caller disconnects. A call that no other request waits for then leaves the budget's
   * queue.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How long a description with data is cached. Short, because input and output may have 256 KiB each. */
export const DATA_SHARED_MS = 1_000;

interface Answer {
  readonly described: Described;
  /** When the request was sent. If it was refused before it was sent, the time of the refusal. */
  readonly atMs: number;
}

/** `left`: all requests that waited for the call were aborted, so it was not sent. */
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

  /** Returns undefined if the source cannot describe executions. Failures are cached like descriptions. */
  async describe(
    trace: ReadTrace,
    { notBeforeMs, parts = 'metadata', signal }: DescriptionTerms,
  ): Promise<Described | undefined> {
    if (!this.#options.source.describe) return undefined;
    const { origin } = trace;
    for (;;) {
      const known = this.#known(notBeforeMs, parts);
      if (known) return known.described;
      if (signal?.aborted) return fail({ type: 'upstream-unfinished', internal: 'the caller is gone' });
      const { call, shared } = this.#calls.request(this.#wanted(parts), trace);
      const waiting = this.#calls.outcome(call, signal);
      this.#options.calls.wait(origin, waiting);
      const outcome = await waiting;
      if (outcome === 'left') continue;
      const { described, atMs } = outcome;
      // If the call asked for data as well, the data alone might have failed, for example for lack of a KMS
      // permission.
      const isOfData = !described.ok && call.wanted !== parts;
      const isOld = shared && atMs < notBeforeMs;
      if (!isOfData && !isOld && !isOthersShare(described, call.cause.origin, origin)) return described;
    }
  }

  /**
   * Returns a cached answer that is recent enough. A description with data also answers requests for
   * metadata.
   */
  #known(notBeforeMs: number, parts: DescriptionParts): Answer | undefined {
    const { metadata, 'with-data': withData } = this.#last;
    const usable =
      parts === 'with-data' ? [withData] : [withData?.described.ok ? withData : undefined, metadata];
    return usable.find((answer) => answer !== undefined && answer.atMs >= notBeforeMs);
  }

  /**
   * Returns the parts to ask for. They include data if a call with data is queued or in progress, so that the
   * request can share that call.
   */
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
    // An exceeded share concerns only this request's tenant, so it is not cached.
    if (described.ok || described.failure.type !== 'upstream-share-exceeded') this.#last[parts] = answer;
    if (parts === 'with-data') void this.#forget(answer);
    return answer;
  }

  async #forget(answer: Answer): Promise<void> {
    const { clock } = this.#options;
    await clock.sleep(Math.max(0, answer.atMs + DATA_SHARED_MS - clock.now()));
    if (this.#last['with-data'] === answer) delete this.#last['with-data'];
  }

  /**
   * Fetches a new description for the archive. It is not cached, so that the next check for a redrive makes
   * its own call.
   */
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
        fail({ type: 'upstream-invalid-request', internal: 'the source cannot describe executions' })
      );
    } catch (error) {
      return fail({ type: 'upstream-broken', internal: `describing threw: ${exceptionText(error)}` });
    }
  }
}
