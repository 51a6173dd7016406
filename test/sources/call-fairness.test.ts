/**
 * Tests how the calls of one tenant affect another tenant with the same budget, within a process and across isolates.
 */
import { describe, expect, test } from 'vitest';
import {
  CALLS_AT_ONCE,
  CALLS_PER_SECOND,
  type CallBudget,
  createCallBudget,
  TURN_MS_MAX,
  type Permit,
} from '../../src/sources/call-budget/call-budget.ts';
import { Leases } from '../../src/sources/call-budget/leases.ts';
import type { WaitingCalls } from '../../src/sources/call-budget/single-calls.ts';
import type { CallOrigin } from '../../src/sources/source.ts';
import { leasedIsolates } from '../support/leased-isolates.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';

const LIMITS = { callsPerSecond: CALLS_PER_SECOND, callsAtOnce: CALLS_AT_ONCE };
const POLL: CallOrigin = { class: 'poll' };
const reader = (tenant: string): CallOrigin => ({ class: 'reader', tenant });

/** Requests permits at a steady rate for some time. Returns all permits, granted or refused. */
async function callEvery(
  { clock, budget }: { readonly clock: ManualClock; readonly budget: () => CallBudget },
  { everyMs, forMs, origin }: { everyMs: number; forMs: number; origin: CallOrigin },
): Promise<Permit[]> {
  const turns: Promise<Permit>[] = [];
  let number = 0;
  for (let atMs = 0; atMs < forMs; atMs += everyMs) {
    turns.push(budget().take(`${number++}`, origin));
    await clock.sleep(everyMs);
  }
  return Promise.all(turns);
}

async function inTime<T>(clock: ManualClock, work: Promise<T>, forMs: number): Promise<T> {
  await clock.advance(forMs);
  return work;
}

const refusals = (turns: readonly Permit[]) => turns.flatMap((turn) => (turn.ok ? [] : [turn.because]));
const longestMs = (turns: readonly Permit[]) =>
  Math.max(...turns.map((turn) => (turn.ok ? turn.waitedMs : Infinity)));

function inProcess(callsPerSecond = CALLS_PER_SECOND) {
  const clock = new ManualClock();
  const budget = createCallBudget({ clock, callsPerSecond, callsAtOnce: CALLS_AT_ONCE });
  return { clock, budget: () => budget };
}

/** Spreads calls round-robin over isolates, as calls about different executions are spread. */
function acrossIsolates(isolates: number) {
  const clock = new ManualClock();
  const { budgetOf } = leasedIsolates({ clock, limits: LIMITS, isolates });
  let next = 0;
  return { clock, budget: () => budgetOf(next++) };
}

describe.each([
  ['in one process', () => inProcess()],
  ['across ten isolates', () => acrossIsolates(10)],
])('a tenant that requests more than the whole budget, %s,', (_, place) => {
  test('delays the reads of another tenant by less than a second, and is refused for exceeding its share', async () => {
    const under = place();
    const flood = callEvery(under, { everyMs: 40, forMs: 60_000, origin: reader('greedy') });
    const victim = callEvery(under, { everyMs: 1_000, forMs: 60_000, origin: reader('victim') });
    const [greedy, reads] = await inTime(under.clock, Promise.all([flood, victim]), 80_000);
    expect(refusals(reads)).toEqual([]);
    expect(longestMs(reads)).toBeLessThan(1_000);
    expect(new Set(refusals(greedy))).toEqual(new Set(['share-exceeded']));
    // The greedy tenant gets what the victim leaves: about 14 calls a second.
    expect(greedy.length - refusals(greedy).length).toBeGreaterThan(
      CALLS_AT_ONCE + 60 * (CALLS_PER_SECOND - 2),
    );
  });

  test('gets the whole budget if it is alone, and is refused because the budget is exhausted', async () => {
    const under = place();
    const turns = await inTime(
      under.clock,
      callEvery(under, { everyMs: 30, forMs: 30_000, origin: reader('alone') }),
      50_000,
    );
    expect(new Set(refusals(turns))).toEqual(new Set(['exhausted']));
    expect(turns.length - refusals(turns).length).toBeGreaterThan(
      CALLS_AT_ONCE + CALLS_PER_SECOND * 30 * 0.9,
    );
  });
});

