/**
 * Decides when to walk and archive an execution's history: after its settle time, and with growing delays
 * after each walk that failed to archive it. No I/O.
 */
import { Backoff } from '../../core/backoff.ts';
import { statusAfter } from '../../messages/event-types.ts';
import type { KnownEnd } from '../upstream/read-terms.ts';
import { settlesAtMs } from './settling.ts';

/** The delay after a walk that failed to archive the history. Doubled each time. */
const RETRY_MS = 5_000;
const RETRY_MS_MAX = 60 * 60_000;
/** After this many retries, only a reader starts another one. So executions without readers cost nothing. */
const RETRIES_WITHOUT_READER_MAX = 6;

export class SettleSchedule {
  #endSeenAtMs: number | undefined;
  #dueAtMs = Infinity;
  /** Readers do not start a retry before this time. */
  #readerRetryAtMs = 0;
  readonly #backoff = new Backoff(RETRY_MS, RETRY_MS_MAX);

  /** When the next walk is due, in clock milliseconds. Infinity if none is planned. */
  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** When the execution was first seen to have ended. Undefined while it runs, and once it is archived. */
  get endSeenAtMs(): number | undefined {
    return this.#endSeenAtMs;
  }

  /**
   * Called with the end that was just read. A terminal message starts the settle time. Any other message
   * stops it. `isWalked`: true if a walk is running, or has ended but the store failed. This call must then
   * not schedule another.
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

  /** Call this when the walk begins. */
  begin(): void {
    this.#dueAtMs = Infinity;
  }

  /** Call this when the walk failed to archive the history. */
  retryLater(nowMs: number): void {
    const atMs = nowMs + this.#backoff.failed();
    this.#readerRetryAtMs = atMs;
    this.#dueAtMs = this.#backoff.failures <= RETRIES_WITHOUT_READER_MAX ? atMs : Infinity;
  }

  /**
   * Called for each reader while the archive is missing. Schedules an immediate walk, unless the last one was
   * recent.
   */
  retryForReader(nowMs: number): void {
    if (this.#endSeenAtMs === undefined || this.#dueAtMs !== Infinity) return;
    if (nowMs >= this.#readerRetryAtMs) this.#dueAtMs = nowMs;
  }

  /** Call this when there is nothing left to archive. */
  stop(): void {
    this.#endSeenAtMs = undefined;
    this.#dueAtMs = Infinity;
    this.#backoff.reset();
  }
}
