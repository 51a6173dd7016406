/** Runs `flowtap import` as a process, against the real Worker. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type World, openWorld } from '../support/on-workerd.ts';
import { flow } from '../streams/scripted-flow.ts';
import { type CommandUnderTest, commandFor, linesOf } from './command-under-test.ts';

let world: World;
let flowtap: CommandUnderTest;
let scratch: string;
beforeAll(async () => {
  world = await openWorld();
  flowtap = await commandFor(world);
  scratch = await mkdtemp(join(tmpdir(), 'flowtap-test-'));
});
afterAll(async () => {
  await flowtap.stop();
  await world.close();
  await rm(scratch, { recursive: true });
});

const CREATE = ['keys', 'create', '--name', 'test', '--executions', '*', '--payloads', 'full'];
const withKey = (key: string) => ({ env: { FLOWTAP_API_KEY: key } });

test.concurrent('import accepts the output of get, from a file and from a pipe', async () => {
  const key = (await flowtap.run(CREATE)).stdout.trim();
  const script = flow(300, 0, { terminal: 'EXECUTION_FAILED' });
  await world.script('original', script);
  const { stdout } = await flowtap.run(['get', 'original', '--json'], withKey(key));
  const file = join(scratch, 'history.ndjson');
  await writeFile(file, stdout);
  expect(await flowtap.run(['import', 'from/a file', file])).toMatchObject({
    code: 0,
    stdout: 'Archived: FAILED, 300 messages.\n',
    stderr: '',
  });
  expect(await flowtap.run(['import', 'from a pipe', '-'], { stdin: stdout })).toMatchObject({ code: 0 });
  for (const id of ['from/a file', 'from a pipe']) {
    expect((await flowtap.run(['get', id, '--json'], withKey(key))).stdout).toBe(stdout);
  }
});

test.concurrent('import accepts a suspicious history and prints warnings', async () => {
  const lines = ['EXECUTION_STARTED', 'EXECUTION_SUCCEEDED'].map((eventType, at) =>
    JSON.stringify({ messageId: '1', eventType, timestamp: 1_559_247_540 - at }),
  );
  expect(await flowtap.run(['import', 'looks wrong', '-'], { stdin: lines.join('\n') })).toEqual({
    code: 0,
    stdout: 'Archived: SUCCEEDED, 2 messages.\n',
    stderr:
      'Warning: line 2: an earlier message has the same messageId.\n' +
      'Warning: line 2: the last message is older than the first.\n',
  });
});

test.concurrent('an import with errors stores nothing, and names each wrong line', async () => {
  const stdin = '{"messageId":"0"}\n{"messageId":7}\nnonsense\n';
  const { code, stderr } = await flowtap.run(['import', 'faulty', '-'], { stdin });
  expect(code).toBe(3);
  expect(linesOf(stderr)).toEqual([
    'flowtap: InvalidRequestException (400)',
    expect.stringMatching(/^ {2}line 2: /),
    expect.stringMatching(/^ {2}line 3: /),
  ]);
  const key = (await flowtap.run(CREATE)).stdout.trim();
  expect(await flowtap.run(['get', 'faulty'], withKey(key))).toMatchObject({ code: 3 });
});

test.concurrent('a file that cannot be read is named in the error', async () => {
  for (const file of [join(scratch, 'none'), scratch]) {
    const { code, stderr } = await flowtap.run(['import', 'x', file]);
    expect(stderr).toContain(`Cannot read ${file}: E`);
    expect(code).toBe(3);
  }
});
