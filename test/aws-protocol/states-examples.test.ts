/** Runs the Step Functions examples in examples/aws as their comments describe. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { arnOf } from '../step-functions/source-under-test.ts';
import { AWS_CLI, PYTHON, hasAwsCli, hasBoto3 } from '../support/installed.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { AwsCli, credentialsOf } from './clients.ts';
import { expectUsage, runExample } from './run-example.ts';

const ARN = arnOf('example');
const NAMES = ['', 'Check stock', 'Check stock', ''];

let world: World;
let key: string;
beforeAll(async () => {
  world = await openWorld();
  // A key for this one execution is all that an example needs.
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

const run = (program: string, example: [string, ...string[]], more: Record<string, string> = {}) =>
  runExample(program, example, { FLOWTAP_URL: world.url.href, FLOWTAP_API_KEY: key, ...more });

const namesIn = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').slice(2).join(' ').trim());

it.skipIf(!hasBoto3(PYTHON))('print_history.py waits for the end, and prints every event', async () => {
  const printed = await run(PYTHON, ['print_history.py', '--wait', ARN]);
  expect(namesIn(printed)).toEqual(NAMES);
});

it('print-history.mjs prints every event', async () => {
  const names = namesIn(await run(process.execPath, ['print-history.mjs', ARN]));
  expect(NAMES.slice(0, names.length)).toEqual(names);
  expect(names.length).toBeGreaterThanOrEqual(3);
});

it.skipIf(!hasAwsCli())(
  `print-history.sh prints every event (skipped where ${AWS_CLI} is missing)`,
  async () => {
    await using cli = await AwsCli.open({ flowtap: credentialsOf(key) });
    const printed = await run('/bin/sh', ['print-history.sh', ARN], {
      AWS_SHARED_CREDENTIALS_FILE: cli.credentialsFile,
    });
    const { events } = JSON.parse(printed);
    expect(events.map(({ id }: { id: number }) => id).slice(0, 3)).toEqual([1, 2, 3]);
  },
);

it.each(['print-history.mjs', ...(hasBoto3(PYTHON) ? ['print_history.py'] : [])])(
  '%s prints its usage if the key, the address or the ARN is missing',
  (example) => expectUsage(example, { FLOWTAP_URL: world.url.href, FLOWTAP_API_KEY: key }, ARN),
);
