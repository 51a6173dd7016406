/** Runs `flowtap list` and `flowtap flows` as processes, against the real Worker and the emulator. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { scenarioArn } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { type CommandUnderTest, commandFor, linesOf } from './command-under-test.ts';

const HOME = 'arn:aws:states:us-west-2:123456789012';
const DOOR = `${HOME}:stateMachine:Door`;

let world: World;
let flowtap: CommandUnderTest;
const now = Date.now();
const runs = (stateMachineArn: string, some: readonly object[]) =>
  world.control('/runs', { stateMachineArn, runs: some });

beforeAll(async () => {
  world = await openWorld({ SFN_ALLOWED: 'us-west-2:123456789012,eu-west-1:123456789012' });
  flowtap = await commandFor(world, await world.key());
  await runs(DOOR, [
    { name: 'failed', startedAt: now - 60_000, endedAt: now - 30_000, status: 'FAILED' },
    { name: 'running', startedAt: now - 7_200_000 },
    { name: 'done', startedAt: now - 2 * 86_400_000, endedAt: now - 86_400_000 },
  ]);
  for (const region of ['us-west-2', 'eu-west-1'])
    await runs(`arn:aws:states:${region}:123456789012:stateMachine:Twin`, [
      { name: 'one', startedAt: now - 60_000 },
    ]);
});
afterAll(async () => {
  await flowtap.stop();
  await world.close();
});

const idOf = (name: string) => `${HOME}:execution:Door:${name}`;
const fieldsOf = (output: string) => linesOf(output).map((line) => line.split('\t'));

test.concurrent('flows prints each flow that the key may read, with its name', async () => {
  const [lines, json] = await Promise.all([flowtap.run(['flows']), flowtap.run(['flows', '--json'])]);
  expect(lines).toMatchObject({ code: 0, stderr: '' });
  expect(fieldsOf(lines.stdout)).toContainEqual([DOOR, 'Door']);
  expect(linesOf(json.stdout).map((line) => JSON.parse(line))).toContainEqual({
    flow: DOOR,
    source: 'step-functions',
    name: 'Door',
  });
});

test.concurrent('list accepts a flow by its ARN, or by its name in upper or lower case', async () => {
  for (const flow of [DOOR, 'Door', 'door']) {
    const { code, stdout } = await flowtap.run(['list', flow]);
    expect(code).toBe(0);
    expect(fieldsOf(stdout)).toEqual([
      ['FAILED', new Date(now - 60_000).toISOString(), '30000', idOf('failed')],
      ['RUNNING', new Date(now - 7_200_000).toISOString(), '', idOf('running')],
      ['SUCCEEDED', new Date(now - 2 * 86_400_000).toISOString(), '86400000', idOf('done')],
    ]);
  }
});

test.concurrent(
  'list filters by status, name, start time and count, and says if more executions match',
  async () => {
    const ids = async (...words: string[]) => {
      const { stdout, stderr } = await flowtap.run(['list', 'Door', '--json', ...words]);
      return [linesOf(stdout).map((line) => JSON.parse(line).flowExecutionId), stderr];
    };
    expect(await ids('--status', 'failed,SUCCEEDED')).toEqual([[idOf('failed'), idOf('done')], '']);
    expect(await ids('--name-prefix', 'ru')).toEqual([[idOf('running')], '']);
    expect(await ids('--since', '1d')).toEqual([[idOf('failed'), idOf('running')], '']);
    expect(await ids('-n', '1')).toEqual([[idOf('failed')], 'The newest 1; -n shows more.\n']);
    expect(await ids('--status', 'ABORTED')).toEqual([[], 'No execution matches.\n']);
  },
);

test.concurrent.each([
  [
    ['list', 'Twin'],
    /'Twin' names 2 flows. Give one of\n {2}arn:aws:states:eu-west-1.*\n {2}arn:aws:states:us-west-2/,
  ],
  [['list', 'Doo'], /no flow named 'Doo'. Is it one of these\?\n {2}arn.*:Door/],
  [['list', 'Window'], /no flow named 'Window'. `flowtap flows` shows/],
  [['list', 'Door', '--status', 'BROKEN'], /--status must be one or several of RUNNING,.*: it is 'BROKEN'/],
  [['list', 'Door', '--since', 'yesterday'], /--since must be a duration/],
  [['list', 'Door', '--no-flow'], /give one of them/],
  [['list', 'Door', '--give-up-after', '1m'], /needs --follow/],
])('%j is a usage error that says what to change', async (words, message) => {
  const { code, stdout, stderr } = await flowtap.run(words);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toMatch(message);
});

test.concurrent('list refuses the version of a state machine with the reason', async () => {
  const { code, stderr } = await flowtap.run(['list', `${DOOR}:1`]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/flow/);
});

test.concurrent('list without a flow uses the only flow that the key may read', async () => {
  const apiKey = await world.key({ executions: [`${HOME}:execution:Door:f*`] });
  const { stdout } = await flowtap.run(['list'], { env: { FLOWTAP_API_KEY: apiKey } });
  expect(fieldsOf(stdout).map((fields) => fields.at(-1))).toEqual([idOf('failed')]);
});

test.concurrent('list --follow prints one line per execution and change, until Ctrl-C', async () => {
  const flow = `${HOME}:stateMachine:Live`;
  const running = { name: 'one', startedAt: now - 60_000 };
  await runs(flow, [running]);
  const started = flowtap.start(['list', flow, '--follow', '--status', 'RUNNING']);
  await started.shows('RUNNING');
  await runs(flow, [{ ...running, endedAt: Date.now() }]);
  await started.shows('SUCCEEDED');
  started.process.kill('SIGINT');
  const { code, stdout } = await started.ended;
  expect(code).toBe(130);
  expect(fieldsOf(stdout).map(([status]) => status)).toEqual(['RUNNING', 'SUCCEEDED']);
});

test.concurrent(
  'get --summary shows the executions that an execution of Step Functions has started',
  async () => {
    const id = scenarioArn('Nested', now - 3_600_000, '69b151ad-a611-42f5-ac21-fe537f9868ad');
    const { code, stdout } = await flowtap.run(['get', id, '--summary']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^child arn:aws:states:us-west-2:123456789012:execution:LambdaCalls:\S+ in Place order: SUCCEEDED$/m,
    );
  },
);
