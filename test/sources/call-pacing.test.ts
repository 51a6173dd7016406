/** Tests that the intervals between polls keep all polls within the budget, with max-min fairness between tenants. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundedDemand, type Demand, OTHERS, summedDemand } from '../../src/sources/call-budget/demand.ts';
import { Followers, PAYING_TENANTS_MAX } from '../../src/sources/call-budget/followers.ts';
import {
  callsPerSecondAt,
  callsPerSecondOf,
  fairLevel,
  leastIntervalMs,
  mostIntervalMs,
  type Pace,
  pacesOf,
  SILENT_INTERVAL_MS,
} from '../../src/sources/call-budget/pacing.ts';

const tenantDemand = fc.array(
  fc.tuple(fc.constantFrom(1_000, 2_000, 4_000, 8_000, 15_000), fc.integer({ min: 1, max: 300 })),
);
const anyDemand: fc.Arbitrary<Demand> = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), tenantDemand), {
  selector: ([tenant]) => tenant,
  maxLength: 6,
});
/** Returns a budget without spare calls, so that silent executions are not polled more often than they request. */
const tight = (callsPerSecond: number) => ({ callsPerSecond, spareCallsPerSecond: 0 });
const atLeast = (leastMs: number): Pace => ({ leastMs, mostMs: Infinity });
const atMost = (mostMs: number): Pace => ({ leastMs: 0, mostMs });
const perSecond = fc.integer({ min: 1, max: 20 });

describe("the interval of a tenant's polls", () => {
  test('keeps the polls within the calls of the tenant, and is no longer than necessary', () => {
    fc.assert(
      fc.property(tenantDemand, perSecond, (demand, calls) => {
        const least = leastIntervalMs(demand, calls);
        expect(callsPerSecondOf(demand, atLeast(least))).toBeLessThanOrEqual(calls * 1.000_001);
        if (least > 0) expect(callsPerSecondOf(demand, atLeast(least * 0.99))).toBeGreaterThan(calls * 0.999);
      }),
    );
  });

  test('slows down only the executions that would otherwise be polled more often', () => {
    // The ten quiet executions need 10/15 of the 13.5 calls a second. The rest is for the twenty busy ones.
    const least = leastIntervalMs(
      [
        [15_000, 10],
        [1_000, 20],
      ],
      13.5,
    );
    expect(least).toBeCloseTo(20_000 / (13.5 - 10 / 15), 6);
  });

  test('has no lower bound while there are enough calls for all polls', () => {
    expect(leastIntervalMs([[1_000, 13]], 13.5)).toBe(0);
    expect(leastIntervalMs([], 13.5)).toBe(0);
  });
});

describe('the intervals of all tenants', () => {
  test('keep all polls within the budget, and use all of it if the polls need it', () => {
    fc.assert(
      fc.property(anyDemand, perSecond, (demand, calls) => {
        const used = callsPerSecondAt(demand, pacesOf(demand, tight(calls)));
        expect(used).toBeLessThanOrEqual(calls * 1.000_001);
        const wanted = callsPerSecondAt(demand, new Map());
        // Intervals are rounded to whole milliseconds.
        expect(used).toBeGreaterThanOrEqual(Math.min(calls, wanted) * 0.99);
      }),
    );
  });

  test('give each tenant at least an equal part of the budget, unless it needs less', () => {
    fc.assert(
      fc.property(anyDemand, perSecond, (demand, calls) => {
        const paces = pacesOf(demand, tight(calls));
        for (const [tenant, ofTenant] of demand) {
          const used = callsPerSecondOf(ofTenant, paces.get(tenant));
          const wanted = callsPerSecondOf(ofTenant);
          expect(used).toBeGreaterThanOrEqual(Math.min(wanted, calls / demand.length) * 0.99);
        }
      }),
    );
  });

  test('do not slow down the polls of a tenant that follows few executions, however many another tenant follows', () => {
    const paces = pacesOf(
      [
        ['few', [[1_000, 5]]],
        ['many', [[1_000, 1_000]]],
      ],
      tight(13.5),
    );
    expect(paces.get('few')).toEqual(atLeast(0));
    expect(paces.get('many')).toEqual(atLeast(Math.ceil(1_000_000 / 8.5)));
    const bounds = [5, 1_000].map((upper) => ({ lower: 0, upper, tenants: 1 }));
    expect(fairLevel(bounds, 13.5)).toBe(8.5);
  });

  test('give n merged tenants at least n equal parts of the budget, unless they need less', () => {
    const isolates = fc.array(fc.tuple(anyDemand, fc.integer({ min: 1, max: 3 })), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(isolates, perSecond, (all, calls) => {
        // Prefix tenants with their isolate, so that no two isolates have the same tenant.
        const own = all.map(([demand, named], isolate) => ({
          demand: demand
            .filter(([, ofTenant]) => ofTenant.length > 0)
            .map(([tenant, ofTenant]) => [`${isolate} ${tenant}`, ofTenant] as const),
          named,
        }));
        const bounded = own.map(({ demand, named }) => boundedDemand(demand, named));
        const tenants = own.reduce((sum, { demand }) => sum + demand.length, 0);
        const everyone = summedDemand(bounded);
        const paces = pacesOf(everyone, tight(calls));
        expect(callsPerSecondAt(everyone, paces)).toBeLessThanOrEqual(calls * 1.000_001);
        for (const [tenant, ofTenant] of everyone) {
          const merged = own.reduce((sum, { demand, named }) => sum + Math.max(0, demand.length - named), 0);
          const parts = tenant === OTHERS ? merged : 1;
          const used = callsPerSecondOf(ofTenant, paces.get(tenant));
          const wanted = callsPerSecondOf(ofTenant);
          expect(used).toBeGreaterThanOrEqual(Math.min(wanted, (parts * calls) / tenants) * 0.99);
        }
      }),
    );
  });
});

