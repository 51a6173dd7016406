import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ok } from '../../src/core/errors.ts';
import { Pacer } from '../../src/executions/following/pacer.ts';
import {
  CALLS_AT_ONCE,
  CALLS_PER_SECOND,
  type CallBudget,
  type CallLimits,
  createCallBudget,
  pollsBudget,
  TURN_MS_MAX,
} from '../../src/sources/call-budget/call-budget.ts';
import type { Demand } from '../../src/sources/call-budget/demand.ts';
import { withCallBudget } from '../../src/sources/call-budget/budgeted-source.ts';
import { Leases } from '../../src/sources/call-budget/leases.ts';
import type { CallOrigin, Source } from '../../src/sources/source.ts';
import { READ } from '../support/call-options.ts';
import { leasedIsolates } from '../support/leased-isolates.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';

const REF = { source: 'source', executionId: 'id' };

const LIMITS = { callsPerSecond: CALLS_PER_SECOND, callsAtOnce: CALLS_AT_ONCE };
const READER: CallOrigin = READ.origin;
const NOBODY = { polls: 0, readers: [], background: 0, soon: 0 };

const demandArbitrary = fc.array(
  fc.tuple(
    fc.constantFrom('a', 'b', 'c'),
    fc.array(fc.tuple(fc.constantFrom(1_000, 2_000, 4_000, 8_000, 15_000), fc.integer({ min: 1, max: 300 }))),
  ),
  { maxLength: 3 },
);

describe('the budget of a process', () => {
  const take = async (budget: ReturnType<typeof createCallBudget>, count: number) => {
    const turns = Array.from({ length: count }, () => budget.take('id', READER));
    return turns;
  };

  test('serves a burst immediately and further calls in order of arrival, and refuses calls that would wait too long', async () => {
    const clock = new ManualClock();
    const budget = createCallBudget({ clock });
    const beganAtMs = clock.now();
    const went: number[] = [];
    const refused: number[] = [];
    const inTime = CALLS_AT_ONCE + (CALLS_PER_SECOND * TURN_MS_MAX) / 1000;
    const turns = await take(budget, inTime + 20);
    for (const [index, turn] of turns.entries()) {
      void turn.then((given) => (given.ok ? went.push(index) : refused.push(index)));
    }
    await settle();
    expect([went.length, refused.length]).toEqual([CALLS_AT_ONCE, 20]);
    await clock.advance(2_000);
    expect(went).toHaveLength(CALLS_AT_ONCE + 2 * CALLS_PER_SECOND);
    await clock.advance(TURN_MS_MAX);
    expect(went).toEqual(Array.from({ length: inTime }, (_, index) => index));
    expect(clock.now() - beganAtMs).toBe(2_000 + TURN_MS_MAX);
  });

  test('makes later calls wait for calls that were made without waiting for a turn', async () => {
    const clock = new ManualClock();
    const budget = createCallBudget({ clock, callsPerSecond: 1, callsAtOnce: 2 });
    for (let n = 0; n < 5; n++) budget.spent(READER);
    const turn = budget.take('id', READER);
    await clock.advance(4_000);
    expect(await turn).toEqual({ ok: true, waitedMs: 4_000 });
  });

  test('gives the turn of a caller that left while waiting to the next caller', async () => {
    const clock = new ManualClock();
    const budget = createCallBudget({ clock, callsPerSecond: 1, callsAtOnce: 1 });
    await budget.take('id', READER);
    const leaving = new AbortController();
    const left = budget.take('id', READER, leaving.signal);
    await settle();
    leaving.abort();
    expect(await left).toMatchObject({ ok: false });
    const next = budget.take('id', READER);
    await clock.advance(1_000);
    expect(await next).toEqual({ ok: true, waitedMs: 1_000 });
  });
});

describe('a source in withCallBudget', () => {
  const source = (attempts: number): Source => ({
    name: 'counted',
    pageSizeMax: 100,
    page: async (_id, _token, _limit, { onAttempt }) => {
      for (let n = 0; n < attempts; n++) onAttempt?.();
      return ok({ messages: [] });
    },
  });
  const budgeted = (attempts: number, callsAtOnce: number) => {
    const clock = new ManualClock();
    const budget = createCallBudget({ clock, callsPerSecond: 0.01, callsAtOnce });
    return withCallBudget(source(attempts), () => budget);
  };
  const pages = async (of: Source, count: number) => {
    const types: string[] = [];
    for (let n = 0; n < count; n++) {
      const page = await of.page(REF, undefined, 100, READ);
      types.push(page.ok ? 'page' : page.failure.type);
    }
    return types;
  };

  test('spends a call for each request that it sends, retries included', async () => {
    expect(await pages(budgeted(1, 3), 4)).toEqual(['page', 'page', 'page', 'upstream-throttled']);
    expect(await pages(budgeted(3, 3), 2)).toEqual(['page', 'upstream-throttled']);
  });

  test('spends no call if it sends no request', async () => {
    expect(await pages(budgeted(0, 1), 3)).toEqual(['page', 'page', 'page']);
  });

  test('is not limited if there is no budget', async () => {
    const free = withCallBudget(source(1), () => undefined);
    expect(await pages(free, 2)).toEqual(['page', 'page']);
    expect(free.pace?.(REF, 1_000, ['tenant'])).toBe(1_000);
  });
});

