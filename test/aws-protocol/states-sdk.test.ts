/**
 * AWS's own JavaScript client of Step Functions (v3) reads through the Worker in workerd. The client is used as with
 * AWS, apart from its constructor arguments.
 */
import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  type GetExecutionHistoryCommandInput,
  type HistoryEvent,
  InvalidArn,
  InvalidToken,
  SFNClient,
  type SFNClientConfig,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
  paginateGetExecutionHistory,
  paginateListExecutions,
  paginateListStateMachines,
} from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { arnOf } from '../step-functions/source-under-test.ts';
import { UPSTREAM_CREDENTIALS, type World, openWorld } from '../support/on-workerd.ts';
import { configFor } from './clients.ts';
import {
  MACHINE_ARN,
  sampleHistories,
  scriptRuns,
  scriptSample,
  untilSamplesArchived,
} from './states-samples.ts';

const samples = sampleHistories();
const VIEWS = [false, true].flatMap((reverseOrder) =>
  [true, false].map((includeExecutionData) => ({ reverseOrder, includeExecutionData })),
);

let world: World;
let key: string;
const clients: SFNClient[] = [];

beforeAll(async () => {
  world = await openWorld();
  key = await world.key({ tier: 'high' });
  for (const sample of samples) await scriptSample(world, sample);
});
afterEach(() => {
  for (const created of clients.splice(0)) created.destroy();
});
afterAll(() => world.close());

function client(sessionToken: string, config: Partial<SFNClientConfig> = {}) {
  const created = new SFNClient({
    ...configFor(world.url.href, sessionToken),
    ...config,
  });
  clients.push(created);
  return created;
}

const upstream = () => client('', { endpoint: world.upstream.url, credentials: UPSTREAM_CREDENTIALS });

async function readAll(reader: SFNClient, pageSize: number, input: GetExecutionHistoryCommandInput) {
  const events: HistoryEvent[] = [];
  for await (const page of paginateGetExecutionHistory({ client: reader, pageSize }, input)) {
    events.push(...(page.events ?? []));
  }
  return events;
}

async function describedBy(reader: SFNClient, executionArn: string) {
  const { $metadata: _, ...members } = await reader.send(new DescribeExecutionCommand({ executionArn }));
  return members;
}

async function expectSamples(straight: ReadonlyMap<string, unknown>) {
  const reader = client(key);
  for (const { arn, pageSize } of samples) {
    for (const view of VIEWS) {
      const events = await readAll(reader, pageSize, { executionArn: arn, ...view });
      expect(events).toEqual(straight.get(JSON.stringify([arn, view])));
    }
    expect(await describedBy(reader, arn)).toEqual(straight.get(arn));
  }
}

it('the client reads the same events and descriptions as from the upstream, live and archived', async () => {
  const straight = new Map<string, unknown>();
  for (const { arn, events } of samples) {
    for (const view of VIEWS) {
      const read = await readAll(upstream(), 1_000, { executionArn: arn, ...view });
      expect(read).toHaveLength(events.length);
      straight.set(JSON.stringify([arn, view]), read);
    }
    straight.set(arn, await describedBy(upstream(), arn));
  }
  await expectSamples(straight);
  await untilSamplesArchived(world, key, samples);
  await world.faults({ internalErrorRate: 1 });
  await expectSamples(straight);
  await world.faults({});
});

it('the client lists the same executions and state machines as from the upstream, with its paginators', async () => {
  await scriptRuns(world);
  for (const statusFilter of [undefined, 'FAILED', 'RUNNING'] as const) {
    const list = async (reader: SFNClient, pageSize: number) => {
      const all = [];
      const input = { stateMachineArn: MACHINE_ARN, ...(statusFilter && { statusFilter }) };
      for await (const page of paginateListExecutions({ client: reader, pageSize }, input))
        all.push(...(page.executions ?? []));
      return all;
    };
    const expected = await list(upstream(), 1_000);
    expect(expected.length).toBeGreaterThan(1);
    for (const pageSize of [2, 1_000]) expect(await list(client(key), pageSize)).toEqual(expected);
  }
  const machines = async (reader: SFNClient, pageSize: number) => {
    const all = [];
    for await (const page of paginateListStateMachines({ client: reader, pageSize }, {}))
      all.push(...(page.stateMachines ?? []));
    return all;
  };
  expect(await machines(client(key), 2)).toEqual(await machines(upstream(), 1_000));
});

describe('an exception', () => {
  const refusal = (ask: () => Promise<unknown>) =>
    ask().then(
      () => new Error('the call succeeded'),
      (error: Error) => error,
    );

  it('of the model is thrown as its class, with the request id, and is not retried', async () => {
    const reader = client(key, { maxAttempts: 2 });
    const [executionArn = ''] = samples.map(({ arn }) => arn);
    for (const [type, ask] of [
      [
        ExecutionDoesNotExist,
        () => reader.send(new GetExecutionHistoryCommand({ executionArn: arnOf('unknown') })),
      ],
      [
        ExecutionDoesNotExist,
        () => reader.send(new DescribeExecutionCommand({ executionArn: arnOf('unknown') })),
      ],
      [
        InvalidArn,
        () => reader.send(new GetExecutionHistoryCommand({ executionArn: 'arn:aws:states:us-west-2' })),
      ],
      [
        InvalidToken,
        () => reader.send(new GetExecutionHistoryCommand({ executionArn, nextToken: 'made up' })),
      ],
    ] as const) {
      const refused = await refusal(ask);
      expect(refused).toBeInstanceOf(type);
      expect(refused).toMatchObject({ $metadata: { attempts: 1, httpStatusCode: 400 } });
      expect(refused).toMatchObject({ $metadata: { requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) } });
    }
  });

  it('that is temporary is retried', async () => {
    const arn = arnOf('failing');
    await world.faults({ internalErrorRate: 1, executions: [arn] });
    const reader = client(key, { maxAttempts: 2 });
    const refused = await refusal(() => reader.send(new DescribeExecutionCommand({ executionArn: arn })));
    expect(refused).toMatchObject({ $metadata: { attempts: 2, httpStatusCode: 500 } });
    await world.faults({});
  });

  it('answers each operation that writes, without an upstream call', async () => {
    const calls = world.stats().calls;
    const stateMachineArn = 'arn:aws:states:us-west-2:123456789012:stateMachine:StateMachine';
    const writer = client(key, { maxAttempts: 2 });
    for (const ask of [
      () => writer.send(new StartExecutionCommand({ stateMachineArn })),
      () => writer.send(new StopExecutionCommand({ executionArn: arnOf('sample-0') })),
      () => writer.send(new SendTaskSuccessCommand({ taskToken: 'x', output: '{}' })),
    ]) {
      expect(await refusal(ask)).toMatchObject({
        name: 'AccessDeniedException',
        message: expect.stringContaining('read-only'),
        $metadata: { attempts: 1, httpStatusCode: 400 },
      });
    }
    expect(world.stats().calls).toBe(calls);
  });
});
