/** Tests isolates that share one budget by leases. Each isolate polls on its own. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CALLS_AT_ONCE, CALLS_PER_SECOND } from '../../src/sources/call-budget/call-budget.ts';
import { OTHERS } from '../../src/sources/call-budget/demand.ts';
import { TENANTS_NAMED_MAX, boundedCounts } from '../../src/sources/call-budget/leased-budget.ts';
import type { LeaseGrant } from '../../src/sources/call-budget/leases.ts';
import { POLL_JITTER } from '../../src/sources/poll-jitter.ts';
import { leasedIsolates } from '../support/leased-isolates.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

const LIMITS = { callsPerSecond: CALLS_PER_SECOND, callsAtOnce: CALLS_AT_ONCE };

describe('isolates that share a budget', () => {
  /**
   * Lets each isolate follow one execution. The isolate polls at the interval that its budget states, and waits for a
   * turn before each call.
   */
  async function follow(isolates: number, forMs: number, answer?: () => LeaseGrant) {
    const clock = new ManualClock();
    const random = seededRandom();
    const leased = leasedIsolates({ clock, limits: LIMITS, isolates, ...(answer && { answer }) });
    const calls: number[] = [];
    const perIsolate: number[] = [];
    const startMs = clock.now();
    for (const [n, budget] of leased.budgets.entries()) {
      perIsolate.push(0);
      void (async () => {
        while (clock.now() - startMs < forMs) {
          const turn = await budget.take(`execution-${n}`, { class: 'poll' });
          if (turn.ok) {
            calls.push(clock.now() - startMs);
            perIsolate[n] = (perIsolate[n] ?? 0) + 1;
          }
          const intervalMs = budget.pace(`execution-${n}`, 1_000, ['tenant']);
          await clock.sleep(intervalMs * (1 - POLL_JITTER * random()));
        }
      })();
    }
    await clock.advance(forMs);
    return { calls, requests: leased.requests, perIsolate };
  }

  test('poll every second while they are few, and rarely request a lease', async () => {
    const { calls, requests } = await follow(5, 60_000);
    expect(calls.length).toBeGreaterThan(5 * 55);
    expect(requests).toBeLessThan(5 * 10);
  });

  test('stay within the budget if they are many, all get turns, and they request fewer leases than they make calls', async () => {
    const { calls, requests, perIsolate } = await follow(200, 300_000);
    expect(calls.length).toBeLessThanOrEqual(CALLS_AT_ONCE + CALLS_PER_SECOND * 300);
    expect(calls.length).toBeGreaterThan(CALLS_PER_SECOND * 300 * 0.7);
    expect(Math.min(...perIsolate)).toBeGreaterThan(10);
    const later = calls.filter((atMs) => atMs > 60_000).length;
    expect(later).toBeLessThanOrEqual(CALLS_AT_ONCE + CALLS_PER_SECOND * 240);
    expect(requests).toBeLessThan(calls.length * 0.6);
  });

  test('do not let the polls of different executions wait for each other', async () => {
    const clock = new ManualClock();
    const budget = leasedIsolates({ clock, limits: LIMITS }).budgetOf(0);
    const random = seededRandom(14);
    const waitedMs: number[] = [];
    const startMs = clock.now();
    for (const execution of ['a', 'b', 'c']) {
      void (async () => {
        while (clock.now() - startMs < 120_000) {
          const turn = await budget.take(execution, { class: 'poll' });
          if (turn.ok && clock.now() - startMs > 10_000) waitedMs.push(turn.waitedMs);
          // Shorten the interval at random, as a pacer does.
          await clock.sleep(budget.pace(execution, 1_000, [execution]) * (1 - 0.1 * random()));
        }
      })();
    }
    await clock.advance(120_000);
    expect(waitedMs.length).toBeGreaterThan(3 * 110);
    expect(waitedMs.filter((ms) => ms > 50).length).toBeLessThan(waitedMs.length / 20);
  });

  /** The answer of version 0.1.0 of the object. */
  const oldGrant = {
    callsPerSecond: 15,
    calls: 1,
    pollIntervalMs: 1_000,
    validMs: 10_000,
    askAgainMs: 1_000,
  };

  test.each([
    [
      'while the object gives no leases',
      () => {
        throw new Error('the object is overloaded');
      },
    ],
    // Safety: the test needs an answer with the shape of another version.
    ['while the object runs another version', () => oldGrant as unknown as LeaseGrant],
  ])('keep polling slowly without a lease %s', async (_, answer) => {
    const { calls } = await follow(10, 60_000, answer);
    expect(calls.length).toBeGreaterThanOrEqual(10 * 3);
    expect(calls.length).toBeLessThan(10 * 60 * 0.5);
  });
});

