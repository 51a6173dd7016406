/**
 * Runs the Worker with stepfunctions-local, a simulator that shares no code with ours. AWS's client reads the same
 * through the Worker as from the simulator, while an execution runs and after it is archived.
 */
import {
  DescribeExecutionCommand,
  type GetExecutionHistoryCommandInput,
  type HistoryEvent,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  SFNClient,
  paginateGetExecutionHistory,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  openLocalWorld,
  type StepFunctionsLocal,
  startStepFunctionsLocal,
} from '../step-functions/stepfunctions-local.ts';
import { eventually } from '../support/eventually.ts';
import type { World } from '../support/on-workerd.ts';
import { credentialsOf } from './clients.ts';

const definition = JSON.stringify({
  StartAt: 'Begin',
  States: {
    Begin: { Type: 'Pass', Result: { order: 4711 }, Next: 'Both' },
    Both: {
      Type: 'Parallel',
      Next: 'Pause',
      Branches: ['Left', 'Right'].map((name) => ({
        StartAt: name,
        States: { [name]: { Type: 'Pass', End: true } },
      })),
    },
    Pause: { Type: 'Wait', Seconds: 3, Next: 'Done' },
    Done: { Type: 'Succeed' },
  },
});

let server: StepFunctionsLocal;
let world: World;
let executionArn: string;
let straight: SFNClient;
let through: SFNClient;

beforeAll(async () => {
  server = await startStepFunctionsLocal();
  world = await openLocalWorld(server);
  const client = (endpoint: string, sessionToken: string) =>
    new SFNClient({
      endpoint,
      region: 'local',
      credentials: credentialsOf(sessionToken),
    });
  straight = client(server.endpoint.href, 'unused');
  through = client(world.url.href, await world.key({ tier: 'high' }));
  executionArn = await server.startExecution(await server.createStateMachine('machine', definition), 'run-1');
});
afterAll(async () => {
  straight?.destroy();
  through?.destroy();
  await world?.close();
  await server?.stop();
});

async function events(
  client: SFNClient,
  pageSize: number,
  more: Partial<GetExecutionHistoryCommandInput> = {},
) {
  const all: HistoryEvent[] = [];
  for await (const page of paginateGetExecutionHistory({ client, pageSize }, { executionArn, ...more })) {
    all.push(...(page.events ?? []));
  }
  return all;
}

async function described(client: SFNClient) {
  const { $metadata: _, ...members } = await client.send(new DescribeExecutionCommand({ executionArn }));
  return members;
}

const expectSame = async () => {
  const expected = await events(straight, 1_000);
  expect(await events(through, 3)).toEqual(expected);
  // Not compared with the simulator, because its own `reverseOrder` reverses the stored history in place.
  expect(await events(through, 3, { reverseOrder: true })).toEqual(expected.toReversed());
  expect(await described(through)).toEqual(await described(straight));
};

test('lists of state machines and executions are the same as from the simulator', async () => {
  const machines = (client: SFNClient) => client.send(new ListStateMachinesCommand({}));
  const { stateMachines = [] } = await machines(straight);
  expect((await machines(through)).stateMachines).toEqual(stateMachines);
  const list = async (client: SFNClient) => {
    const input = { stateMachineArn: stateMachines[0]?.stateMachineArn ?? '' };
    return (await client.send(new ListExecutionsCommand(input))).executions;
  };
  await eventually(async () => expect(await list(through)).toEqual(await list(straight)));
});

test('histories and descriptions are the same as from the simulator: running, ended and archived', async () => {
  await eventually(async () => expect(await events(straight, 100)).not.toHaveLength(0));
  expect(await described(through)).toMatchObject({ status: 'RUNNING', input: '{"a":1}' });
  await eventually(async () => expect(await described(through)).toMatchObject({ status: 'SUCCEEDED' }));
  await eventually(expectSame);
  expect((await events(through, 4)).length).toBeGreaterThan(10);
  await eventually(async () => expect((await world.activity(executionArn)).archived).toBeDefined());
  await expectSame();
});
