/**
 * Ids that the source did not know a moment ago, one memory per isolate. A "not found" is shared by all
 * callers for a short time, so an id that does not exist costs neither a call nor an Execution for each
 * request. A tenant that asks for many unknown ids is refused further ones, because each of them starts an
 * object of its own. Values only, never promises: on Workers a promise belongs to the request that made it.
 */
import type { Clock } from '../core/clock.ts';
import { type Result, type SourceFailure, fail } from '../core/errors.ts';
import { type ExecutionRef, executionName } from '../core/execution-ref.ts';
import { FairSemaphore } from '../core/fair-semaphore.ts';
import { LruMap } from '../core/lru-map.ts';
import { TokenBucket } from '../core/token-bucket.ts';

/** Short, because back ends read an execution right after they start it. */
export const UNKNOWN_SHARED_MS = 1_500;
/** An id and a text of a few hundred bytes each. */
export const UNKNOWN_IDS_MAX = 2_000;
/** For one tenant. As many as a standard key may request, and the limit of all keys of an owner together. */
export const UNKNOWN_IDS_PER_SECOND = 10;
export const UNKNOWN_IDS_BURST = 100;
/** Ids that were found: a tenant without a share of unknown ids still reads them. */
const FOUND_IDS_MAX = 5_000;
/**
 * How many first requests for ids run at once, and how long each counts at most. On workerd each opens a
 * file, and a thousand at once would delay all other requests.
 */
const FIRST_REQUESTS_AT_ONCE = 8;
const FIRST_REQUEST_MS_MAX = 250;
const TENANTS_MAX = 1_000;

export type NotFound = Extract<SourceFailure, { type: 'upstream-not-found' }>;
type ShareExceeded = Extract<SourceFailure, { type: 'upstream-share-exceeded' }>;

/** Whether a "not found" from that time may still be returned without asking the source. */
export const isStillUnknown = (atMs: number, nowMs: number): boolean => nowMs - atMs < UNKNOWN_SHARED_MS;

export class UnknownExecutions {
  readonly #clock: Clock;
  /** In the order of their arrival, which is the order in which they end. */
  readonly #failures = new Map<string, { readonly failure: NotFound; readonly atMs: number }>();
  readonly #found = new LruMap<string, true>({ max: FOUND_IDS_MAX });
  readonly #shares = new LruMap<string, TokenBucket>({ max: TENANTS_MAX });

  /** A first request for them is in progress, or was cancelled. */
  readonly #asked = new LruMap<string, true>({ max: UNKNOWN_IDS_MAX });
  readonly #firstRequests: FairSemaphore;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#firstRequests = new FairSemaphore({
      clock,
      atOnce: FIRST_REQUESTS_AT_ONCE,
      permitMsMax: FIRST_REQUEST_MS_MAX,
    });
  }

  get(ref: ExecutionRef): NotFound | undefined {
    const known = this.#failures.get(executionName(ref));
    return known && isStillUnknown(known.atMs, this.#clock.now()) ? known.failure : undefined;
  }

  /**
   * Why this tenant may not ask for the id now: it has asked for too many that do not exist, and this one was
   * not found before.
   */
  refusal(ref: ExecutionRef, tenant: string): ShareExceeded | undefined {
    const waitMs = this.#shares.get(tenant)?.waitMs(1, this.#clock.now()) ?? 0;
    if (waitMs === 0 || this.#isFound(ref)) return undefined;
    const internal = `more than ${UNKNOWN_IDS_PER_SECOND} unknown ids a second`;
    return { type: 'upstream-share-exceeded', internal, retryAfterSeconds: Math.ceil(waitMs / 1000) };
  }

  /**
   * Asks the Execution for this tenant, and notes its answer. First requests for ids are queued, one for each
   * tenant in turn.
   */
  async ask<T>(ref: ExecutionRef, tenant: string, question: () => Promise<Result<T>>): Promise<Result<T>> {
    const refusal = this.refusal(ref, tenant);
    if (refusal) return fail(refusal);
    const name = executionName(ref);
    const isFirst = !this.#isFound(ref) && !this.#asked.has(name);
    if (isFirst) this.#asked.set(name, true);
    const result = await (isFirst ? this.#firstRequests.run(tenant, question) : question());
    if (isFirst) this.#asked.delete(name);
    this.#note(ref, tenant, result);
    return result;
  }

  #note(ref: ExecutionRef, tenant: string, result: Result<unknown>): void {
    const key = executionName(ref);
    this.#failures.delete(key);
    if (result.ok) this.#found.set(key, true);
    if (result.ok || result.failure.type !== 'upstream-not-found') return;
    this.#shareOf(tenant).spend(1, this.#clock.now());
    this.#found.delete(key);
    const { failure } = result;
    this.#failures.set(key, { failure, atMs: failure.atMs ?? this.#clock.now() });
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= UNKNOWN_IDS_MAX) break;
      this.#failures.delete(oldest);
    }
  }

  /** Something was stored for the id. */
  found(ref: ExecutionRef): void {
    const key = executionName(ref);
    this.#failures.delete(key);
    this.#found.set(key, true);
  }

  #isFound(ref: ExecutionRef): boolean {
    return this.#found.get(executionName(ref)) === true;
  }

  #shareOf(tenant: string): TokenBucket {
    const known = this.#shares.get(tenant);
    if (known) return known;
    const share = new TokenBucket(UNKNOWN_IDS_PER_SECOND, UNKNOWN_IDS_BURST, this.#clock.now());
    this.#shares.set(tenant, share);
    return share;
  }
}
