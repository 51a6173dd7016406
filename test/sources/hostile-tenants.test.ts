/**
 * Tests that while hostile tenants attack, a victim's reads start within a second, and 98 % of its polls are late by
 * at most one interval.
 */
import { describe, expect, test } from 'vitest';

import {
  CALLS_AT_ONCE,
  CALLS_PER_SECOND,
  type CallBudget,
  createCallBudget,
} from '../../src/sources/call-budget/call-budget.ts';
import { POLL_JITTER } from '../../src/sources/poll-jitter.ts';
import type { CallOrigin } from '../../src/sources/source.ts';
import { leasedIsolates } from '../support/leased-isolates.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

const LIMITS = { callsPerSecond: CALLS_PER_SECOND, callsAtOnce: CALLS_AT_ONCE };
const ISOLATES = 10;
const FOR_MS = 60_000;
const reader = (tenant: string): CallOrigin => ({ class: 'reader', tenant });

/** `budgetOf(n)` is the budget for calls about the n-th execution. */
interface Place {
  readonly clock: ManualClock;
  readonly budgetOf: (n: number) => CallBudget;
}

function inProcess(): Place {
  const clock = new ManualClock();
  const budget = createCallBudget({ clock, ...LIMITS });
  return { clock, budgetOf: () => budget };
}

function acrossIsolates(): Place {
  const clock = new ManualClock();
  const { budgetOf } = leasedIsolates({ clock, limits: LIMITS, isolates: ISOLATES, answerMs: 20 });
  return { clock, budgetOf };
}

/**
 * Polls an execution as long as the test runs. Returns how late each poll was, as a multiple of the poll interval.
 */
function follow({ clock, budgetOf }: Place, n: number, tenant: string, wantedMs = 1_000): number[] {
  const random = seededRandom(n + 1);
  const budget = budgetOf(n);
  const name = `followed by ${tenant} ${n}`;
  const late: number[] = [];
  void (async () => {
    // The owner opens 20 streams a second, as two standard keys allow.
    await clock.sleep(n * 50);
    for (const untilMs = clock.now() + FOR_MS; clock.now() < untilMs;) {
      const intervalMs = budget.pace(name, wantedMs, [tenant]);
      await clock.sleep(intervalMs * (1 - POLL_JITTER * random()));
      const turn = await budget.take(name, { class: 'poll', tenant });
      late.push(turn.ok ? turn.waitedMs / intervalMs : Infinity);
    }
  })();
  return late;
}

/** Reads another execution every `everyMs`. Returns how long each read waited for its turn. */
function read(
  { clock, budgetOf }: Place,
  tenant: string,
  everyMs: number,
  called?: (budget: CallBudget, name: string, left: AbortController) => void,
): number[] {
  const waitedMs: number[] = [];
  void (async () => {
    for (let n = 0, untilMs = clock.now() + FOR_MS; clock.now() < untilMs; n++) {
      const name = `read by ${tenant} ${n}`;
      const budget = budgetOf(n * 7);
      const left = new AbortController();
      const turn = budget.take(name, reader(tenant), left.signal);
      void turn.then((permit) => waitedMs.push(permit.ok ? permit.waitedMs : Infinity));
      called?.(budget, name, left);
      await clock.sleep(everyMs);
    }
  })();
  return waitedMs;
}

const attacks: [string, (at: Place) => void | Promise<void>][] = [
  [
    'follows hundreds of executions and then reads more than the budget allows',
    async (at) => {
      for (let n = 0; n < 400; n++) follow(at, n, 'greedy');
      await at.clock.advance(20_000);
      read(at, 'greedy', 25);
    },
  ],
  [
    'reads with one key and waits for the same calls with the key of another owner',
    (at) => {
      for (const pair of ['a', 'b'])
        read(at, `greedy ${pair}`, 50, (budget, name) =>
          budget.raisePriority(name, reader(`accomplice ${pair}`)),
        );
    },
  ],
  [
    'cancels its calls before they are made',
    (at) => {
      read(at, 'greedy', 10, (_budget, _name, left) => void at.clock.sleep(15).then(() => left.abort()));
    },
  ],
];

describe.each([
  ['in one process', inProcess],
  ['across isolates', acrossIsolates],
])('%s, a tenant that', (_, place) => {
  test.each(attacks)('%s delays neither reads nor polls of another tenant', async (_name, attack) => {
    const at = place();
    const polls = [1, 4].map((n) => follow(at, n, 'victim'));
    await attack(at);
    const reads = read(at, 'victim', 1_000);
    await at.clock.advance(FOR_MS);
    expect(reads.length).toBeGreaterThan(50);
    expect(Math.max(...reads)).toBeLessThan(1_000);
    const late = polls.flat().toSorted((a, b) => a - b);
    expect(late.length).toBeGreaterThan(60);
    expect(late[Math.floor(late.length * 0.98)]).toBeLessThanOrEqual(1);
  });
});
