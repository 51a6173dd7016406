/** Runs `flowtap tail`, `get` and `wait` as processes, against the real Worker and the emulator. */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { flow } from '../streams/scripted-flow.ts';
import { type CommandUnderTest, commandFor, linesOf } from './command-under-test.ts';

let world: World;
let flowtap: CommandUnderTest;
beforeAll(async () => {
  world = await openWorld();
  flowtap = await commandFor(world, await world.key());
});
afterAll(async () => {
  await flowtap.stop();
  await world.close();
});

const idsIn = (output: string): string[] =>
  // Safety: the output is NDJSON of messages. Otherwise the test fails.
  linesOf(output).map((line) => (JSON.parse(line) as { messageId: string }).messageId);
const idsOf = (messages: readonly { readonly messageId?: string }[]) =>
  messages.map(({ messageId }) => messageId);

test.concurrent.each([
  ['EXECUTION_SUCCEEDED', 0, 'SUCCEEDED'],
  ['EXECUTION_FAILED', 1, 'FAILED'],
  ['EXECUTION_ABORTED', 2, 'ABORTED'],
])('tail follows a running execution to its %s and exits with %i', async (terminal, code, status) => {
  const id = `running/${terminal}`;
  const script = flow(5, 300, { terminal });
  await world.script(id, script);
  const ended = await flowtap.run(['tail', id, '--json']);
  expect(ended.code).toBe(code);
  expect(idsIn(ended.stdout)).toEqual(idsOf(script));
  expect(linesOf(ended.stderr)[0]).toContain(status);
});

test.concurrent('tail waits for an execution that starts a moment later', async () => {
  await world.script('late', flow(2, 0), { afterMs: 1_500 });
  const ended = await flowtap.run(['tail', 'late', '--json']);
  expect(ended).toMatchObject({ code: 0 });
  expect(idsIn(ended.stdout)).toEqual(['m0', 'm1']);
});

test.concurrent('tail can begin with the newest messages, with all, or with future ones only', async () => {
  await world.script('ended', flow(30, 0));
  const [newest, asUsual, all, toCome, some] = await Promise.all(
    [
      ['-n', '3'],
      [],
      ['--from', 'start'],
      ['--from', 'now'],
      ['--event-types', 'execution_started,STEP_FAILED'],
    ].map((words) => flowtap.run(['tail', 'ended', '--json', ...words])),
  );
  expect(idsIn(newest?.stdout ?? '')).toEqual(['m27', 'm28', 'm29']);
  expect(newest?.stderr).toContain('--from start shows all');
  expect(idsIn(asUsual?.stdout ?? '')).toHaveLength(20);
  expect(idsIn(all?.stdout ?? '')).toHaveLength(30);
  expect(toCome).toMatchObject({ code: 0, stdout: '' });
  expect(idsIn(some?.stdout ?? '')).toEqual(['m0']);
});

test.concurrent('in a pipe there is no colour, and times and payloads are complete', async () => {
  const payload = `{stepId: Step1, output: ${'long '.repeat(50)}}`;
  await world.script('plain', [
    { messageId: '0', eventType: 'STEP_SUCCEEDED', payload, timestamp: '2019-05-30T22:45:40.656Z' },
    { messageId: '1', eventType: 'EXECUTION_FAILED', payload: 'two\nlines \u001b[31mred' },
  ]);
  const { stdout, stderr, code } = await flowtap.run(['tail', 'plain']);
  expect(code).toBe(1);
  // eslint-disable-next-line no-control-regex
  expect(stdout + stderr).not.toMatch(/\u001b/);
  const lines = linesOf(stdout);
  expect(lines[0]).toBe(
    `2019-05-30T22:45:40.656Z  ${'STEP_SUCCEEDED'.padEnd(30)}  ${'Step1'.padEnd(26)}  ${payload.replace('stepId: Step1, ', '')}`,
  );
  expect(lines[1]).toMatch(/EXECUTION_FAILED .* two ⏎ lines ·\[31mred$/);
});

test.concurrent('Ctrl-C ends tail cleanly, and tail prints how to continue', async () => {
  await world.script('interrupted', flow(6, 1_000));
  const tail = flowtap.start(['tail', 'interrupted', '--json']);
  await tail.shows('"m1"');
  tail.process.kill('SIGINT');
  const first = await tail.ended;
  expect(first.code).toBe(130);
  expect(first.stderr).toContain('Stopped.');
  const [, cursor = ''] = /--cursor (\S+)/.exec(first.stderr) ?? [];
  const rest = await flowtap.run(['tail', 'interrupted', '--json', '--cursor', cursor]);
  expect(rest.code).toBe(0);
  expect([...idsIn(first.stdout), ...idsIn(rest.stdout)]).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5']);
});

test.concurrent('SIGTERM ends tail with exit code 143', async () => {
  await world.script('terminated', flow(3, 5_000));
  const tail = flowtap.start(['tail', 'terminated', '--json']);
  await tail.shows('"m0"');
  tail.process.kill('SIGTERM');
  expect(await tail.ended).toMatchObject({ code: 143, stderr: expect.stringContaining('Stopped.') });
});

test.concurrent('get and tail exit silently when the reader closes the pipe', async () => {
  await world.script('long', flow(3_000, 0));
  for (const words of [
    ['get', 'long'],
    ['get', 'long', '--json'],
    ['tail', 'long', '--from', 'start', '--json'],
  ]) {
    const reading = flowtap.start(words);
    if (!reading.process.stdout) throw new Error('stdout is not a pipe');
    await once(reading.process.stdout, 'data');
    reading.process.stdout.destroy();
    const [code] = await once(reading.process, 'exit');
    expect(code).toBe(0);
    expect(await reading.ended).toMatchObject({ stderr: '' });
  }
});

test.concurrent(
  'get --summary prints the status without messages, and with --json as one object',
  async () => {
    await world.script('summed', [
      { messageId: '0', eventType: 'EXECUTION_STARTED' },
      { messageId: '1', eventType: 'EXECUTION_FAILED', payload: '{stepId: Step3, error: E42}' },
    ]);
    const [text, json] = await Promise.all(
      [[], ['--json']].map((words) => flowtap.run(['get', 'summed', '--summary', ...words])),
    );
    expect(text?.code).toBe(0);
    expect(linesOf(text?.stdout ?? '')[0]).toMatch(/^FAILED/);
    expect(linesOf(text?.stdout ?? '')).toHaveLength(2);
    expect(JSON.parse(json?.stdout ?? '')).toMatchObject({ status: 'FAILED', messageCount: 2 });
  },
);

test.concurrent.each([
  ['EXECUTION_SUCCEEDED', 0, 'SUCCEEDED'],
  ['EXECUTION_FAILED', 1, 'FAILED'],
  ['EXECUTION_ABORTED', 2, 'ABORTED'],
])(
  'wait prints the summary of a running execution after its %s and exits with %i',
  async (terminal, code, status) => {
    const id = `awaited/${terminal}`;
    await world.script(id, flow(4, 300, { terminal }));
    const [text, json] = await Promise.all([flowtap.run(['wait', id]), flowtap.run(['wait', id, '--json'])]);
    expect([text.code, json.code]).toEqual([code, code]);
    expect(linesOf(text.stdout)[0]).toContain(status);
    expect(JSON.parse(json.stdout)).toMatchObject({ flowExecutionId: id, status });
  },
);

test.concurrent('wait exits with 3 when its timeout expires', async () => {
  await world.script('slow', flow(2, 60_000));
  const ended = await flowtap.run(['wait', 'slow', '--timeout', '1s', '--json']);
  expect(ended).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining('still running after 1s'),
  });
});