describe('leases of a budget', () => {
  test('never exceed the budget together, at any time and for any number of isolates', () => {
    const asked = fc.record({
      holder: fc.integer({ min: 0, max: 30 }).map(String),
      demand: demandArbitrary,
      waiting: fc.record({
        polls: fc.nat(5),
        readers: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 50 }))),
        background: fc.nat(50),
        soon: fc.nat(7),
      }),
      afterMs: fc.integer({ min: 0, max: 20_000 }),
    });
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 60 }), (requests) => {
        const leases = new Leases({ nowMs: 0, limits: LIMITS });
        const out = new Map<string, { perSecond: number; untilMs: number }>();
        let now = 0;
        let single = 0;
        for (const { afterMs, ...request } of requests) {
          now += afterMs;
          const { grant } = leases.renew({ ...request, limits: LIMITS }, now);
          out.set(request.holder, { perSecond: grant.callsPerSecond, untilMs: now + grant.validMs });
          single += grant.calls;
          const rates = [...out.values()].filter(({ untilMs }) => untilMs > now);
          const sum = rates.reduce((total, { perSecond }) => total + perSecond, 0);
          expect(sum).toBeLessThanOrEqual(CALLS_PER_SECOND * 1.000_001);
          expect(single).toBeLessThanOrEqual(CALLS_AT_ONCE + (CALLS_PER_SECOND * now) / 1000);
        }
      }),
    );
  });

  test('are restored from storage and limit the next grant', () => {
    const first = new Leases({ nowMs: 0, limits: LIMITS });
    const demand: Demand = [['tenant', [[1_000, 20]]]];
    const request = { limits: LIMITS, demand, waiting: NOBODY };
    const { lease } = first.renew({ ...request, holder: 'a' }, 0);
    const again = new Leases({ nowMs: 1_000, limits: LIMITS, leases: [['a', lease]] });
    const { grant } = again.renew({ ...request, holder: 'b' }, 1_000);
    expect(grant.callsPerSecond + lease.callsPerSecond).toBeLessThanOrEqual(CALLS_PER_SECOND);
    const leastMs = Math.ceil(40_000 / pollsBudget(CALLS_PER_SECOND, false).callsPerSecond);
    expect(grant.paces).toEqual([{ tenant: 'tenant', leastMs, mostMs: Infinity }]);
  });
});

describe('executions that are mostly silent, with a burst of messages every few minutes', () => {
  const THINGS_GRAPH = { callsPerSecond: 30, callsAtOnce: 100 };

  /** Returns how many milliseconds late the first message of each burst arrives, in ascending order. */
  async function delays(count: number, budgetOf: (clock: ManualClock) => CallBudget): Promise<number[]> {
    const clock = new ManualClock();
    const budget = budgetOf(clock);
    const late: number[] = [];
    const forMs = 700_000;
    const startMs = clock.now();
    for (let n = 0; n < count; n++) {
      void (async () => {
        const pacer = new Pacer();
        const burstEveryMs = 150_000 + (n % 37) * 1_000;
        /** When the next burst begins with its first message. */
        let messageAtMs = startMs + burstEveryMs + n * 997;
        await clock.sleep(n * 20);
        while (clock.now() - startMs < forMs) {
          pacer.paced(budget.pace(`execution-${n}`, pacer.ownIntervalMs, [`tenant-${n % 3}`]));
          const turn = await budget.take(`execution-${n}`, { class: 'poll' });
          const now = clock.now();
          if (!turn.ok) pacer.failed();
          else if (now >= messageAtMs) {
            late.push(now - messageAtMs);
            messageAtMs += burstEveryMs;
            pacer.messagesArrived();
          } else pacer.nothingNew();
          pacer.paced(budget.pace(`execution-${n}`, pacer.ownIntervalMs, [`tenant-${n % 3}`]));
          await clock.sleep(pacer.jittered((n % 10) / 10));
        }
      })();
    }
    await clock.advance(forMs + 60_000);
    return late.toSorted((a, b) => a - b);
  }

  const inProcess = (limits: CallLimits) => (clock: ManualClock) => createCallBudget({ clock, ...limits });
  const leased = (limits: CallLimits) => (clock: ManualClock) =>
    leasedIsolates({ clock, limits }).budgetOf(0);

  test.each([
    ['Step Functions, in one process', 20, 3_500, inProcess(LIMITS)],
    ['Step Functions, leased', 20, 3_500, leased(LIMITS)],
    ['Things Graph, in one process', 20, 3_500, inProcess(THINGS_GRAPH)],
    ['Things Graph, in one process', 300, 15_100, inProcess(THINGS_GRAPH)],
    ['Things Graph, leased', 300, 15_100, leased(THINGS_GRAPH)],
  ])(
    '%s: with %i executions, 99 % of bursts are noticed at most %i ms late',
    async (_, count, boundMs, budgetOf) => {
      const late = await delays(count, budgetOf);
      expect(late.length).toBeGreaterThan(count);
      expect(late[Math.floor(late.length * 0.99)]).toBeLessThanOrEqual(boundMs);
    },
  );
});
