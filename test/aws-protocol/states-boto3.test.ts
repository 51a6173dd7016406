/**
 * boto3's Step Functions client reads through the Worker in workerd, live and then archived. The client is used as
 * with AWS, apart from its constructor arguments.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arnOf } from '../step-functions/source-under-test.ts';
import { PYTHON, hasBoto3 } from '../support/installed.ts';
import { UPSTREAM_CREDENTIALS, type World, openWorld } from '../support/on-workerd.ts';
import { runAlone } from './run-alone.ts';
import {
  MACHINE_ARN,
  sampleHistories,
  scriptRuns,
  scriptSample,
  untilSamplesArchived,
} from './states-samples.ts';

const python = process.env['FLOWTAP_TEST_PYTHON'] ?? PYTHON;
const SCRIPT = fileURLToPath(new URL('use_boto3_states.py', import.meta.url));
const WAITERS = 100;
const RUN_SECONDS = 8;

interface Refusal {
  readonly code: string;
  readonly class: string;
  readonly status: number;
  readonly retries: number;
  readonly message: string;
}

interface Report {
  readonly executions: Readonly<Record<string, object>>;
  readonly writes: Readonly<Record<string, Refusal>>;
  readonly refusals: Readonly<Record<string, Refusal>>;
  /** `counts`: the length of each upstream list. `same`: true if Flowtap lists the same, with small and large pages. */
  readonly lists: { readonly counts: readonly number[]; readonly same: readonly boolean[] };
  readonly waited: Readonly<Record<string, number>>;
}

describe.skipIf(!hasBoto3(python))(`boto3 (skipped when ${python} has no boto3)`, () => {
  const samples = sampleHistories();
  let world: World;
  let key: string;
  let report: Report;
  /** The number of upstream calls for the samples before the archive is read. */
  let callsBefore: number;
  beforeAll(async () => {
    world = await openWorld();
    key = await world.key({ tier: 'high' });
    for (const sample of samples) await scriptSample(world, sample);
    report = await run({
      unknown: arnOf('unknown'),
      noMachine: 'arn:aws:states:us-west-2:123456789012:stateMachine:None',
      shyKey: await world.key({ payloads: 'names' }),
      executions,
    });
  });
  afterAll(() => world?.close());

  const { accessKeyId: key_id, secretAccessKey: secret } = UPSTREAM_CREDENTIALS;
  const executions = samples.map(({ arn, pageSize }) => ({ arn, pageSize }));

  async function run(given: object): Promise<Report> {
    const upstream = { url: world.upstream.url, key_id, secret };
    const input = JSON.stringify({ url: world.url.href, upstream, key, ...given });
    const { code, stdout, stderr } = await runAlone(python, [SCRIPT], { input });
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  }

  const expected = () =>
    Object.fromEntries(
      samples.map(({ arn, events }) => [
        arn,
        { count: events.length, paginator: true, client: true, description: true },
      ]),
    );

  it('reads the same events and descriptions as from the upstream, with and without its paginator', () => {
    expect(report.executions).toEqual(expected());
  });

  it('reads the same events and descriptions from the archive', async () => {
    await untilSamplesArchived(world, key, samples);
    const calls = () => samples.map(({ arn }) => world.calls(arn)).reduce((sum, count) => sum + count, 0);
    callsBefore = calls();
    expect((await run({ executions })).executions).toEqual(expected());
    // The script itself calls the upstream directly, for four views and a description of each sample.
    expect(calls() - callsBefore).toBe(samples.length * 5);
  });

  it('lists the same executions and state machines as from the upstream, with its paginators', async () => {
    await scriptRuns(world);
    const { lists } = await run({ machine: MACHINE_ARN });
    expect(lists).toEqual({ counts: [12, 2, 3, 2, expect.any(Number)], same: [true, true] });
    expect(lists.counts.at(-1)).toBeGreaterThan(1);
  });

  it.each([
    ['machine', 'StateMachineDoesNotExist', 'StateMachineDoesNotExist'],
    ['unknown', 'ExecutionDoesNotExist', 'ExecutionDoesNotExist'],
    ['unknownToDescribe', 'ExecutionDoesNotExist', 'ExecutionDoesNotExist'],
    ['arn', 'InvalidArn', 'InvalidArn'],
    ['token', 'InvalidToken', 'InvalidToken'],
    ['wrongKey', 'UnrecognizedClientException', 'ClientError'],
    ['shy', 'AccessDeniedException', 'ClientError'],
  ])('the mistake "%s" is caught as %s, of the class %s', (name, code, type) => {
    expect(report.refusals[name]).toMatchObject({ code, class: type, status: 400, retries: 0 });
  });

  it('cannot call operations that write', () => {
    const denied = {
      code: 'AccessDeniedException',
      status: 400,
      message: expect.stringContaining('read-only'),
    };
    expect(Object.values(report.writes)).toHaveLength(5);
    for (const write of Object.values(report.writes)) expect(write).toMatchObject(denied);
    expect(Object.keys(world.stats().byOperation ?? {}).toSorted()).toEqual([
      'DescribeExecution',
      'GetExecutionHistory',
      'ListExecutions',
      'ListStateMachines',
    ]);
  });

  it('lets 100 waiters wait for the end of a run, at the cost of one upstream call a second', async () => {
    const running = arnOf('running');
    const endsAfterMs = RUN_SECONDS * 1_000;
    await world.control('/executions', {
      executionArn: running,
      events: [
        { type: 'ExecutionStarted', executionStartedEventDetails: {} },
        { type: 'ExecutionSucceeded', executionSucceededEventDetails: {}, afterMs: endsAfterMs },
      ],
    });
    const beganAtMs = Date.now();
    const { waited } = await run({ running, waiters: WAITERS });
    const seconds = (Date.now() - beganAtMs) / 1_000;
    expect(waited).toEqual({ succeeded: WAITERS });
    expect(world.calls(running)).toBeGreaterThanOrEqual(2);
    // Polls are at least a second apart, minus jitter (pacer.ts).
    expect(world.calls(running)).toBeLessThanOrEqual(seconds / 0.9 + 1);
  });
});
