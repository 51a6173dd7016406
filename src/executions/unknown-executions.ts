/**
 * Caches ids that the source did not know a moment ago, for one isolate. All callers share a "not found" for
 * a short time, so repeated requests for an unknown id cost no further call and start no Execution. Each new
 * unknown id starts an Execution, so a tenant that asks for too many is refused. This file shares values,
 * never promises: on Workers a promise belongs to the request that created it.
 */
import type { Clock } from '../core/clock.ts';
import { type Result, type SourceFailure, fail } from '../core/errors.ts';
import { type ExecutionRef, executionName } from '../core/execution-ref.ts';
import { FairSemaphore } from '../core/fair-semaphore.ts';
import { LruMap } from '../core/lru-map.ts';
import { TokenBucket } from '../core/token-bucket.ts';

/** Short, because back ends read an execution right after they start it. */
export const UNKNOWN_SHARED_MS = 1_500;
/** Each entry takes a few hundred bytes. */
export const UNKNOWN_IDS_MAX = 2_000;
/**
 * How many unknown ids one tenant may request, with all its keys together. Equals the request rate of a
 * standard key.
 */
export const UNKNOWN_IDS_PER_SECOND = 10;
export const UNKNOWN_IDS_BURST = 100;
/** How many found ids are remembered. A tenant that has used up its unknown ids can still read these. */
const FOUND_IDS_MAX = 5_000;
/**
 * How many first requests for new ids run at once. On workerd each of them opens a file, and a thousand at
 * once would delay all other requests. A request counts toward this limit for at most FIRST_REQUEST_MS_MAX.
 */
const FIRST_REQUESTS_AT_ONCE = 8;
const FIRST_REQUEST_MS_MAX = 250;
const TENANTS_MAX = 1_000;

export type NotFound = Extract<SourceFailure, { type: 'upstream-not-found' }>;
type ShareExceeded = Extract<SourceFailure, { type: 'upstream-share-exceeded' }>;

/** True if a "not found" of this age may still be returned without another call to the source. */
export const isStillUnknown = (atMs: number, nowMs: number): boolean => nowMs - atMs < UNKNOWN_SHARED_MS;

export class UnknownExecutions {
  readonly #clock: Clock;
  /** In order of arrival, so the first entry expires first. */
  readonly #failures = new Map<string, { readonly failure: NotFound; readonly atMs: number }>();
  readonly #found = new LruMap<string, true>({ max: FOUND_IDS_MAX });
  readonly #shares = new LruMap<string, TokenBucket>({ max: TENANTS_MAX });

  /** Ids whose first request is in progress, or was cancelled. */
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

  /** Returns a failure if the tenant has asked for too many unknown ids, unless this id was found before. */
  refusal(ref: ExecutionRef, tenant: string): ShareExceeded | undefined {
    const waitMs = this.#shares.get(tenant)?.waitMs(1, this.#clock.now()) ?? 0;
    if (waitMs === 0 || this.#isFound(ref)) return undefined;
    const internal = `more than ${UNKNOWN_IDS_PER_SECOND} unknown ids a second`;
    return { type: 'upstream-share-exceeded', internal, retryAfterSeconds: Math.ceil(waitMs / 1000) };
  }

  /**
   * Runs the tenant's request to the Execution and records whether the id exists. First requests for an id
   * wait in a queue that serves tenants in turn.
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

  /** Records that the id exists, because something was stored for it. */
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
