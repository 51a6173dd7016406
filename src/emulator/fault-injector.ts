/**
 * Chooses the faults of each call with a seeded generator, so that runs can be repeated. Every call draws the
 * same number of random values, so turning on one fault does not change which calls another fault hits.
 */
import type { Faults } from './faults.ts';
import type { Quota } from './quota.ts';

export type Outcome = 'answer' | 'throttle' | 'internal-error' | 'xml-error' | 'reset' | 'stall' | 'truncate';

/** The faults that an operation needs to know for its answer. */
export interface CallConditions {
  readonly nowMs: number;
  /** The time whose state a read shows: before `nowMs` if the read lags. */
  readonly viewMs: number;
  readonly tokenLifetimeMs: number | undefined;
  /** The size limit of the page if the caller allows `maxResults`. */
  pageLength(maxResults: number): number;
  /** Whether to return a token even if nothing follows. */
  readonly tokenAlways: boolean;
}

export interface CallPlan {
  readonly outcome: Outcome;
  readonly latencyMs: number;
  /** undefined: until the caller leaves. */
  readonly stallMs: number | undefined;
  readonly page: 'full' | 'short' | 'empty';
  readonly lagMs: number;
  /** Evaluated when the answer is made, which latency and stalls delay. */
  conditions(nowMs: number): CallConditions;
}

/** mulberry32 (public domain, Tommy Ettinger): small, seeded, and random enough to choose calls. */
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
  /** The buckets by name: one for each quota, and one for the fault that throttles all calls. */
  readonly #buckets = new Map<string, { tokens: number; filledAtMs: number }>();

  get faults(): Faults {
    return this.#faults;
  }

  /** Replaces all faults. The generator restarts from its seed, with full buckets. */
  set(faults: Faults): void {
    this.#faults = faults;
    this.#random = seededRandom(faults.seed ?? 0);
    this.#buckets.clear();
  }

  /** The faults of the next call. */
  plan(executionId: string, nowMs: number, quota?: Quota): CallPlan {
    const { throttleBucket, listQuota } = this.#faults;
    const limits = [
      throttleBucket && { ...throttleBucket, name: 'all' },
      quota && { ...quota, ...listQuota },
    ];
    const overdrawn = limits.some((limit) => limit && !this.#take(limit, nowMs));
    const { executions } = this.#faults;
    const spared = executions !== undefined && !executions.includes(executionId);
    // An excluded execution draws nothing, so that it does not change the faults of the others.
    const plan = spared ? planOf({}, () => 1) : planOf(this.#faults, this.#random);
    return overdrawn ? { ...plan, outcome: 'throttle' } : plan;
  }

  /** False: the bucket is empty. */
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