describe('in one process', () => {
  test('polls never wait for reads, and reads never wait for background work', async () => {
    const { clock, budget } = inProcess();
    for (let n = 0; n < CALLS_AT_ONCE; n++) await budget().take('spent', POLL);
    const order: string[] = [];
    const note = (name: string, turn: Promise<Permit>) =>
      void turn.then(({ ok }) => order.push(ok ? name : 'refused'));
    note('background', budget().take('a', { class: 'background' }));
    for (const n of [1, 2]) note(`read ${n}`, budget().take('b', reader('tenant')));
    note('poll', budget().take('c', POLL));
    await clock.advance(500);
    expect(order).toEqual(['poll', 'read 1', 'read 2', 'background']);
  });

  test('polls wait at most 2 s in a budget of one call a second, even while reads wait', async () => {
    const { clock, budget } = inProcess(1);
    for (let n = 0; n < CALLS_AT_ONCE; n++) await budget().take('spent', reader('tenant'));
    for (let n = 0; n < 10; n++) void budget().take(`${n}`, reader('tenant'));
    const polls = callEvery({ clock, budget }, { everyMs: 2_000, forMs: 8_000, origin: POLL });
    expect(longestMs(await inTime(clock, polls, 20_000))).toBeLessThanOrEqual(2_000);
  });

  test('a poll that shares a call with a greedy tenant raises the priority of that call', async () => {
    const { clock, budget } = inProcess();
    for (let n = 0; n < CALLS_AT_ONCE; n++) await budget().take('spent', POLL);
    for (let n = 0; n < 100; n++) void budget().take(`flow-${n}`, reader('greedy'));
    const shared = budget().take('followed', reader('greedy'));
    budget().raisePriority('followed', POLL);
    await clock.advance(300);
    expect(await Promise.race([shared, settle()])).toMatchObject({ ok: true });
  });

  test('a tenant with a single waiting call is never refused for exceeding its share', async () => {
    const { clock, budget } = inProcess(1);
    for (let n = 0; n < CALLS_AT_ONCE; n++) await budget().take('spent', POLL);
    const turns = Array.from({ length: 20 }, (_, n) => budget().take('id', reader(`tenant-${n}`)));
    expect(new Set(refusals(await inTime(clock, Promise.all(turns), 2 * TURN_MS_MAX)))).toEqual(
      new Set(['exhausted']),
    );
  });

  test('a tenant that follows 150 executions and reads 5 pages a second of these and of 50 other executions is never refused', async () => {
    const { clock, budget } = inProcess();
    const polls: Permit[] = [];
    const until = clock.now() + 60_000;
    for (let n = 0; n < 150; n++) {
      void (async () => {
        let intervalMs = 0;
        while (clock.now() < until) {
          // The first page counts as a read, and later pages count as polls.
          polls.push(await budget().take(`flow-${n}`, intervalMs === 0 ? reader('tenant') : POLL));
          intervalMs = budget().pace(`flow-${n}`, 1_000, ['tenant']);
          await clock.sleep(intervalMs);
        }
      })();
    }
    // Only pages of the 50 executions that are not followed cost a call: a quarter of 5 pages a second, so one each
    // 800 ms.
    const pages = callEvery({ clock, budget }, { everyMs: 800, forMs: 60_000, origin: reader('tenant') });
    const turns = await inTime(clock, pages, 80_000);
    expect(refusals([...turns, ...polls])).toEqual([]);
    expect(polls.length).toBeGreaterThan(60 * 7);
  });
});

