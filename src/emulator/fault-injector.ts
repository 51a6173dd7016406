/**
 * Chooses the faults of each call with a seeded random generator, so that runs are repeatable. Every call
 * that can have a fault draws the same number of random values. So turning on one fault does not change which
 * calls another fault hits.
 */
import type { Faults } from './faults.ts';
import type { Quota } from './quota.ts';

export type Outcome = 'answer' | 'throttle' | 'internal-error' | 'xml-error' | 'reset' | 'stall' | 'truncate';

/** The conditions under which an operation must answer a call. */
export interface CallConditions {
  readonly nowMs: number;
  /** A read shows the state at this time. It is before `nowMs` if the read lags. */
  readonly viewMs: number;
  readonly tokenLifetimeMs: number | undefined;
  /** The maximum length of the page, if the caller asks for `maxResults`. */
  pageLength(maxResults: number): number;
  /** True if the answer must have a token even if no page follows. */
  readonly tokenAlways: boolean;
}

export interface CallPlan {
  readonly outcome: Outcome;
  readonly latencyMs: number;
  /** How long a stall lasts. If undefined, until the caller leaves. */
  readonly stallMs: number | undefined;
  readonly page: 'full' | 'short' | 'empty';
  readonly lagMs: number;
  /**
   * Returns the conditions at the time of the answer, which is later than the call because of latency and
   * stalls.
   */
  conditions(nowMs: number): CallConditions;
}

/** mulberry32 (public domain, Tommy Ettinger): a small seeded generator, random enough to choose calls. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export class FaultInjector {
  #faults: Faults = {};
  #random = seededRandom(0);
  /** The token buckets by name: one for each quota, and one for the fault that throttles all calls. */
  readonly #buckets = new Map<string, { tokens: number; filledAtMs: number }>();

  get faults(): Faults {
    return this.#faults;
  }

  /** Replaces all faults. Restarts the generator from its seed, and refills the buckets. */
  set(faults: Faults): void {
    this.#faults = faults;
    this.#random = seededRandom(faults.seed ?? 0);
    this.#buckets.clear();
  }

  /** Chooses the faults of the next call. */
  plan(executionId: string, nowMs: number, quota?: Quota): CallPlan {
    const { throttleBucket, listQuota } = this.#faults;
    const limits = [
      throttleBucket && { ...throttleBucket, name: 'all' },
      quota && { ...quota, ...listQuota },
    ];
    const overdrawn = limits.some((limit) => limit && !this.#take(limit, nowMs));
    const { executions } = this.#faults;
    const spared = executions !== undefined && !executions.includes(executionId);
    // Calls of excluded executions draw no random values, so that they do not change the faults of other calls.
    const plan = spared ? planOf({}, () => 1) : planOf(this.#faults, this.#random);
    return overdrawn ? { ...plan, outcome: 'throttle' } : plan;
  }

  /** Takes a token from the quota's bucket. Returns false if the bucket is empty. */
  #take({ name, capacity, refillPerSecond }: Quota, nowMs: number): boolean {
    const { tokens, filledAtMs } = this.#buckets.get(name) ?? { tokens: capacity, filledAtMs: nowMs };
    const refill = (Math.max(0, nowMs - filledAtMs) / 1000) * refillPerSecond;
    const filled = Math.min(capacity, tokens + refill);
    this.#buckets.set(name, { tokens: filled >= 1 ? filled - 1 : filled, filledAtMs: nowMs });
    return filled >= 1;
  }
}

function planOf(faults: Faults, random: () => number): CallPlan {
  const [fate, lag, shape, length] = [random(), random(), random(), random()];
  const { emptyPageRate = 0, shortPageRate = 0, lagMs = 0, lagRate = 1, tokenLifetimeMs } = faults;
  const page = shape < emptyPageRate ? 'empty' : shape < emptyPageRate + shortPageRate ? 'short' : 'full';
  const lagging = lag < lagRate ? lagMs : 0;
  return {
    outcome: outcomeOf(faults, fate),
    latencyMs: faults.latencyMs ?? 0,
    stallMs: faults.stallMs,
    page,
    lagMs: lagging,
    conditions: (nowMs) => ({
      nowMs,
      viewMs: nowMs - lagging,
      tokenLifetimeMs,
      pageLength: (maxResults) =>
        page === 'empty' ? 0 : page === 'full' ? maxResults : Math.max(1, Math.floor(length * maxResults)),
      tokenAlways: page === 'empty',
    }),
  };
}

function outcomeOf(faults: Faults, fate: number): Outcome {
  const rates: readonly (readonly [Outcome, number | undefined])[] = [
    ['throttle', faults.throttleRate],
    ['internal-error', faults.internalErrorRate],
    ['xml-error', faults.xmlErrorRate],
    ['reset', faults.resetRate],
    ['stall', faults.stallRate],
    ['truncate', faults.truncateRate],
  ];
  let sum = 0;
  for (const [outcome, rate = 0] of rates) {
    sum += rate;
    if (fate < sum) return outcome;
  }
  return 'answer';
}
