/**
 * When an execution's history is to be walked and archived: after its settle time, and again after a walk
 * that did not end in an archive, later each time. No I/O.
 */
import { Backoff } from '../../core/backoff.ts';
import { statusAfter } from '../../messages/event-types.ts';
import type { KnownEnd } from '../upstream/read-terms.ts';
import { settlesAtMs } from './settling.ts';

/** Delay after a walk that did not end in an archive; doubled each time. */
const RETRY_MS = 5_000;
const RETRY_MS_MAX = 60 * 60_000;
/** After this many only a reader starts another: an execution without readers costs nothing. */
const RETRIES_WITHOUT_READER_MAX = 6;

export class SettleSchedule {
  #endSeenAtMs: number | undefined;
  #dueAtMs = Infinity;
  /** Before this time a reader does not start a retry. */
  #readerRetryAtMs = 0;
  readonly #backoff = new Backoff(RETRY_MS, RETRY_MS_MAX);

  /** When the next walk is due, in clock milliseconds; Infinity: none is. */
  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** When the execution was first seen to have ended; undefined while it runs, and once it is archived. */
  get endSeenAtMs(): number | undefined {
    return this.#endSeenAtMs;
  }

  /**
   * Takes the end as just read: a terminal message starts the settle time, anything else stops it.
   * `isWalked`: a walk is running, or its result only waits for the store, so no other is due.
   */
  endSeen(end: KnownEnd | undefined, nowMs: number, isWalked: boolean): void {
    if (!end || statusAfter(end.eventType) === 'RUNNING') {
      this.stop();
      return;
    }
    this.#endSeenAtMs ??= nowMs;
    if (isWalked || this.#backoff.failures > 0) return;
    this.#dueAtMs = Math.min(this.#dueAtMs, settlesAtMs(end, this.#endSeenAtMs) ?? Infinity);
  }

  /** The walk that was due begins. */
  begin(): void {
    this.#dueAtMs = Infinity;
  }

  /** The walk did not end in an archive. */
  retryLater(nowMs: number): void {
    const atMs = nowMs + this.#backoff.failed();
    this.#readerRetryAtMs = atMs;
    this.#dueAtMs = this.#backoff.failures <= RETRIES_WITHOUT_READER_MAX ? atMs : Infinity;
  }

  /** A reader asks while the archive is still missing: a walk is due, unless one was made recently. */
  retryForReader(nowMs: number): void {
    if (this.#endSeenAtMs === undefined || this.#dueAtMs !== Infinity) return;
    if (nowMs >= this.#readerRetryAtMs) this.#dueAtMs = nowMs;
  }

  /** Nothing is to be archived any more. */
  stop(): void {
    this.#endSeenAtMs = undefined;
    this.#dueAtMs = Infinity;
    this.#backoff.reset();
  }
}
