/**
 * Finds out whether an execution has ended if its readers only read early pages, so that it is archived, too.
 * After a reader's page, looks for the end in the background, at most once in END_LOOK_MS. If the source can
 * describe executions, a look costs one call while the execution runs. The Archivist acts on the end.
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
 * The minimum interval between two looks, because many readers might page through a long flow while it runs.
 */
export const END_LOOK_MS = 5 * 60_000;

export interface EndLookOptions {
  readonly ref: ExecutionRef;
  readonly upstream: UpstreamHistory;
  readonly descriptions: Descriptions;
  readonly clock: Clock;
  readonly log: Log;
  /** True if the history is settled, archived or not. */
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

  /** Called after each page that a reader gets. Schedules a look if the end was not read recently. */
  pageRead(): void {
    const { upstream, clock, isSettled } = this.#options;
    const knownAtMs = Math.max(this.#lookedAtMs, upstream.end?.readAtMs ?? -Infinity);
    if (!isSettled() && clock.now() >= knownAtMs + END_LOOK_MS) this.#dueAtMs = clock.now();
  }

  /** Starts a look in the background if it is due. */
  tick(): void {
    const { clock, log, ref } = this.#options;
    if (this.#dueAtMs > clock.now()) return;
    this.#dueAtMs = Infinity;
    this.#lookedAtMs = clock.now();
    // `Descriptions` and `UpstreamHistory` cache their failures. A later reader causes another look.
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
    // If the execution has ended, read the whole history, for the archive. If it might still run, read only
    // as much as for one request.
    const walk = described?.value.status === undefined ? newWalk(undefined) : undefined;
    // An end that was read for others in the last END_LOOK_MS / 2 is fresh enough.
    const freshness = { lastNotBeforeMs: lookedAtMs - END_LOOK_MS / 2 };
    await upstream.chunkAt(Number.MAX_SAFE_INTEGER, freshness, trace, walk);
  }
}
