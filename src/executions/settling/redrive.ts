/**
 * The source's description of an execution, remembered and shared: for summaries, and to learn whether an execution that
 * ended was redriven (Step Functions can redrive an unsuccessful one for 14 days). The history view decides what follows.
 */
import type { ArchiveHead } from '../../archive/archive-head.ts';
import type { Clock } from '../../core/clock.ts';
import { type Result, type SourceFailure, ok } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { CallOrigin, DescriptionParts, Source, SourceDescription } from '../../sources/source.ts';
import { isOthersShare } from '../../sources/shared-calls.ts';
import type { ExecutionCalls } from '../upstream/execution-calls.ts';
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

/** Input and output may have 256 KiB each: they are forgotten when they are too old to be shared. */
export const DATA_SHARED_MS = 1_000;

interface DescribeCall {
  readonly parts: DescriptionParts;
  /** When its request was sent; Infinity before that: then any caller can wait for it. */
  atMs: number;
  /** The origin of the request that caused it. */
  readonly origin: CallOrigin;
  readonly answer: Promise<Described>;
  hasFailed: boolean;
}

export class RedriveWatch {
  readonly #options: RedriveWatchOptions;
  readonly #last: Partial<Record<DescriptionParts, DescribeCall>> = {};

  constructor(options: RedriveWatchOptions) {
    this.#options = options;
  }

  /** Undefined if the source has no such call. A failure counts as an answer, and is not retried sooner. */
  async describe(
    notBeforeMs: number,
    trace: ReadTrace,
    parts: DescriptionParts = 'metadata',
  ): Promise<Described | undefined> {
    const { calls } = this.#options;
    const { origin } = trace;
    const ask = this.#ask(trace, parts);
    if (!ask) return undefined;
    for (;;) {
      const shared = this.#known(notBeforeMs, parts);
      const call = shared ?? this.#call(origin, parts, ask);
      if (shared) calls.wait(origin, shared.answer);
      const described = await call.answer;
      const isOwnShare = !described.ok && described.failure.type === 'upstream-share-exceeded';
      if (isOwnShare && this.#last[call.parts] === call) delete this.#last[call.parts];
      // The failure may concern the data alone, such as a key that may not be used.
      const isOfData = !described.ok && call.parts !== parts;
      if (!isOfData && !isOthersShare(described, call.origin, origin)) return described;
    }
  }

  /** A description with data answers for one without, too. */
  #known(notBeforeMs: number, parts: DescriptionParts): DescribeCall | undefined {
    const { metadata, 'with-data': withData } = this.#last;
    const usable =
      parts === 'with-data' ? [withData] : [withData?.hasFailed ? undefined : withData, metadata];
    return usable.find((call) => call !== undefined && call.atMs >= notBeforeMs);
  }

  #call(origin: CallOrigin, parts: DescriptionParts, ask: (onSent: () => void) => Promise<Described>) {
    const { clock, calls } = this.#options;
    const { promise: answer, resolve } = Promise.withResolvers<Described>();
    const call: DescribeCall = { parts, origin, answer, atMs: Infinity, hasFailed: false };
    const sent = () => (call.atMs = Math.min(call.atMs, clock.now()));
    this.#last[parts] = call;
    void calls
      .run(origin, () => ask(sent))
      .then(async (described) => {
        sent();
        call.hasFailed = !described.ok;
        resolve(described);
        if (parts === 'metadata') return;
        await clock.sleep(Math.max(0, call.atMs + DATA_SHARED_MS - clock.now()));
        if (this.#last[parts] === call) delete this.#last[parts];
      });
    return call;
  }

  /** For the archive. Not remembered, so that it delays no check for a redrive. */
  async describeAnew(trace: ReadTrace): Promise<Described | undefined> {
    const ask = this.#ask(trace, 'metadata');
    return ask && this.#options.calls.run(trace.origin, () => ask());
  }

  #ask(trace: ReadTrace, parts: DescriptionParts): ((onSent?: () => void) => Promise<Described>) | undefined {
    const { source, ref } = this.#options;
    const describe = source.describe?.bind(source);
    if (!describe) return undefined;
    return (onSent) => {
      const onAttempt = () => {
        trace.calls++;
        onSent?.();
      };
      return describe(ref, { origin: trace.origin, onAttempt }, parts);
    };
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
