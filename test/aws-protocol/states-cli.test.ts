/**
 * Debian's AWS CLI reads Step Functions through the Worker in workerd. A separate profile holds the API key.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arnOf } from '../step-functions/source-under-test.ts';
import { AWS_CLI, hasAwsCli } from '../support/installed.ts';
import { UPSTREAM_CREDENTIALS, type World, openWorld } from '../support/on-workerd.ts';
import { AwsCli, credentialsOf } from './clients.ts';
import { MACHINE_ARN, sampleHistories, scriptRuns, scriptSample } from './states-samples.ts';

const [sample] = sampleHistories();

describe.skipIf(!hasAwsCli())(`the AWS CLI (skipped where ${AWS_CLI} is missing)`, () => {
  let world: World;
  let cli: AwsCli;

  beforeAll(async () => {
    world = await openWorld();
    if (sample) await scriptSample(world, sample);
    await scriptRuns(world);
    cli = await AwsCli.open({
      flowtap: credentialsOf(await world.key({ tier: 'high' })),
      upstream: UPSTREAM_CREDENTIALS,
    });
  });
  afterAll(async () => {
    await world?.close();
    await cli?.close();
  });

  function run(profile: 'flowtap' | 'upstream', command: string, ...more: string[]) {
    const endpoint = profile === 'upstream' ? world.upstream.url : world.url.href;
    return cli.run(endpoint, profile, ['stepfunctions', command, ...more]);
  }

  async function read(profile: 'flowtap' | 'upstream', command: string, ...more: string[]): Promise<object> {
    const { code, stdout, stderr } = await run(profile, command, ...more);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  }

  const { arn = '', events = [], pageSize = 1 } = sample ?? {};

  it.concurrent.each([
    ['get-execution-history', ['--page-size', String(pageSize)]],
    ['get-execution-history', ['--reverse-order', '--page-size', '1']],
    ['get-execution-history', ['--no-include-execution-data']],
    ['describe-execution', []],
  ] as const)(
    'prints the same for %s %j through the Worker as from the upstream directly',
    async (command, more) => {
      const asked = ['--execution-arn', arn, ...more];
      const [straight, through] = await Promise.all([
        read('upstream', command, ...asked),
        read('flowtap', command, ...asked),
      ]);
      expect(through).toEqual(straight);
      if ('events' in through) expect(through.events).toHaveLength(events.length);
    },
  );

  it.concurrent.each([
    ['list-executions', ['--state-machine-arn', MACHINE_ARN, '--page-size', '5']],
    ['list-state-machines', []],
  ] as const)(
    'prints the same list for %s %j through the Worker as from the upstream directly',
    async (command, asked) => {
      const [straight, through] = await Promise.all([
        read('upstream', command, ...asked),
        read('flowtap', command, ...asked),
      ]);
      expect(through).toEqual(straight);
    },
  );

  it.concurrent.each([
    ['get-execution-history', ['--execution-arn', arnOf('unknown')], /\(ExecutionDoesNotExist\)/],
    ['describe-execution', ['--execution-arn', 'arn:aws:states:x'], /\(InvalidArn\)/],
    [
      'start-execution',
      ['--state-machine-arn', 'arn:aws:states:us-west-2:123456789012:stateMachine:M'],
      /\(AccessDeniedException\).*read-only/,
    ],
    ['stop-execution', ['--execution-arn', arnOf('sample-0')], /\(AccessDeniedException\).*read-only/],
  ] as const)('fails with the exception of the service for %s %j', async (command, asked, text) => {
    const { code, stderr } = await run('flowtap', command, ...asked);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(text);
  });
});
