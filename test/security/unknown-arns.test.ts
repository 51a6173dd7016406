/**
 * One tenant asks, as fast as two standard keys may, for summaries of Step Functions executions that do not exist: more calls than the
 * account's budget has. Another tenant reads and follows meanwhile, on workerd and on Deno. Judged by the calls that the upstream
 * gets, not by time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CALLS_AT_ONCE, CALLS_PER_SECOND } from '../../src/sources/call-budget/call-budget.ts';
import type { Statistics } from '../../src/emulator/call-statistics.ts';
import { DenoWorld, newKey } from '../deno/deno-process.ts';
import { openStepFunctionsWorld } from '../step-functions/step-functions-world.ts';
import { eventually } from '../support/eventually.ts';
import { messagesPath } from '../support/on-workerd.ts';
import { StreamReader } from '../support/sse-reader.ts';

/** Each of the two keys: within the rate of a standard key. */
const SUMMARIES_PER_SECOND = 9.5;
/** Until the saved calls are used up and the tenant's queue is long. */
const ATTACK_SECONDS = 40;
/** When a queue has formed: from then on the other tenant's reads are judged. */
const QUEUED_AFTER_SECONDS = 25;
/** Calls for the attacker during most of the other tenant's reads. Behind the attacker's queue it would be most of that queue. */
const ATTACKER_CALLS_MAX = CALLS_PER_SECOND;
const EVENTS = 30;

const arnOf = (name: string) => `arn:aws:states:us-west-2:123456789012:execution:Machine:${name}`;

interface Service {
  readonly url: string;
  readonly emulatorUrl: string;
  key(members: { readonly owner: string; readonly tier: 'standard' | 'high' }): Promise<string>;
  stats(): Statistics;
  close(): Promise<void>;
}

const services = {
  async workerd(): Promise<Service> {
    const world = await openStepFunctionsWorld();
    return {
      url: world.url.href,
      emulatorUrl: world.upstream.url,
      key: (members) => world.key(members),
      stats: () => world.stats(),
      close: () => world.close(),
    };
  },
  async Deno(): Promise<Service> {
    const world = await DenoWorld.create();
    const { url } = await world.start({
      STORE_PATH: ':memory:',
      AWS_ENDPOINT_URL_SFN: world.emulator.url,
      SFN_ALLOWED: 'us-west-2:123456789012',
    });
    return {
      url,
      emulatorUrl: world.emulator.url,
      key: (members) => newKey(url, members),
      stats: () => world.emulator.emulator.stats(),
      close: () => world.end(),
    };
  },
};

describe.each(Object.entries(services))('summaries of unknown ARNs on %s', (_name, start) => {
  let service: Service;
  beforeAll(async () => {
    service = await start();
  });
  afterAll(() => service.close());

  const get = (path: string, key: string, accept = 'application/json') =>
    fetch(new URL(path, service.url), { headers: { 'X-API-Key': key, Accept: accept } });
  const script = async (name: string, afterMs: number) => {
    const events = Array.from({ length: EVENTS }, (__, n) => ({
      type: n === 0 ? 'ExecutionStarted' : 'PassStateEntered',
      afterMs: n * afterMs,
    }));
    const body = JSON.stringify({ executionArn: arnOf(name), events });
    const response = await fetch(`${service.emulatorUrl}/_emulator/executions`, { method: 'POST', body });
    expect(response.status).toBe(200);
  };
  const attackCalls = () =>
    Object.entries(service.stats().byExecution).flatMap(([id, { calls }]) =>
      id.includes(':unknown-') ? [calls] : [],
    );

  test('cost one call each, within the budget, and another tenant reads and follows meanwhile', async () => {
    const attackers = await Promise.all(
      [1, 2].map(() => service.key({ owner: 'attacker', tier: 'standard' })),
    );
    const victim = await service.key({ owner: 'victim', tier: 'high' });
    await script('read', 0);
    await script('followed', (ATTACK_SECONDS * 1_000) / EVENTS);
    const stream = new StreamReader(
      (await get(messagesPath(arnOf('followed')), victim, 'text/event-stream')).body,
    );
    void stream.readAll();
    const beganAtMs = Date.now();
    const secondsSince = () => (Date.now() - beganAtMs) / 1000;

    const attack = Promise.all(
      attackers.flatMap((key, attacker) =>
        Array.from({ length: SUMMARIES_PER_SECOND * ATTACK_SECONDS }, async (__, n) => {
          await sleep((n * 1_000) / SUMMARIES_PER_SECOND);
          const arn = arnOf(`unknown-${attacker}-${n}`);
          const response = await get(`/v1/executions/${encodeURIComponent(arn)}`, key);
          const { code } = (await response.json()) as { code: string };
          return code;
        }),
      ),
    );
    const attackerCalls: number[] = [];
    while (secondsSince() < ATTACK_SECONDS) {
      const [before, atSeconds] = [attackCalls().length, secondsSince()];
      expect((await get(messagesPath(arnOf('read'), 'maxResults=1'), victim)).status).toBe(200);
      if (atSeconds > QUEUED_AFTER_SECONDS) attackerCalls.push(attackCalls().length - before);
      await sleep(1_100);
    }
    const [{ calls, throttled }, tookSeconds] = [service.stats(), secondsSince()];
    const codes = new Set(await attack);

    // Of most reads, since a busy machine delays some.
    const median = attackerCalls.toSorted((a, b) => a - b)[Math.floor(attackerCalls.length / 2)];
    expect(median).toBeLessThanOrEqual(ATTACKER_CALLS_MAX);
    expect(Math.max(...attackCalls())).toBe(1);
    expect(calls).toBeLessThanOrEqual(CALLS_AT_ONCE + CALLS_PER_SECOND * (tookSeconds + 1));
    expect(throttled).toBe(0);
    for (const code of codes)
      expect(['ResourceNotFoundException', 'UpstreamShareExceeded', 'RateLimitExceeded']).toContain(code);
    await eventually(() =>
      expect(stream.events.filter(({ event }) => event === 'message')).toHaveLength(EVENTS),
    );
    const followed = stream.events
      .filter(({ event }) => event === 'message')
      .map(({ data }) => (JSON.parse(data) as { messageId: string }).messageId);
    expect(followed).toEqual(Array.from({ length: EVENTS }, (__, n) => String(n + 1)));
    await stream.cancel();
  });
});
