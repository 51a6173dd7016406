/**
 * One tenant requests hundreds of upstream reads at the same time over HTTP. The order in which calls reach the
 * upstream shows whether another tenant's read is served in its turn. Runs with the budget of one process, and with a
 * budget that isolates lease, as on Workers.
 */
import { expect, test } from 'vitest';

import type { Platform } from '../../src/compose.ts';
import {
  type CallBudget,
  type CallLimits,
  createCallBudget,
} from '../../src/sources/call-budget/call-budget.ts';
import { openService, path, type ServiceUnderTest } from '../http/service-under-test.ts';
import { leasedIsolates } from '../support/leased-isolates.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { bearer } from './tenants.ts';

const CALLS_PER_SECOND = 15;
const EXECUTIONS = 400;
const KEYS = 10;
const REQUESTS = 1_600;
const ISOLATES = 5;

type BudgetOf = Platform['callBudget'];

/**
 * Returns a budget that passes each call to the isolate of its execution. On Workers, executions are objects that are
 * spread over isolates.
 */
function acrossIsolates(clock: ManualClock, limits: CallLimits): CallBudget {
  const { budgetOf } = leasedIsolates({ clock, limits, isolates: ISOLATES });
  const isolateOf = (executionId: string): CallBudget => budgetOf(Number(/\d*$/.exec(executionId)?.[0]));
  return {
    take: (id, origin, signal) => isolateOf(id).take(id, origin, signal),
    raisePriority: (id, origin) => isolateOf(id).raisePriority(id, origin),
    spent: (origin) => budgetOf(0).spent(origin),
    giveBack: () => budgetOf(0).giveBack(),
    pace: (id, wantedMs, tenants) => isolateOf(id).pace(id, wantedMs, tenants),
  };
}

async function open(budgetOf: (clock: ManualClock) => BudgetOf) {
  const clock = new ManualClock();
  /** The ids of executions, in the order in which calls about them reach the upstream. */
  const calls: string[] = [];
  const service: ServiceUnderTest = await openService(
    { thingsGraphCallsPerSecond: CALLS_PER_SECOND },
    {
      clock,
      platform: {
        callBudget: budgetOf(clock),
        fetch: async (url, init) => {
          calls.push(JSON.parse(await new Response(init.body).text()).flowExecutionId);
          return service.emulator.fetch(new Request(url, init));
        },
      },
    },
  );
  return { service, clock, calls };
}

test.each<[string, (clock: ManualClock) => BudgetOf, number, number]>([
  // Calls of the greedy tenant might already be next when the victim's read arrives.
  ['a process', (clock) => (_, limits) => createCallBudget({ clock, ...limits }), 2, 0],
  // Each isolate might first make calls that it has leased for the greedy tenant. The last call that waits in an
  // isolate is never refused for the tenant's share. If it waits too long, its readers get a 503.
  ['isolates', (clock) => (_, limits) => acrossIsolates(clock, limits), 2 * ISOLATES, 2 * ISOLATES],
])(
  'with the budget of %s, a tenant’s read is made after at most a few calls of another tenant, however many calls of that tenant wait',
  async (_, budgetOf, turns, lastOnes) => {
    const { service, clock, calls } = await open(budgetOf);
    const greedy = await Promise.all(Array.from({ length: KEYS }, () => service.key({ owner: 'greedy' })));
    const victim = await service.key({ owner: 'victim' });
    const ids = Array.from({ length: EXECUTIONS }, (__, n) => `greedy-${n}`);
    const messages = [{ eventType: 'EXECUTION_STARTED' }, { eventType: 'STEP_STARTED' }];
    for (const id of [...ids, 'victim-1']) await service.script(id, messages);
    const read = (key: string, id: string) => service.fetch(path(id, 'last=1'), { headers: bearer(key) });
    // Requests for unknown ids have their own limit. So read each id once, and wait until these answers are no
    // longer fresh.
    for (const [n, id] of ['victim-1', ...ids].entries()) {
      const known = read(n === 0 ? victim : (greedy[n % KEYS] ?? ''), id);
      await clock.advance(1_000 / CALLS_PER_SECOND);
      expect((await known).status).toBe(200);
    }
    await clock.advance(60_000);

    const attack = () =>
      Array.from({ length: REQUESTS / 2 }, (__, n) =>
        read(greedy[n % KEYS] ?? '', ids[n % EXECUTIONS] ?? ''),
      );
    void attack();
    // By now the calls that the budget had saved are used up, and the greedy tenant's queue is full.
    await clock.advance(2_000);
    const before = calls.length;
    const answer = read(victim, 'victim-1');
    while (!calls.includes('victim-1', before)) await clock.advance(50);
    expect(calls.indexOf('victim-1', before) - before).toBeLessThanOrEqual(turns);
    expect((await answer).status).toBe(200);

    // The victim reads once a second while the attack continues.
    const answers: Response[] = [];
    const reads: Promise<Response>[] = [];
    for (const one of attack()) void one.then((response) => answers.push(response));
    while (answers.length < REQUESTS / 2) {
      reads.push(read(victim, 'victim-1'));
      await clock.advance(1_000);
    }
    for (const one of await Promise.all(reads)) expect(one.status).toBe(200);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(REQUESTS / 4);
    const exceeded = refused.filter(({ status }) => status === 429);
    expect(refused.length - exceeded.length).toBeLessThanOrEqual(lastOnes);
    for (const response of exceeded) {
      expect(Number(response.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1);
      expect(await response.json()).toMatchObject({ code: 'UpstreamShareExceeded' });
    }
  },
);
