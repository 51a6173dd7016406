import { describe, expect, test } from 'vitest';
import { ok } from '../../src/core/errors.ts';
import { parseMapRunRef } from '../../src/core/execution-arn.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { parseFlowRef, type FlowRef } from '../../src/core/flow-ref.ts';
import type { Fetch } from '../../src/sources/aws/aws-json.ts';
import { listLimits, withListBudget } from '../../src/sources/call-budget/budgeted-listing.ts';
import { createCallBudget } from '../../src/sources/call-budget/call-budget.ts';
import { POLLS_PER_INTERVAL } from '../../src/sources/poll-jitter.ts';
import { sourceUnderTest } from '../step-functions/source-under-test.ts';
import { READ } from '../support/call-options.ts';
import { ManualClock } from '../support/manual-clock.ts';

const MACHINE = 'arn:aws:states:us-west-2:123456789012:stateMachine:Order';
const PLACE = { partition: 'aws', region: 'us-west-2', account: '123456789012' };
const MAP_RUN = 'arn:aws:states:us-west-2:123456789012:mapRun:Order/Lines:4f2a';

function flowOfArn(arn: string): FlowRef {
  const flow = parseFlowRef(arn);
  if (!flow) throw new Error(`not a flow: ${arn}`);
  return flow;
}

function mapRunOf(arn: string) {
  const mapRun = parseMapRunRef(arn);
  if (!mapRun) throw new Error(`not a map run: ${arn}`);
  return mapRun;
}

const ORDER = { flow: flowOfArn(MACHINE) };

/** Returns a listing whose upstream always gives this answer, and the inputs of the calls that the upstream gets. */
function answering(answer: object, status = 200) {
  const inputs: unknown[] = [];
  const fetch: Fetch = async (_url, init) => {
    inputs.push(JSON.parse(String(init.body)));
    return Response.json(answer, { status });
  };
  return { ...sourceUnderTest({ fetch }), inputs };
}

const item = {
  executionArn: 'arn:aws:states:us-west-2:123456789012:execution:Order:run-1',
  stateMachineArn: MACHINE,
  name: 'run-1',
  status: 'TIMED_OUT',
  startDate: 1_559_247_540.656,
  stopDate: 1_559_247_600,
  redriveCount: 0,
};

describe('executions of a flow', () => {
  test("have Flowtap's members, and those of AWS unchanged in `members`", async () => {
    const { listing, inputs } = answering({ executions: [item], nextToken: 'more' });
    const query = { of: ORDER, limit: 10, token: 'token', upstreamStatus: 'TIMED_OUT' };
    expect(await listing.listExecutions(query, READ)).toEqual(
      ok({
        executions: [
          {
            executionId: item.executionArn,
            arn: parseExecutionRef(item.executionArn).arn,
            flow: MACHINE,
            name: 'run-1',
            upstreamStatus: 'TIMED_OUT',
            status: 'FAILED',
            startedAt: '2019-05-30T20:19:00.656Z',
            endedAt: '2019-05-30T20:20:00.000Z',
            redriveCount: 0,
            members: item,
          },
        ],
        nextToken: 'more',
      }),
    );
    expect(inputs).toEqual([
      { stateMachineArn: MACHINE, maxResults: 10, statusFilter: 'TIMED_OUT', nextToken: 'token' },
    ]);
  });

  test('of a map run are listed by the ARN of the map run, which they have as `mapRunArn`', async () => {
    const executionArn = 'arn:aws:states:us-west-2:123456789012:execution:Order/Lines:3f1c';
    const { executionArn: _, stopDate: _stop, ...rest } = item;
    const child = { ...rest, executionArn, status: 'PENDING_REDRIVE', mapRunArn: MAP_RUN, itemCount: 3 };
    const { listing, inputs } = answering({ executions: [child] });
    expect(await listing.listExecutions({ of: mapRunOf(MAP_RUN), limit: 1 }, READ)).toMatchObject(
      ok({ executions: [{ flow: MACHINE, status: 'RUNNING', mapRunArn: MAP_RUN, members: child }] }),
    );
    expect(inputs).toEqual([{ mapRunArn: MAP_RUN, maxResults: 1 }]);
  });

  test('have no `status` if the status of AWS is unknown', async () => {
    const { listing } = answering({ executions: [{ ...item, status: 'PAUSED' }] });
    const page = await listing.listExecutions({ of: ORDER, limit: 1 }, READ);
    expect(page).toMatchObject({ value: { executions: [{ upstreamStatus: 'PAUSED' }] } });
    expect(page).not.toHaveProperty('value.executions[0].status');
  });

  test.each([
    [{ executions: 'none' }],
    [{ executions: [{ ...item, startDate: 'yesterday' }] }],
    [{ executions: [{ ...item, startDate: 1e15 }] }],
    [{ executions: [{ ...item, stopDate: 1e15 }] }],
    [{}],
  ])('with a wrong shape are a failure: %j', async (answer) => {
    const { listing } = answering(answer);
    expect(await listing.listExecutions({ of: ORDER, limit: 1 }, READ)).toMatchObject({
      failure: { type: 'upstream-broken', internal: expect.stringContaining('ListExecutions') },
    });
  });

  test.each([
    ['StateMachineDoesNotExist', 'upstream-not-found'],
    ['ResourceNotFound', 'upstream-not-found'],
    ['InvalidToken', 'upstream-invalid-token'],
    ['InvalidArn', 'upstream-invalid-request'],
    ['StateMachineTypeNotSupported', 'upstream-invalid-request'],
    ['AccessDeniedException', 'upstream-broken'],
  ])(
    'cannot be listed on the AWS error %s: the failure is %s and keeps the name of the error',
    async (name, type) => {
      const { listing } = answering({ __type: name, message: 'text' }, 400);
      expect(await listing.listExecutions({ of: ORDER, limit: 1 }, READ)).toMatchObject({
        failure: { type, awsCode: name },
      });
    },
  );

  test('are requested only for accounts and regions in SFN_ALLOWED, and only of state machines and map runs', async () => {
    const { listing, urls } = answering({ executions: [] });
    const elsewhere = { flow: flowOfArn(MACHINE.replace('us-west-2', 'eu-west-1')) };
    const workflow = { flow: flowOfArn('urn:tdm:us-west-2/123456789012/default:Workflow:Flow') };
    for (const [of, type] of [
      [elsewhere, 'source-forbidden'],
      [mapRunOf(MAP_RUN.replace('123456789012', '999999999999')), 'source-forbidden'],
      [workflow, 'upstream-invalid-request'],
    ] as const) {
      expect(await listing.listExecutions({ of, limit: 1 }, READ)).toMatchObject({ failure: { type } });
    }
    expect(urls).toEqual([]);
  });
});

