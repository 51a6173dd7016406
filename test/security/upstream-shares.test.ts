/**
 * Tests tenants that request more than their share of an upstream service: the answers that they get, and how many
 * calls the upstream gets.
 */
import { expect, test } from 'vitest';

import { THINGS_GRAPH_CALLS_PER_SECOND } from '../../src/config.ts';
import { UNKNOWN_IDS_BURST } from '../../src/executions/unknown-executions.ts';
import { CALLS_AT_ONCE } from '../../src/sources/call-budget/call-budget.ts';
import { callAws, exceptionOf } from '../aws-protocol/aws-call.ts';
import { callStates } from '../aws-protocol/states-call.ts';
import { openService, path } from '../http/service-under-test.ts';

const idOf = (name: string) => `urn:tdm:us-west-2/123456789012/default:Workflow:${name}`;
const arnOf = (name: string) => `arn:aws:states:us-west-2:123456789012:execution:Machine:${name}`;

const EXECUTIONS = 90;
const OWNERS = 9;
const SECONDS = 10;

/** Returns the number of upstream calls while many owners follow executions that change each second. */
async function callsFor(thingsGraphCallsPerSecond: number): Promise<number> {
  const service = await openService({ thingsGraphCallsPerSecond });
  const keys = await Promise.all(
    Array.from({ length: OWNERS }, (_, n) => service.key({ owner: `owner ${n}` })),
  );
  const messages = Array.from({ length: 2 * SECONDS }, () => ({ eventType: 'STEP_STARTED', afterMs: 0 }));
  const streams: Response[] = [];
  for (let n = 0; n < EXECUTIONS; n++) {
    await service.script(
      idOf(`running-${n}`),
      messages.map((message, second) => ({ ...message, afterMs: second * 1_000 })),
    );
    streams.push(
      await service.fetch(path(idOf(`running-${n}`)), {
        headers: { 'X-API-Key': keys[n % OWNERS] ?? '', Accept: 'text/event-stream' },
      }),
    );
  }
  await service.clock.advance(SECONDS * 1_000);
  const calls = service.calls();
  await Promise.all(streams.map(async (stream) => stream.body?.cancel()));
  return calls;
}

test('Things Graph gets at most the configured calls a second, plus the burst that the budget allows', async () => {
  const most = CALLS_AT_ONCE + THINGS_GRAPH_CALLS_PER_SECOND * SECONDS;
  expect(await callsFor(1_000)).toBeGreaterThan(most);
  expect(await callsFor(THINGS_GRAPH_CALLS_PER_SECOND)).toBeLessThanOrEqual(most);
});

test('a tenant over its share gets a 429 with Retry-After, or ThrottlingException in both AWS protocols; other tenants are not refused', async () => {
  const service = await openService();
  const greedy = await Promise.all(Array.from({ length: 10 }, () => service.key({ owner: 'greedy' })));
  const other = await service.key({ owner: 'other' });
  const get = (key: string, id: string) => service.fetch(path(id), { headers: { 'X-API-Key': key } });
  let pending = 2 * UNKNOWN_IDS_BURST;
  for (let n = 0; n < 2 * UNKNOWN_IDS_BURST; n++)
    void get(greedy[n % greedy.length] ?? '', idOf(`unknown-${n}`)).finally(() => pending--);
  while (pending > 0) await service.clock.advance(250);

  const key = greedy[0] ?? '';
  const refused = await get(key, idOf('one-more'));
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1);
  expect(await refused.json()).toMatchObject({ code: 'UpstreamShareExceeded' });
  expect(
    await exceptionOf(callAws(service, { key, input: { flowExecutionId: idOf('one-more') } })),
  ).toMatchObject({ name: 'ThrottlingException', status: 400 });
  const states = await callStates(service, 'GetExecutionHistory', {
    key,
    input: { executionArn: arnOf('one-more') },
  });
  expect(states.status).toBe(400);
  expect(JSON.stringify(states.body)).toContain('ThrottlingException');
  expect((await get(other, idOf('one-more'))).status).toBe(404);
});
