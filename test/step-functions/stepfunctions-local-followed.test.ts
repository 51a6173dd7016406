/**
 * A user's steps with stepfunctions-local, a simulator that shares no code with our emulator. The test
 * creates a state machine and runs it there. The Worker on workerd reads the execution, and the command, in
 * its own process, follows it.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type CommandUnderTest, commandFor, linesOf } from '../cli/command-under-test.ts';
import type { World } from '../support/on-workerd.ts';
import { openLocalWorld, type StepFunctionsLocal, startStepFunctionsLocal } from './stepfunctions-local.ts';

/** The ARN is a parameter, because activities of this server have another account than state machines. */
const definitionWith = (activityArn: string) =>
  JSON.stringify({
    StartAt: 'Begin',
    States: {
      Begin: { Type: 'Pass', Result: { order: 4711 }, Next: 'Work' },
      Work: { Type: 'Task', Resource: activityArn, Next: 'Pause' },
      Pause: { Type: 'Wait', Seconds: 2, Next: 'Done' },
      Done: { Type: 'Succeed' },
    },
  });

let server: StepFunctionsLocal;
let world: World;
let flowtap: CommandUnderTest;
let key: string;
let stateMachineArn: string;
let activityArn: string;

beforeAll(async () => {
  server = await startStepFunctionsLocal();
  world = await openLocalWorld(server);
  key = await world.key();
  flowtap = await commandFor(world, key);
  activityArn = String((await server.call('CreateActivity', { name: 'work' }))['activityArn']);
  stateMachineArn = await server.createStateMachine('machine', definitionWith(activityArn));
});

afterAll(async () => {
  await flowtap?.stop();
  await world?.close();
  await server?.stop();
});

interface Event {
  readonly id: number;
  readonly type: string;
}

const start = (name: string): Promise<string> => server.startExecution(stateMachineArn, name);

/** The events that the server itself returns. */
const eventsOf = async (executionArn: string): Promise<Event[]> =>
  // Safety: AWS's model of GetExecutionHistory, which the server follows.
  (await server.call('GetExecutionHistory', { executionArn, maxResults: 1000 }))['events'] as Event[];

const completeActivity = async () => {
  const { taskToken } = await server.call('GetActivityTask', { activityArn });
  await server.call('SendTaskSuccess', { taskToken, output: '{"worked":true}' });
};

interface Message {
  readonly messageId: string;
  readonly eventType: string;
  readonly payload: string;
}
// Safety: the command prints messages as JSON. Their members are then compared with the server's events.
const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Message);
const asEvents = (messages: readonly Message[]): Event[] =>
  messages.map(({ messageId, payload }) => ({
    id: Number(messageId),
    type: (JSON.parse(payload) as Event).type,
  }));
const idAndType = (events: readonly Event[]): Event[] => events.map(({ id, type }) => ({ id, type }));

test('the command follows an execution while it runs, and the pages of the execution are complete after its end', async () => {
  const arn = await start('run-1');
  const tail = flowtap.start(['tail', arn, '--from', 'start', '--json']);
  // The execution waits for this test to complete its activity, so it still runs when this line is shown.
  await tail.shows('ACTIVITY_SCHEDULED');
  const steps = flowtap.start(['tail', arn, '--steps']);
  const waiting = flowtap.start(['wait', arn, '--timeout', '1m', '--json']);
  const running = await (
    await fetch(new URL(`/v1/executions/${arn}`, world.url), { headers: { 'X-API-Key': key } })
  ).json();
  expect(running).toMatchObject({ source: 'step-functions', status: 'RUNNING', upstreamStatus: 'RUNNING' });
  await completeActivity();
  const { code, stdout, stderr } = await tail.ended;
  expect(stderr).toContain('SUCCEEDED');
  expect(code).toBe(0);
  const events = idAndType(await eventsOf(arn));
  expect(events.length).toBeGreaterThan(9);
  expect(asEvents(parsed(linesOf(stdout)))).toEqual(events);

  const tree = await steps.ended;
  expect(tree.code).toBe(0);
  expect(linesOf(tree.stdout).map((line) => line.split('  ')[0])).toEqual([
    'SUCCEEDED',
    '✓ Begin',
    '✓ Work',
    '✓ Pause',
    '✓ Done',
  ]);
  const waited = await waiting.ended;
  expect(waited.code).toBe(0);
  expect(JSON.parse(waited.stdout)).toMatchObject({ flowExecutionId: arn, status: 'SUCCEEDED' });

  const messages: Message[] = [];
  let next = '';
  do {
    const response = await fetch(world.messagesUrl(arn, `maxResults=3${next && `&nextToken=${next}`}`), {
      headers: { 'X-API-Key': key },
    });
    expect(response.status).toBe(200);
    // Safety: a 200 of this route is a page.
    const page = (await response.json()) as { messages: Message[]; nextToken?: string };
    messages.push(...page.messages);
    next = page.nextToken ?? '';
  } while (next !== '');
  expect(asEvents(messages)).toEqual(events);
  const got = await flowtap.run(['get', arn, '--json']);
  expect(got.code).toBe(0);
  expect(world.lines.filter((line) => /"level":"error"/.test(line))).toEqual([]);
});

test('an execution that the server does not know is a 404', async () => {
  const arn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:never`;
  const response = await fetch(world.messagesUrl(arn), { headers: { 'X-API-Key': key } });
  expect(response.status).toBe(404);
});