describe('flows', () => {
  test('have the members of AWS; EXPRESS state machines are included, and callers filter them out', async () => {
    const machine = { stateMachineArn: MACHINE, name: 'Order', type: 'EXPRESS', creationDate: 1 };
    const { listing, inputs } = answering({ stateMachines: [machine], nextToken: null });
    expect(listing.places).toEqual([PLACE]);
    expect(await listing.listFlows(PLACE, 'token', READ)).toEqual(
      ok({ flows: [{ flow: MACHINE, name: 'Order', type: 'EXPRESS', members: machine }] }),
    );
    expect(inputs).toEqual([{ maxResults: 1_000, nextToken: 'token' }]);
  });

  test('are requested only for accounts and regions in SFN_ALLOWED', async () => {
    const { listing, urls } = answering({ stateMachines: [] });
    expect(await listing.listFlows({ ...PLACE, account: '999999999999' }, undefined, READ)).toMatchObject({
      failure: { type: 'source-forbidden' },
    });
    expect(urls).toEqual([]);
  });
});

describe('the budget of lists', () => {
  test.each([
    ['us-west-2', undefined, 2],
    ['eu-central-1', undefined, 1],
    ['eu-central-1', 4, 4],
  ])('in %s with the setting %s has %d calls a second after a burst of 50', (region, setting, rate) => {
    expect(listLimits(region, setting)).toEqual({ callsPerSecond: rate, callsAtOnce: 50 });
  });

  test('is shared by flows, executions and map runs of an account and region', async () => {
    const { listing } = answering({ executions: [], stateMachines: [] });
    const budget = createCallBudget({ clock: new ManualClock(), callsPerSecond: 0.01, callsAtOnce: 3 });
    const budgeted = withListBudget(listing, ({ account }) =>
      account === PLACE.account ? budget : undefined,
    );
    expect(await budgeted.listFlows(PLACE, undefined, READ)).toMatchObject({ ok: true });
    expect(await budgeted.listExecutions({ of: ORDER, limit: 1 }, READ)).toMatchObject({ ok: true });
    const mapRun = { of: mapRunOf(MAP_RUN), limit: 1 };
    expect(await budgeted.listExecutions(mapRun, READ)).toMatchObject({ ok: true });
    expect(await budgeted.listExecutions(mapRun, READ)).toMatchObject({
      failure: { type: 'upstream-throttled' },
    });
    const elsewhere = { ...PLACE, account: '999999999999' };
    expect(await budgeted.listFlows(elsewhere, undefined, READ)).toMatchObject({
      failure: { type: 'source-forbidden' },
    });
  });

  test('lengthens the interval between polls if many lists are followed', () => {
    const { listing } = answering({});
    const budget = createCallBudget({ clock: new ManualClock(), ...listLimits('us-west-2') });
    const budgeted = withListBudget(listing, () => budget);
    const pace = (n: number) =>
      budgeted.pace?.({ of: { flow: flowOfArn(`${MACHINE}-${n}`) } }, 1_000, ['tenant']) ?? 0;
    expect(pace(0)).toBe(1_000);
    for (let n = 1; n < 18; n++) pace(n);
    // 18 lists share 75 % of 2 calls a second, so each list gets a call every 12 s. The factor makes room for the
    // jitter, which shortens intervals.
    expect(pace(0)).toBe(Math.ceil(12_000 * POLLS_PER_INTERVAL));
  });
});