describe('leases', () => {
  const waiting = (calls: Partial<WaitingCalls>): WaitingCalls => ({
    polls: 0,
    readers: [],
    background: 0,
    soon: 0,
    ...calls,
  });
  const openLeases = () => {
    const made = new Leases({ nowMs: 0, limits: LIMITS });
    const ask = (holder: string, calls: Partial<WaitingCalls>, nowMs: number) =>
      made.renew({ holder, limits: LIMITS, demand: [], waiting: waiting(calls) }, nowMs).grant;
    ask('spender', { polls: CALLS_AT_ONCE }, 0);
    return ask;
  };

  test('reserve the turns of tenants whose calls wait in another isolate', () => {
    const ask = openLeases();
    expect(ask('a', { readers: [['greedy', 100]] }, 0).calls).toBe(0);
    expect(ask('b', { readers: [['victim', 1]] }, 0).calls).toBe(0);
    // Four new calls are available by now, and one of them is reserved for the victim.
    expect(ask('a', { readers: [['greedy', 100]] }, 267).calls).toBe(3);
    expect(ask('b', { readers: [['victim', 1]] }, 267).calls).toBe(1);
  });

  test('are given to more tenants than the burst has calls, even if each tenant is in its own isolate', () => {
    const ask = openLeases();
    const served = new Set<string>();
    for (let nowMs = 0; nowMs < 15_000; nowMs += 1_000) {
      for (let n = 0; n < CALLS_AT_ONCE + 10; n++) {
        const { calls } = ask(`isolate ${n}`, { readers: [[`tenant ${n}`, 10]] }, nowMs);
        if (calls > 0) served.add(`tenant ${n}`);
      }
    }
    expect(served.size).toBeGreaterThan(CALLS_AT_ONCE);
  });

  test('reserve nothing for isolates that no longer request leases', () => {
    const ask = openLeases();
    ask('b', { readers: [['victim', 100]] }, 0);
    expect(ask('a', { readers: [['greedy', 100]] }, 1_000).calls).toBe(8);
    expect(ask('a', { readers: [['greedy', 100]] }, 2_000).calls).toBe(22);
  });

  test('serve polls first, and hardly any background work or expected calls while a reader waits in any isolate', () => {
    const ask = openLeases();
    const waiting = { polls: 3, readers: [['tenant', 9]], background: 5, soon: 7 } as const;
    expect(ask('a', waiting, 400)).toMatchObject({ pollCalls: 3, calls: 3 });
    expect(ask('b', { background: 5, soon: 7 }, 800).calls).toBe(1);
    expect(ask('a', { readers: [['tenant', 3]] }, 1_000).calls).toBe(3);
    expect(ask('b', { background: 5, soon: 7 }, 2_000).calls).toBe(12);
  });

  test('name the tenants whose readers have called lately, at most two', () => {
    const ask = openLeases();
    for (const tenant of ['a', 'b', 'c', 'b']) ask(`holder of ${tenant}`, { readers: [[tenant, 1]] }, 1_000);
    expect(ask('other', {}, 2_000).called).toEqual(['c', 'b']);
    expect(ask('other', {}, 12_000).called).toEqual([]);
  });
});

test('a call that two tenants share is charged to the tenant that caused it, across isolates', async () => {
  const clock = new ManualClock();
  const limits = { callsPerSecond: 10, callsAtOnce: 20 };
  const { budgetOf } = leasedIsolates({ clock, limits, isolates: 4 });
  const untilMs = clock.now() + 20_000;
  const calls = { greedy: 0, victim: 0, other: 0, shared: 0 };
  for (const [isolate, tenant] of (['greedy', 'victim', 'other'] as const).entries()) {
    const budget = budgetOf(isolate);
    for (let n = 0; n < 8; n++) {
      void (async () => {
        while (clock.now() < untilMs) if ((await budget.take(`${n}`, reader(tenant))).ok) calls[tenant]++;
      })();
    }
  }
  const another = budgetOf(3);
  while (clock.now() < untilMs) {
    void another.take('shared', reader('greedy')).then(({ ok }) => ok && calls.shared++);
    another.raisePriority('shared', reader('victim'));
    await clock.advance(500);
  }
  expect(calls.shared).toBeGreaterThan(35);
  // Each tenant is charged for a third of all calls.
  const third = (limits.callsAtOnce + 200) / 3;
  for (const paid of [calls.greedy + calls.shared, calls.victim, calls.other])
    expect(Math.abs(paid - third)).toBeLessThan(10);
});
