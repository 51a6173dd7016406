/** The examples in examples/aws that read Step Functions work when they are run as their comments say. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { arnOf } from '../step-functions/source-under-test.ts';
import { openStepFunctionsWorld } from '../step-functions/step-functions-world.ts';
import { AWS_CLI, PYTHON, hasAwsCli, hasBoto3 } from '../support/installed.ts';
import type { World } from '../support/on-workerd.ts';
import { runAlone } from './run-alone.ts';

const ARN = arnOf('example');
const NAMES = ['', 'Check stock', 'Check stock', ''];

let world: World;
let key: string;
beforeAll(async () => {
  world = await openStepFunctionsWorld();
  // An example needs no more than a key for this one execution.
  key = await world.key({ executions: [ARN], tier: 'standard' });
  await world.control('/executions', {
    executionArn: ARN,
    events: [
      { type: 'ExecutionStarted', executionStartedEventDetails: { input: '{}' } },
      { type: 'PassStateEntered', stateEnteredEventDetails: { name: 'Check stock' } },
      { type: 'PassStateExited', stateExitedEventDetails: { name: 'Check stock' } },
      { type: 'ExecutionSucceeded', executionSucceededEventDetails: { output: '{}' }, afterMs: 1_500 },
    ],
  });
});
afterAll(() => world.close());

const pathOf = (example: string) => fileURLToPath(new URL(`../../examples/aws/${example}`, import.meta.url));

async function run(program: string, args: readonly string[], more: Record<string, string> = {}) {
  const env = { FLOWTAP_URL: world.url.href, FLOWTAP_API_KEY: key, ...more };
  const { code, stdout, stderr } = await runAlone(program, args, { env });
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const namesIn = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').slice(2).join(' ').trim());

it.skipIf(!hasBoto3(PYTHON))('print_history.py waits for the end, and prints every event', async () => {
  const printed = await run(PYTHON, [pathOf('print_history.py'), '--wait', ARN]);
  expect(namesIn(printed)).toEqual(NAMES);
});

it('print-history.mjs prints every event', async () => {
  const names = namesIn(await run(process.execPath, [pathOf('print-history.mjs'), ARN]));
  expect(NAMES.slice(0, names.length)).toEqual(names);
  expect(names.length).toBeGreaterThanOrEqual(3);
});

it.skipIf(!hasAwsCli())(
  `print-history.sh prints every event (skipped where ${AWS_CLI} is missing)`,
  async () => {
    const home = await mkdtemp(join(tmpdir(), 'flowtap-aws-cli-'));
    try {
      const file = join(home, 'credentials');
      const keys = 'aws_access_key_id = flowtap\naws_secret_access_key = unused\n';
      await writeFile(file, `[flowtap]\n${keys}aws_session_token = ${key}\n`);
      const printed = await run('/bin/sh', [pathOf('print-history.sh'), ARN], {
        AWS_SHARED_CREDENTIALS_FILE: file,
      });
      const { events } = JSON.parse(printed);
      expect(events.map(({ id }: { id: number }) => id).slice(0, 3)).toEqual([1, 2, 3]);
    } finally {
      await rm(home, { recursive: true });
    }
  },
);

it.each(['print-history.mjs', ...(hasBoto3(PYTHON) ? ['print_history.py'] : [])])(
  '%s prints its usage if the key, the address or the ARN is missing',
  async (example) => {
    const program = example.endsWith('.py') ? PYTHON : process.execPath;
    const env = { FLOWTAP_URL: world.url.href, FLOWTAP_API_KEY: key };
    for (const [given, args] of [
      [{ FLOWTAP_URL: world.url.href }, [ARN]],
      [{ FLOWTAP_API_KEY: key }, [ARN]],
      [env, []],
    ] as const) {
      const { code, stderr } = await runAlone(program, [pathOf(example), ...args], { env: { ...given } });
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/FLOWTAP_URL=.* FLOWTAP_API_KEY=.*\n/);
      expect(stderr).not.toMatch(/Traceback|^ +at /m);
    }
  },
);
