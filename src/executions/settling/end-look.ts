/**
 * Finds the end of executions whose readers only want early pages, so that they are archived, too. The look
 * follows a reader's page, at most once in a while, as background work. If the source describes executions, a
 * running one costs a single call. The Archivist acts on the end.
 */
import type { Clock } from '../../core/clock.ts';
import { exceptionText } from '../../core/exception-text.ts';
import { type ExecutionRef, logNames } from '../../core/execution-ref.ts';
import type { Log } from '../../core/log.ts';
import { SerialQueue } from '../../core/serial-queue.ts';
import type { Descriptions } from '../upstream/descriptions.ts';
import { type UpstreamHistory } from '../upstream/upstream-history.ts';
import { newTrace, newWalk } from '../upstream/read-terms.ts';

/**
 * After a look, the end is not looked for again within this time: many readers may page through a long flow
 * while it runs.
 */
export const END_LOOK_MS = 5 * 60_000;

export interface EndLookOptions {
  readonly ref: ExecutionRef;
  readonly upstream: UpstreamHistory;
  readonly descriptions: Descriptions;
  readonly clock: Clock;
  readonly log: Log;
  /** The history was read to its end: archived, or settled. */
  readonly isSettled: () => boolean;
}

export class EndLook {
  readonly #options: EndLookOptions;
  #dueAtMs = Infinity;
  #lookedAtMs = -Infinity;
  readonly #work = new SerialQueue();

  constructor(options: EndLookOptions) {
    this.#options = options;
  }

  dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** Resolves when no look is in progress. */
  get idle(): Promise<unknown> {
    return this.#work.idle;
  }

  /** A reader got a page. */
  pageRead(): void {
    const { upstream, clock, isSettled } = this.#options;
    const knownAtMs = Math.max(this.#lookedAtMs, upstream.end?.readAtMs ?? -Infinity);
    if (!isSettled() && clock.now() >= knownAtMs + END_LOOK_MS) this.#dueAtMs = clock.now();
  }

  /** Starts what is due, in the background. */
  tick(): void {
    const { clock, log, ref } = this.#options;
    if (this.#dueAtMs > clock.now()) return;
    this.#dueAtMs = Infinity;
    this.#lookedAtMs = clock.now();
    // Failures are remembered by what fails, and a later reader causes another look.
    void this.#work
      .run(() => this.#look())
      .catch((error: unknown) => {
        const reason = exceptionText(error);
        log({ event: 'background-work-failed', level: 'error', ...logNames(ref), reason });
      });
  }

  async #look(): Promise<void> {
    const { upstream, descriptions, clock } = this.#options;
    const trace = newTrace({ class: 'background' });
    const lookedAtMs = clock.now();
    const described = await descriptions.describe(trace, { notBeforeMs: lookedAtMs });
    if (described && (!described.ok || described.value.status === 'RUNNING')) return;
    // If the execution has ended, the whole history is read, for the archive. If it may still run, as much is
    // read as for one request.
    const walk = described?.value.status === undefined ? newWalk(undefined) : undefined;
    // An end that others have read since the look is new enough.
    const freshness = { lastNotBeforeMs: lookedAtMs - END_LOOK_MS / 2 };
    await upstream.chunkAt(Number.MAX_SAFE_INTEGER, freshness, trace, walk);
  }
}
