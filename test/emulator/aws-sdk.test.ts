/** AWS's own JavaScript client reads from the emulator over a socket. Only its endpoint and its clock are changed. */
import {
  IoTThingsGraphClient,
  ListFlowExecutionMessagesCommand,
  paginateListFlowExecutionMessages,
  type FlowExecutionMessage,
  type IoTThingsGraphClientConfig,
} from '@aws-sdk/client-iotthingsgraph';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startEmulatorServer, type EmulatorServer } from '../../src/emulator/server/node-server.ts';
import { SCENARIOS, scenarioHistory, scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import type { ScenarioName } from '../../src/emulator/scenarios/scenario.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { CREDENTIALS, START_MS, UUID } from './signed-call.ts';

const clock = new ManualClock(START_MS);
let server: EmulatorServer;
const clients: IoTThingsGraphClient[] = [];

beforeAll(async () => {
  server = await startEmulatorServer({ port: 0, credentials: CREDENTIALS, clock });
});
afterEach(() => {
  for (const created of clients.splice(0)) created.destroy();
});
afterAll(() => server.close());

function client(config: Partial<IoTThingsGraphClientConfig> = {}): IoTThingsGraphClient {
  const created = new IoTThingsGraphClient({
    endpoint: server.url,
    region: 'us-west-2',
    credentials: CREDENTIALS,
    maxAttempts: 1,
    // Makes the client sign with the emulator's clock, which only tests advance.
    systemClockOffset: clock.now() - Date.now(),
    ...config,
  });
  clients.push(created);
  return created;
}

async function readAll(flowExecutionId: string, pageSize: number): Promise<FlowExecutionMessage[]> {
  const messages: FlowExecutionMessage[] = [];
  for await (const page of paginateListFlowExecutionMessages(
    { client: client(), pageSize },
    { flowExecutionId },
  )) {
    messages.push(...(page.messages ?? []));
  }
  return messages;
}

/** Makes a call with this configuration. Returns its error, or the name `none` if it succeeds. */
const refusal = async (config: Partial<IoTThingsGraphClientConfig>, input: object = {}) =>
  client(config)
    .send(new ListFlowExecutionMessagesCommand({ flowExecutionId: idOf('CloudFlow'), ...input }))
    .then(
      () => ({ name: 'none' }),
      (error: Error & { $metadata?: { httpStatusCode?: number } }) => ({
        name: error.name,
        status: error.$metadata?.httpStatusCode,
        class: error.constructor.name,
      }),
    );

/** An execution that started an hour ago, so every scenario with an end has ended. */
const idOf = (name: ScenarioName) => scenarioId(name, START_MS - 3_600_000, 'Trigger', UUID);

describe('@aws-sdk/client-iotthingsgraph', () => {
  it.each(SCENARIOS.map(({ name }) => name))('reads %s to its end with its paginator', async (name) => {
    const view = scenarioHistory(idOf(name))?.at(clock.now());
    const expected = Array.from({ length: view?.count ?? 0 }, (_, position) => {
      const { timestamp = 0, ...message } = view?.message(position) ?? {};
      return { ...message, timestamp: new Date(Math.round(timestamp * 1000)) };
    });
    expect(expected.length).toBeGreaterThan(9);
    const messages = await readAll(idOf(name), name === 'LargeFlow' ? 250 : 100);
    expect(messages).toEqual(expected);
  });

  it('reads more and more messages of a one-minute flow as the clock advances', async () => {
    const flowExecutionId = scenarioId('SecurityFlow', clock.now(), 'MotionSensor', UUID);
    const counts: number[] = [];
    for (const afterMs of [0, 2_000, 12_000, 15_000, 16_000, 15_000]) {
      await clock.advance(afterMs);
      counts.push((await readAll(flowExecutionId, 10)).length);
    }
    expect(counts[0]).toBe(1);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(new Set(counts).size).toBeGreaterThan(4);
    expect((await readAll(flowExecutionId, 10)).at(-1)).toMatchObject({ eventType: 'EXECUTION_SUCCEEDED' });
  });

  it('is accepted with a session token only if the emulator has the same one', async () => {
    const withToken = { credentials: { ...CREDENTIALS, sessionToken: 'token' } };
    expect(await refusal({})).toEqual({ name: 'none' });
    expect(await refusal(withToken)).toMatchObject({ name: 'UnrecognizedClientException', status: 400 });
    const other = await startEmulatorServer({ port: 0, clock, ...withToken });
    try {
      expect(await refusal({ ...withToken, endpoint: other.url })).toEqual({ name: 'none' });
      expect(await refusal({ endpoint: other.url })).toMatchObject({ name: 'UnrecognizedClientException' });
    } finally {
      await other.close();
    }
  });

  it('is refused with a wrong key id, a wrong secret, a wrong region or a wrong clock', async () => {
    expect(await refusal({ credentials: { ...CREDENTIALS, accessKeyId: 'AKIDOTHER' } })).toMatchObject({
      name: 'UnrecognizedClientException',
      status: 400,
    });
    const invalid = { name: 'InvalidSignatureException', status: 400 };
    expect(await refusal({ credentials: { ...CREDENTIALS, secretAccessKey: 'OTHER' } })).toMatchObject(
      invalid,
    );
    expect(await refusal({ region: 'eu-north-1' })).toMatchObject(invalid);
    for (const skewMs of [-310_000, 310_000]) {
      expect(await refusal({ systemClockOffset: clock.now() - Date.now() + skewMs })).toMatchObject(invalid);
    }
  });

  it('corrects a wrong clock by the date in the answer, so that its retry is accepted', async () => {
    const refused = server.emulator.stats().refused.calls;
    expect(await refusal({ systemClockOffset: 0, maxAttempts: 2 })).toEqual({ name: 'none' });
    expect(server.emulator.stats().refused.calls).toBe(refused + 1);
  });

  it("throws its own exception classes for the operation's errors", async () => {
    expect(await refusal({}, { maxResults: 251 })).toMatchObject({ class: 'InvalidRequestException' });
    expect(await refusal({}, { nextToken: 'made up' })).toMatchObject({ class: 'InvalidRequestException' });
    expect(await refusal({}, { flowExecutionId: 'unknown' })).toMatchObject({
      class: 'ResourceNotFoundException',
      status: 400,
    });
  });
});