test('boundedDemand merges the tenants that need the fewest calls if there are more tenants than the bound', () => {
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
      2,
    ],
  ]);
  expect(boundedDemand(demand, 4)).toEqual(demand);
});

describe('silent executions', () => {
  const silent = (count: number): Demand => [['tenant', [[15_000, count]]]];
  const budget = { callsPerSecond: 27, spareCallsPerSecond: 18 };
  const spareDemand = fc.tuple(anyDemand, perSecond).map(([demand, calls]) => {
    const wanted = callsPerSecondAt(demand, new Map());
    return {
      demand,
      wanted,
      room: { callsPerSecond: wanted + 2 * calls, spareCallsPerSecond: wanted + calls },
    };
  });

  test.each([
    [1, SILENT_INTERVAL_MS],
    [20, SILENT_INTERVAL_MS],
    [45, SILENT_INTERVAL_MS],
    [90, 5_000],
    [180, 10_000],
    [269, 14_945],
  ])('(%i of them) are polled every %i ms', (count, intervalMs) => {
    expect(pacesOf(silent(count), budget).get('tenant')).toEqual(atMost(intervalMs));
  });

  test('are polled at the interval that they request, 15 s, if no calls are spare', () => {
    for (const count of [270, 300, 405])
      expect(pacesOf(silent(count), budget).get('tenant')).toEqual(atLeast(0));
  });

  test('do not slow down the polls of busy executions', () => {
    const demand: Demand = [
      [
        'tenant',
        [
          [1_000, 5],
          [15_000, 150],
        ],
      ],
      ['other', [[1_000, 2]]],
    ];
    const paces = pacesOf(demand, budget);
    expect(paces.get('tenant')).toEqual(atMost(Math.ceil(150_000 / 11)));
    expect(paces.get('other')?.leastMs).toBe(0);
  });

  test('of a tenant that follows few are polled every 2.5 s, however many another tenant follows', () => {
    const paces = pacesOf(
      [
        ['few', [[15_000, 5]]],
        ['many', [[15_000, 200]]],
      ],
      budget,
    );
    expect(paces.get('few')).toEqual(atMost(SILENT_INTERVAL_MS));
    expect(paces.get('many')).toEqual(atMost(Math.ceil(200_000 / 16)));
  });

  test('use the spare calls but no more, and are polled at least as often as requested and at most every 2.5 s', () => {
    fc.assert(
      fc.property(spareDemand, ({ demand, wanted, room }) => {
        const paces = pacesOf(demand, room);
        const used = callsPerSecondAt(demand, paces);
        expect(used).toBeLessThanOrEqual(room.spareCallsPerSecond * 1.000_001);
        expect(used).toBeGreaterThanOrEqual(wanted);
        const useful = new Map(demand.map(([tenant]) => [tenant, atMost(SILENT_INTERVAL_MS)]));
        // Intervals are rounded to whole milliseconds.
        expect(used).toBeGreaterThanOrEqual(
          Math.min(room.spareCallsPerSecond, callsPerSecondAt(demand, useful)) * 0.99,
        );
        for (const { leastMs, mostMs } of paces.values()) {
          expect(leastMs).toBe(0);
          expect(mostMs).toBeGreaterThanOrEqual(SILENT_INTERVAL_MS);
        }
      }),
    );
  });

  test('with the longest interval get spare calls first', () => {
    // The eight executions with an interval of 4 s need 2 of the 18 calls a second. The 100 executions with 15 s
    // share the remaining 16 calls. So they are polled every 6.25 s, which is still less often than the eight.
    expect(
      mostIntervalMs(
        [
          [15_000, 100],
          [4_000, 8],
        ],
        18,
      ),
    ).toBe(6_250);
  });
});

describe('followed executions', () => {
  const follow = (followers: Followers, executionId: string, tenants: string[], nowMs = 0) =>
    followers.follow(executionId, { wantedMs: 1_000, tenants }, new Map(), nowMs);

  test('are charged in equal parts to their tenants, and are polled as often as these parts allow', () => {
    const followers = new Followers();
    follow(followers, 'shared', ['a', 'b']);
    follow(followers, 'own', ['a']);
    expect(followers.demand(0)).toEqual([
      ['a', [[1_000, 1.5]]],
      ['b', [[1_000, 0.5]]],
    ]);
    // For the shared execution, tenant b has half a call a second, and tenant a has a tenth of a call.
    const paces = new Map([
      ['a', atLeast(5_000)],
      ['b', atLeast(0)],
    ]);
    expect(followers.intervalMs('shared', paces)).toBe(Math.ceil(1_000 / 0.6));
    expect(followers.intervalMs('own', paces)).toBe(5_000);
    expect(followers.intervalMs('own', new Map())).toBe(1_000);
  });

  test('are charged to a bounded number of tenants', () => {
    const followers = new Followers();
    follow(
      followers,
      'popular',
      Array.from({ length: 1_000 }, (_, n) => `tenant-${n}`),
    );
    expect(followers.demand(0)).toHaveLength(PAYING_TENANTS_MAX);
    expect(callsPerSecondAt(followers.demand(0), new Map())).toBeCloseTo(1, 9);
  });

  test('no longer count once their polls have stopped', () => {
    const followers = new Followers();
    for (let n = 0; n < 100; n++) follow(followers, `execution-${n}`, ['a']);
    follow(followers, 'execution-0', ['a'], 20_000);
    expect(callsPerSecondAt(followers.demand(29_999), new Map())).toBe(100);
    expect(callsPerSecondAt(followers.demand(40_000), new Map())).toBe(1);
    expect(callsPerSecondAt(followers.demand(50_001), new Map())).toBe(0);
  });
});
