/** Tests that a budget that suffices for all polls does not make them wait for turns. */
import { describe, expect, test } from 'vitest';

import { type CallBudget, createCallBudget } from '../../src/sources/call-budget/call-budget.ts';
import { Pacer } from '../../src/executions/following/pacer.ts';
import { leasedIsolates } from '../support/leased-isolates.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** At first all executions are polled often. After this time only the busy ones are. */
const SETTLED_MS = 20_000;
const FOR_MS = 100_000;
const THINGS_GRAPH = { callsPerSecond: 30, callsAtOnce: 100 };

const budgets: [string, (clock: ManualClock) => CallBudget][] = [
  ['of one process', (clock) => createCallBudget({ clock, ...THINGS_GRAPH })],
  ['leased by an isolate', (clock) => leasedIsolates({ clock, limits: THINGS_GRAPH }).budgetOf(0)],
];

/**
 * Returns how long the polls of busy executions wait for their turns, in ascending order. Busy executions get a
 * message with each poll. All other executions are silent.
 */
async function waits(budget: CallBudget, clock: ManualClock, busy: number, executions: number) {
  const random = seededRandom(7);
  const startMs = clock.now();
  const waitedMs: number[] = [];
  for (let n = 0; n < executions; n++) {
    void (async () => {
      const pacer = new Pacer();
      const pace = () => pacer.paced(budget.pace(`execution-${n}`, pacer.ownIntervalMs, ['tenant']));
      await clock.sleep(n * 20);
      while (clock.now() - startMs < FOR_MS) {
        pace();
        const beganAtMs = clock.now();
        const turn = await budget.take(`execution-${n}`, { class: 'poll' });
        if (!turn.ok) pacer.throttled();
        else if (n < busy) pacer.messagesArrived();
        else pacer.nothingNew();
        if (turn.ok && n < busy && clock.now() - startMs > SETTLED_MS) waitedMs.push(turn.waitedMs);
        pace();
        await clock.sleep(beganAtMs + pacer.jittered(random()) - clock.now());
      }
    })();
  }
  await clock.advance(FOR_MS);
  return waitedMs.toSorted((a, b) => a - b);
}

describe.each(budgets)('within a sufficient budget %s, the polls of', (_, budgetOf) => {
  test.each([
    [1, 1],
    [2, 9],
    [20, 20],
    [10, 100],
  ])('%i busy executions among %i do not wait for turns', async (busy, executions) => {
    const clock = new ManualClock();
    const waitedMs = await waits(budgetOf(clock), clock, busy, executions);
    expect(waitedMs.length).toBeGreaterThan(busy * 50);
    expect(waitedMs[Math.floor(waitedMs.length * 0.99)]).toBeLessThanOrEqual(100);
  });
});
