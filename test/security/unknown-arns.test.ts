/**
 * One tenant requests summaries of Step Functions executions that do not exist, as fast as two standard keys allow.
 * This needs more calls than the account's budget has. During this attack, another tenant reads and follows
 * executions. Runs with the budget of one process, as on Deno, and with a leased budget, as on Workers. The tests
 * count the calls that the upstream gets.
 */
import { expect, test } from 'vitest';

import {
  CALLS_AT_ONCE,
  CALLS_PER_SECOND,
  type CallBudget,
  type CallLimits,
  createCallBudget,
} from '../../src/sources/call-budget/call-budget.ts';
import { openService, path } from '../http/service-under-test.ts';
import { leasedIsolates } from '../support/leased-isolates.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { StreamReader } from '../support/sse-reader.ts';

/** The rate of each of the two keys, just below the limit of a standard key. */
const SUMMARIES_PER_SECOND = 9.5;
/** Long enough to use up the calls that the budget has saved, and to fill the attacker's queue. */
const ATTACK_MS = 40_000;
/** After this time the attacker's queue has formed, and the test starts to measure the other tenant's reads. */
const QUEUED_AFTER_MS = 25_000;
const READ_EVERY_MS = 1_100;
/**
 * The most calls for the attacker during one read of the other tenant. If the read waited behind the attacker's
 * queue, there would be far more.
 */
const ATTACKER_CALLS_MAX = CALLS_PER_SECOND;
/** Time for the attacker's last queued calls to be made or refused. */
const REST_MS = 60_000;
const EVENTS = 30;

const arnOf = (name: string) => `arn:aws:states:us-west-2:123456789012:execution:Machine:${name}`;

type OpenBudget = (clock: ManualClock, limits: CallLimits) => CallBudget;

const budgets: Record<string, OpenBudget> = {
  'one process': (clock, limits) => createCallBudget({ clock, ...limits }),
  'an isolate with a lease': (clock, limits) => leasedIsolates({ clock, limits }).budgetOf(0),
};

test.each(Object.entries(budgets))(
  'summaries of unknown ARNs cost at most one call each and stay within the budget of %s, while another tenant is served',
  async (_name, openBudget) => {
    const clock = new ManualClock();
    const service = await openService(
      {},
      { clock, platform: { callBudget: (__, limits) => openBudget(clock, limits) } },
    );
    const get = (id: string, key: string, resource: string, query = '', accept = 'application/json') =>
      service.fetch(path(id, query, resource), { headers: { 'X-API-Key': key, Accept: accept } });
    const script = (name: string, afterMs: number) => {
      const events = Array.from({ length: EVENTS }, (__, n) => ({
        type: n === 0 ? 'ExecutionStarted' : 'PassStateEntered',
        afterMs: n * afterMs,
      }));
      return service.control('/executions', { executionArn: arnOf(name), events });
    };
    const attackCalls = () =>
      Object.entries(service.emulator.stats().byExecution).flatMap(([id, { calls }]) =>
        id.includes(':unknown-') ? [calls] : [],
      );

    const attackers = await Promise.all(
      [1, 2].map(() => service.key({ owner: 'attacker', tier: 'standard' })),
    );
    const victim = await service.key({ owner: 'victim', tier: 'high' });
    await script('read', 0);
    await script('followed', ATTACK_MS / EVENTS);
    const stream = new StreamReader(
      (await get(arnOf('followed'), victim, '/messages', '', 'text/event-stream')).body,
    );
    void stream.readAll();

    const attack = Promise.all(
      attackers.flatMap((key, attacker) =>
        Array.from({ length: (SUMMARIES_PER_SECOND * ATTACK_MS) / 1_000 }, async (__, n) => {
          await clock.sleep((n * 1_000) / SUMMARIES_PER_SECOND);
          const response = await get(arnOf(`unknown-${attacker}-${n}`), key, '');
          const { code } = (await response.json()) as { code: string };
          return code;
        }),
      ),
    );
    const attackerCalls: number[] = [];
    const reads = (async () => {
      const endMs = clock.now() + ATTACK_MS;
      const judgedFromMs = clock.now() + QUEUED_AFTER_MS;
      while (clock.now() < endMs) {
        const [before, atMs] = [attackCalls().length, clock.now()];
        expect((await get(arnOf('read'), victim, '/messages', 'maxResults=1')).status).toBe(200);
        if (atMs > judgedFromMs) attackerCalls.push(attackCalls().length - before);
        await clock.sleep(READ_EVERY_MS);
      }
    })();
    await clock.advance(ATTACK_MS);
    const { calls } = service.emulator.stats();
    await clock.advance(REST_MS);
    await reads;

    expect(attackerCalls.length).toBeGreaterThan(0);
    expect(Math.max(...attackerCalls)).toBeLessThanOrEqual(ATTACKER_CALLS_MAX);
    expect(Math.max(...attackCalls())).toBe(1);
    expect(calls).toBeLessThanOrEqual(CALLS_AT_ONCE + (CALLS_PER_SECOND * ATTACK_MS) / 1_000);
    expect(service.emulator.stats().throttled).toBe(0);
    const codes = new Set(await attack);
    for (const code of codes)
      expect(['ResourceNotFoundException', 'UpstreamShareExceeded', 'RateLimitExceeded']).toContain(code);
    expect(codes).toContain('UpstreamShareExceeded');
    const followed = stream.events
      .filter(({ event }) => event === 'message')
      .map(({ data }) => (JSON.parse(data) as { messageId: string }).messageId);
    expect(followed).toEqual(Array.from({ length: EVENTS }, (__, n) => String(n + 1)));
    await stream.cancel();
  },
);
