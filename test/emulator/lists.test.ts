/**
 * The emulator's lists of Step Functions. test/sources/step-functions-listing.test.ts tests the source that reads such
 * lists.
 */
import { describe, expect, test } from 'vitest';
import { LIST_LAG_MS_MAX, LISTED_MS } from '../../src/emulator/operations/list-executions.ts';
import { STATE_MACHINES } from '../../src/emulator/scenarios/step-functions-machines.ts';
import { type Answer, call, HOME, MACHINE, MAP_RUN, run, withRuns } from './list-call.ts';
import { control, emulatorAt, START_MS } from './signed-call.ts';

const namesOf = ({ executions }: Answer) => executions.map(({ name }) => name);

describe('ListExecutions', () => {
  test('lists the newest start first, with the current status, end and redrives of each execution', async () => {
    const { list, clock } = await withRuns([
      run('old', START_MS - 60_000, { endedAt: START_MS - 50_000, status: 'TIMED_OUT' }),
      run('new', START_MS - 2_000),
      run('redriven', START_MS - 90_000, {
        endedAt: START_MS - 80_000,
        status: 'FAILED',
        redrives: [{ at: START_MS - 20_000, endedAt: START_MS + 10_000 }],
      }),
      run('later', START_MS + 5_000),
    ]);
    const first = await list();
    expect(first.executions).toMatchObject([
      { name: 'new', status: 'RUNNING', redriveCount: 0, startDate: (START_MS - 2_000) / 1000 },
      { name: 'old', status: 'TIMED_OUT', stopDate: (START_MS - 50_000) / 1000 },
      { name: 'redriven', status: 'RUNNING', redriveCount: 1, redriveDate: (START_MS - 20_000) / 1000 },
    ]);
    expect(first.executions[0]).toMatchObject({
      executionArn: `${HOME}:execution:Order:new`,
      stateMachineArn: MACHINE,
    });
    expect(first).not.toHaveProperty('nextToken');
    await clock.advance(12_000);
    expect(namesOf(await list())).toEqual(['later', 'new', 'old', 'redriven']);
    expect((await list()).executions.at(-1)).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('shows the start and the end of an execution up to a second late', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `r-${index}`);
    const { list, clock } = await withRuns(
      names.map((name) => run(name, START_MS, { endedAt: START_MS + 10_000 })),
    );
    const seen = new Set<number>();
    for (let ms = 0; ms < LIST_LAG_MS_MAX; ms += 250) {
      seen.add((await list()).executions.length);
      await clock.advance(250);
    }
    expect(seen.size).toBeGreaterThan(2);
    expect((await list()).executions).toHaveLength(50);
    await clock.advance(10_000 - LIST_LAG_MS_MAX);
    expect((await list({ statusFilter: 'RUNNING' })).executions.length).toBeGreaterThan(0);
    await clock.advance(LIST_LAG_MS_MAX);
    expect((await list({ statusFilter: 'RUNNING' })).executions).toEqual([]);
  });

  test('continues after the previous page even if executions have started since, and keeps the order of equal start times', async () => {
    const runs = Array.from({ length: 25 }, (_, index) =>
      run(`r-${index}`, START_MS - 60_000 - 1_000 * Math.floor(index / 5)),
    );
    const { emulator, list } = await withRuns(runs);
    const all = namesOf(await list());
    const walked: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await list({ maxResults: 4, ...(nextToken !== undefined && { nextToken }) });
      walked.push(...namesOf(page));
      nextToken = page.nextToken;
      const name = `late-${walked.length}`;
      const more = { stateMachineArn: MACHINE, runs: [run(name, START_MS - 30_000)] };
      await control(emulator, 'POST', '/runs', more);
    } while (nextToken !== undefined);
    expect(walked).toEqual(all);
    expect(walked).toHaveLength(25);
  });

  test('filters by status, and accepts a token only with the same filter and until it expires', async () => {
    const runs = Array.from({ length: 9 }, (_, index) =>
      run(`r-${index}`, START_MS - 60_000 - index, {
        ...(index % 3 === 0 && { endedAt: START_MS - 50_000, status: 'ABORTED' }),
      }),
    );
    const { emulator, clock, list } = await withRuns(runs);
    const page = await list({ statusFilter: 'ABORTED', maxResults: 2 });
    expect(namesOf(page)).toEqual(['r-0', 'r-3']);
    const { nextToken } = page;
    expect(namesOf(await list({ statusFilter: 'ABORTED', nextToken }))).toEqual(['r-6']);
    expect(await list({ nextToken })).toMatchObject({ __type: 'InvalidToken' });
    await control(emulator, 'POST', '/faults', { tokenLifetimeMs: 1_000 });
    await clock.advance(1_000);
    expect(await list({ statusFilter: 'ABORTED', nextToken })).toMatchObject({ __type: 'InvalidToken' });
  });

  test('drops executions 90 days after their end, but never running ones', async () => {
    const startedAt = START_MS - LISTED_MS - 60_000;
    const { list, clock } = await withRuns([
      run('ended', startedAt, { endedAt: START_MS - LISTED_MS + 5_000 }),
      run('running', startedAt),
    ]);
    expect((await list()).executions).toHaveLength(2);
    await clock.advance(6_000);
    expect(namesOf(await list())).toEqual(['running']);
  });

  test("lists the children of a map run under its ARN, but not among the state machine's executions", async () => {
    const runs = [run('a', START_MS - 5_000), run('b', START_MS - 4_000, { endedAt: START_MS - 3_000 })];
    const world = await withRuns(runs, { mapRunArn: MAP_RUN });
    const of = { mapRunArn: MAP_RUN };
    const page = await call(world, 'ListExecutions', of);
    expect(page.executions).toMatchObject([
      { executionArn: `${HOME}:execution:Order/Lines:b`, status: 'SUCCEEDED', ...of },
      { executionArn: `${HOME}:execution:Order/Lines:a`, status: 'RUNNING', ...of },
    ]);
    const executionArn = page.executions[0]?.executionArn;
    expect(await call(world, 'DescribeExecution', { executionArn })).toMatchObject(of);
    await control(world.emulator, 'POST', '/runs', { stateMachineArn: MACHINE, runs: [] });
    expect((await world.list()).executions).toEqual([]);
  });

  test.each([
    [{}, 'ValidationException'],
    [{ stateMachineArn: MACHINE, mapRunArn: MAP_RUN }, 'ValidationException'],
    [{ stateMachineArn: MACHINE, redriveFilter: 'REDRIVEN' }, 'ValidationException'],
    [{ stateMachineArn: MACHINE, maxResults: 1_001 }, 'ValidationException'],
    [{ stateMachineArn: MACHINE, maxResults: 'x' }, 'SerializationException'],
    [{ stateMachineArn: MACHINE, statusFilter: 'DONE' }, 'ValidationException'],
    [{ stateMachineArn: MACHINE, nextToken: 'forged' }, 'InvalidToken'],
    [{ stateMachineArn: MAP_RUN }, 'InvalidArn'],
    [{ stateMachineArn: `${HOME}:stateMachine:Unknown` }, 'StateMachineDoesNotExist'],
    [{ stateMachineArn: `${HOME}:stateMachine:Fast` }, 'StateMachineTypeNotSupported'],
    [{ mapRunArn: `${MAP_RUN}x` }, 'ResourceNotFound'],
  ])('answers %j with a %s', async (input, error) => {
    const world = await withRuns([run('a', START_MS - 5_000)]);
    const fast = { stateMachineArn: `${HOME}:stateMachine:Fast`, type: 'EXPRESS', runs: [] };
    await control(world.emulator, 'POST', '/runs', fast);
    expect(await call(world, 'ListExecutions', input)).toMatchObject({ __type: error });
  });

  test.each([
    ['us-west-2', 200, 5],
    ['eu-central-1', 100, 2],
  ])('in %s allows a burst of %d calls, then %d calls a second', async (region, capacity, perSecond) => {
    const world = emulatorAt();
    const stateMachineArn = `arn:aws:states:${region}:123456789012:stateMachine:Rounds`;
    const outcomes = async (count: number) => {
      const types: (string | undefined)[] = [];
      for (let n = 0; n < count; n++) {
        types.push((await call(world, 'ListExecutions', { stateMachineArn }, region)).__type);
      }
      return types.filter((type) => type === undefined).length;
    };
    expect(await outcomes(capacity + 3)).toBe(capacity);
    await world.clock.advance(1_000);
    expect(await outcomes(perSecond + 1)).toBe(perSecond);
    await control(world.emulator, 'POST', '/faults', { listQuota: { capacity: 1, refillPerSecond: 1 } });
    expect(await outcomes(3)).toBe(1);
  });

  test('without permission answers with an error that names the action, and counts the call', async () => {
    const world = await withRuns([]);
    await control(world.emulator, 'POST', '/faults', { denied: ['ListExecutions'] });
    expect(await world.list()).toMatchObject({
      __type: 'AccessDeniedException',
      message: expect.stringContaining(`perform: states:ListExecutions on resource: ${MACHINE}`),
    });
    expect(await call(world, 'ListStateMachines', {})).not.toHaveProperty('__type');
    expect(world.emulator.stats().byExecution[MACHINE]).toMatchObject({ calls: 1 });
  });
});

describe('ListStateMachines', () => {
  test('lists the state machines of the scenarios and the scripted ones of the region, in pages', async () => {
    const world = await withRuns([run('a', START_MS)]);
    const elsewhere = { stateMachineArn: MACHINE.replace('us-west-2', 'eu-west-1'), runs: [] };
    await control(world.emulator, 'POST', '/runs', { ...elsewhere, type: 'EXPRESS' });
    const names: string[] = [];
    let nextToken: string | undefined;
    do {
      const input = { maxResults: 3, ...(nextToken !== undefined && { nextToken }) };
      const page = await call(world, 'ListStateMachines', input);
      names.push(...page.stateMachines.map(({ name }) => name));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(names).toEqual(['Order', ...STATE_MACHINES.map(({ name }) => name)].toSorted());
    const { stateMachines } = await call(world, 'ListStateMachines', {}, 'eu-west-1');
    expect(stateMachines).toContainEqual(expect.objectContaining({ name: 'Order', type: 'EXPRESS' }));
  });
});