test.concurrent(
  'tail --steps prints the steps once in a pipe, and exits with the same code as tail',
  async () => {
    const id = scenarioId('FailingFlow', Date.now() - 60_000, 'Test', '00000000-0000-4000-8000-000000000001');
    const { code, stdout, stderr } = await flowtap.run(['tail', id, '--steps']);
    expect(code).toBe(1);
    expect(linesOf(stdout)).toHaveLength(4);
    expect(linesOf(stdout)[0]).toMatch(/^FAILED/);
    expect(linesOf(stdout)[3]).toMatch(/^✗ /);
    expect(linesOf(stderr)[0]).toMatch(/^FAILED in Step3OpenDoor/);
  },
);

test.concurrent('get prints the cause of a failure, then every message', async () => {
  await world.script('failed', [
    { messageId: '0', eventType: 'EXECUTION_STARTED' },
    { messageId: '1', eventType: 'ACTIVITY_FAILED', payload: 'retried with success' },
    { messageId: '2', eventType: 'STEP_FAILED', payload: '{stepId: Step3, error: E42, cause: bolt stuck}' },
    { messageId: '3', eventType: 'EXECUTION_FAILED', payload: 'in step Step3' },
  ]);
  const { code, stdout } = await flowtap.run(['get', 'failed']);
  expect(code).toBe(0);
  const lines = linesOf(stdout);
  expect(lines[0]).toMatch(/^FAILED in Step3: .*bolt stuck/);
  expect(lines[1]).toContain('4 messages');
  expect(lines).toHaveLength(2 + 4);
});

/** The activities of these flows have empty payloads, like those of the real service. */
test.concurrent.each([
  ['AbortedFlow', 2, 'ABORTED in Step2WorkOffLambda: Flow execution aborted by operator'],
  ['FailingFlow', 1, 'FAILED in Step3OpenDoor: ThingActionFailed: bolt stuck (E42)'],
] as const)('tail of %s exits with %i and names the step in which it ended', async (name, code, line) => {
  const id = scenarioId(name, Date.now() - 60_000, 'Test', '00000000-0000-4000-8000-000000000000');
  const ended = await flowtap.run(['tail', id]);
  expect(ended.code).toBe(code);
  expect(linesOf(ended.stderr)).toContain(line);
});

test.concurrent(
  'get --json prints every message of all pages unchanged, and with -n only the newest',
  async () => {
    const script = flow(700, 0);
    await world.script('paged', script);
    expect(idsIn((await flowtap.run(['get', 'paged', '--json'])).stdout)).toEqual(idsOf(script));
    expect(idsIn((await flowtap.run(['get', 'paged', '--json', '-n', '2'])).stdout)).toEqual([
      'm698',
      'm699',
    ]);
  },
);

test.concurrent.each([
  ['an unknown execution', ['get', 'unknown'], {}, 'ResourceNotFoundException (404)'],
  [
    'a wrong key',
    ['tail', 'x'],
    { FLOWTAP_API_KEY: 'ftk_wrong' },
    'FLOWTAP_API_KEY is not a key of this service',
  ],
  [
    'an unreachable service',
    ['tail', 'x', '--give-up-after', '1s', '--url', 'http://127.0.0.1:9'],
    {},
    'Cannot reach',
  ],
  [
    'an unknown host name',
    ['get', 'x', '--url', 'http://flowtap.invalid'],
    {},
    'Cannot reach http://flowtap.invalid',
  ],
  ['an unknown event type', ['get', 'x', '--json', '--event-types', 'NONE'], {}, 'eventTypes: must be'],
])('%s ends a command with exit code 3 and the reason', async (_, words, env, why) => {
  const { code, stderr, stdout } = await flowtap.run(words, { env });
  expect(stderr).toContain(why);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
});
