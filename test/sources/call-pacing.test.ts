/** The intervals between polls: max-min fair between tenants, and within the budget. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  boundedDemand,
  callsPerSecondAt,
  callsPerSecondOf,
  type Demand,
  fairLevel,
  Followers,
  intervalsOf,
  leastIntervalMs,
  OTHERS,
  PAYING_TENANTS_MAX,
} from '../../src/sources/call-budget/pacing.ts';

const tenantDemand = fc.array(
  fc.tuple(fc.constantFrom(1_000, 2_000, 4_000, 8_000, 15_000), fc.integer({ min: 1, max: 300 })),
);
const anyDemand: fc.Arbitrary<Demand> = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), tenantDemand), {
  selector: ([tenant]) => tenant,
  maxLength: 6,
});
const perSecond = fc.integer({ min: 1, max: 20 });

describe("the interval of a tenant's polls", () => {
  test('keeps them within its calls, and is no longer than needed', () => {
    fc.assert(
      fc.property(tenantDemand, perSecond, (demand, calls) => {
        const least = leastIntervalMs(demand, calls);
        expect(callsPerSecondOf(demand, least)).toBeLessThanOrEqual(calls * 1.000_001);
        if (least > 0) expect(callsPerSecondOf(demand, least * 0.99)).toBeGreaterThan(calls * 0.999);
      }),
    );
  });

  test('stretches only the executions that would be polled more often', () => {
    // Ten quiet ones and twenty busy ones: 13.5 - 10/15 calls a second are left for the busy ones.
    const least = leastIntervalMs(
      [
        [15_000, 10],
        [1_000, 20],
      ],
      13.5,
    );
    expect(least).toBeCloseTo(20_000 / (13.5 - 10 / 15), 6);
  });

  test('is as wanted while there is enough for all', () => {
    expect(leastIntervalMs([[1_000, 13]], 13.5)).toBe(0);
    expect(leastIntervalMs([], 13.5)).toBe(0);
  });
});

describe('the intervals of all tenants', () => {
  test('keep all polls within the budget, and use it if they want it', () => {
    fc.assert(
      fc.property(anyDemand, perSecond, (demand, calls) => {
        const used = callsPerSecondAt(demand, intervalsOf(demand, calls));
        expect(used).toBeLessThanOrEqual(calls * 1.000_001);
        const wanted = callsPerSecondAt(demand, new Map());
        // Intervals are whole milliseconds.
        expect(used).toBeGreaterThanOrEqual(Math.min(calls, wanted) * 0.99);
      }),
    );
  });

  test('give no tenant less than an equal part of the budget, unless it wants less', () => {
    fc.assert(
      fc.property(anyDemand, perSecond, (demand, calls) => {
        const intervals = intervalsOf(demand, calls);
        for (const [tenant, ofTenant] of demand) {
          const used = callsPerSecondOf(ofTenant, intervals.get(tenant) ?? 0);
          const wanted = callsPerSecondOf(ofTenant, 0);
          expect(used).toBeGreaterThanOrEqual(Math.min(wanted, calls / demand.length) * 0.99);
        }
      }),
    );
  });

  test('do not stretch the polls of a tenant that follows few, however many another follows', () => {
    const intervals = intervalsOf(
      [
        ['few', [[1_000, 5]]],
        ['many', [[1_000, 1_000]]],
      ],
      13.5,
    );
    expect(intervals.get('few')).toBe(0);
    expect(intervals.get('many')).toBe(Math.ceil(1_000_000 / 8.5));
    expect(fairLevel([5, 1_000], 13.5)).toBe(8.5);
  });

  test('merge the tenants that want least, beyond a bound', () => {
    const demand: Demand = [
      ['a', [[1_000, 9]]],
      ['b', [[1_000, 1]]],
      ['c', [[1_000, 2]]],
      ['d', [[2_000, 2]]],
    ];
    const bounded = boundedDemand(demand, 2);
    expect(bounded).toEqual([
      ['a', [[1_000, 9]]],
      ['c', [[1_000, 2]]],
      [
        OTHERS,
        [
          [1_000, 1],
          [2_000, 2],
        ],
      ],
    ]);
    expect(boundedDemand(demand, 4)).toEqual(demand);
  });
});

describe('followed executions', () => {
  const follow = (followers: Followers, executionId: string, tenants: string[], nowMs = 0) =>
    followers.follow(executionId, { wantedMs: 1_000, tenants }, new Map(), nowMs);

  test('cost each of their tenants an equal part, and are polled as often as the parts pay for', () => {
    const followers = new Followers();
    follow(followers, 'shared', ['a', 'b']);
    follow(followers, 'own', ['a']);
    expect(followers.demand(0)).toEqual([
      ['a', [[1_000, 1.5]]],
      ['b', [[1_000, 0.5]]],
    ]);
    // Half a call a second of b, a tenth of a call of a.
    const intervals = new Map([
      ['a', 5_000],
      ['b', 0],
    ]);
    expect(followers.intervalMs('shared', intervals)).toBe(Math.ceil(1_000 / 0.6));
    expect(followers.intervalMs('own', intervals)).toBe(5_000);
    expect(followers.intervalMs('own', new Map())).toBe(0);
  });

  test('are paid for by a bounded number of tenants', () => {
    const followers = new Followers();
    follow(
      followers,
      'popular',
      Array.from({ length: 1_000 }, (_, n) => `tenant-${n}`),
    );
    expect(followers.demand(0)).toHaveLength(PAYING_TENANTS_MAX);
    expect(callsPerSecondAt(followers.demand(0), new Map())).toBeCloseTo(1, 9);
  });

  test('count no longer when their polls have stopped', () => {
    const followers = new Followers();
    for (let n = 0; n < 100; n++) follow(followers, `execution-${n}`, ['a']);
    follow(followers, 'execution-0', ['a'], 20_000);
    expect(callsPerSecondAt(followers.demand(29_999), new Map())).toBe(100);
    expect(callsPerSecondAt(followers.demand(40_000), new Map())).toBe(1);
    expect(callsPerSecondAt(followers.demand(50_001), new Map())).toBe(0);
  });
});