describe('an isolate that reads a long history for a stream', () => {
  const POLL = { class: 'poll' } as const;
  const reader = (tenant: string) => ({ class: 'reader', tenant }) as const;

  function underTest() {
    const clock = new ManualClock();
    const leased = leasedIsolates({ clock, limits: LIMITS, answerMs: 20 });
    const budget = leased.budgetOf(0);
    const startMs = clock.now();
    const elapsedMs = () => clock.now() - startMs;
    /**
     * Makes the calls of a poll that finds `pages` unread pages. The first call is a poll; later calls count as reads
     * of the tenant.
     */
    const walk = async (executionId: string, tenant: string, pages: number) => {
      for (let page = 0; page < pages; page++) {
        budget.pace(executionId, 1_000, [tenant]);
        const turn = await budget.take(executionId, page === 0 ? POLL : reader(tenant));
        expect(turn).toMatchObject({ ok: true });
        await clock.sleep(10);
      }
    };
    return { clock, budget, leased, elapsedMs, walk };
  }

  test.each([
    [88, 6_000],
    [250, 16_000],
  ])('lets its poll read %i unread pages as fast as the budget allows', async (pages, withinMs) => {
    const { clock, leased, elapsedMs, walk } = underTest();
    let doneMs = Infinity;
    void walk('long', 'tenant', pages).then(() => (doneMs = elapsedMs()));
    await clock.advance(withinMs);
    expect(doneMs).toBeLessThan(withinMs);
    expect(leased.requests).toBeLessThan(pages);
  });

  test('still serves other tenants within a second while its polls read long histories', async () => {
    const { clock, budget, elapsedMs, walk } = underTest();
    for (let n = 0; n < 10; n++) void walk(`long-${n}`, 'greedy', 1_000);
    const waitedMs: number[] = [];
    void (async () => {
      while (elapsedMs() < 40_000) {
        const turn = await budget.take('other', reader('other'));
        if (turn.ok) waitedMs.push(turn.waitedMs);
        await clock.sleep(500);
      }
    })();
    await clock.advance(40_000);
    expect(waitedMs.length).toBeGreaterThan(40);
    expect(Math.max(...waitedMs)).toBeLessThan(1_000);
  });

  test('does not delay a read that shares its call with a poll', async () => {
    const { clock, budget } = underTest();
    const executions = ['a', 'b', 'c', 'd'];
    for (const id of executions) budget.pace(id, 1_000, [id]);
    for (const id of executions) void budget.take(id, POLL);
    // After these 6 s, the isolate no longer gets single calls in advance.
    await clock.advance(6_000);
    // Retries use up the leased rate.
    for (let n = 0; n < 5; n++) budget.spent(POLL);
    const waitedMs: number[] = [];
    const read = async (id: string) => {
      const turn = await budget.take(id, reader(id));
      if (turn.ok) waitedMs.push(turn.waitedMs);
    };
    // Another reader causes a lease request and leaves while it is in flight.
    const left = new AbortController();
    void budget.take('other', reader('other'), left.signal);
    for (const id of executions) {
      void read(id);
      budget.raisePriority(id, POLL);
    }
    left.abort();
    await clock.advance(2_000);
    expect(waitedMs).toHaveLength(4);
    expect(Math.max(...waitedMs)).toBeLessThan(250);
  });
});

test('a lease request merges the tenants with the most waiting calls if it cannot name all tenants, and counts every call', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 100 }), (calls) => {
      const waiting = new Map(calls.map((count, n) => [`tenant-${n}`, count]));
      const counts = boundedCounts(waiting);
      const named = counts.filter(([tenant]) => tenant !== OTHERS);
      expect(named).toHaveLength(Math.min(TENANTS_NAMED_MAX, waiting.size));
      expect(counts.reduce((sum, [, count]) => sum + count, 0)).toBe(calls.reduce((a, b) => a + b, 0));
      const names = new Set(named.map(([tenant]) => tenant));
      const merged = [...waiting].filter(([tenant]) => !names.has(tenant)).map(([, count]) => count);
      expect(Math.min(...merged)).toBeGreaterThanOrEqual(Math.max(...named.map(([, count]) => count)));
    }),
    { examples: [[[...Array.from({ length: 33 }, () => 50), 1]]] },
  );
});
