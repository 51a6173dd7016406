/**
 * GET …/children lists the executions that an execution of Step Functions has started. Tests the whole service with
 * the emulator as its upstream. Over 300 lines, because all tests need the same scripted parents and children.
 */
import { beforeEach, describe, expect, test } from 'vitest';

import { scenarioArn } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import { MAP_RUN_CHILDREN } from '../../src/emulator/scenarios/nested-machines.ts';
import { CHILDREN_ASKED_MAX } from '../../src/lists/children.ts';
import { LIST_REQUEST_MS_MAX } from '../../src/lists/flow-list.ts';
import { parseAllowedAccounts } from '../../src/sources/step-functions/allowed-accounts.ts';
import { type ServiceUnderTest, openService } from './service-under-test.ts';

const HOME = 'arn:aws:states:us-west-2:123456789012';
const PARENT = `${HOME}:execution:Parent:run`;
const UUID = '69b151ad-a611-42f5-ac21-fe537f9868ad';
const HOUR_MS = 3_600_000;

interface Item {
  readonly flowExecutionId: string;
  readonly name: string;
  readonly status: string;
  readonly step?: string;
  readonly archived: boolean;
}
interface Page {
  readonly executions: readonly Item[];
  readonly nextToken?: string;
  readonly partial?: true;
}

let service: ServiceUnderTest;
beforeEach(async () => {
  service = await openService({
    stepFunctionsAllowed: parseAllowedAccounts('us-west-2:123456789012') ?? new Set(),
  });
});

const pathOf = (id: string) => `/v1/executions/${encodeURIComponent(id)}/children`;

async function children(id: string, query = '', headers: Record<string, string> = {}): Promise<Page> {
  const response = await service.get(`${pathOf(id)}${query}`, headers);
  expect(response.status).toBe(200);
  // Safety: the route answers in this shape.
  return (await response.json()) as Page;
}

async function allPages(id: string, maxResults: number, headers: Record<string, string> = {}) {
  const pages: Page[] = [];
  let cursor = '';
  do {
    const page = await children(id, `?maxResults=${maxResults}${cursor}`, headers);
    pages.push(page);
    cursor = `&cursor=${page.nextToken}`;
  } while (pages.at(-1)?.nextToken !== undefined);
  return pages;
}

/** Advances time so that the read can finish. */
async function inTime<T>(reading: Promise<T>): Promise<T> {
  await service.clock.advance(10_000);
  return reading;
}

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });
const namesOf = (pages: readonly Page[]) =>
  pages.flatMap(({ executions }) => executions.map(({ name }) => name));

/** Scripts the parent with these events. The children in the events exist only if `runs` creates them. */
const script = async (events: readonly object[]) => {
  const started = { type: 'ExecutionStarted' };
  const request = new Request('http://emulator/_emulator/executions', {
    method: 'POST',
    body: JSON.stringify({ executionArn: PARENT, events: [started, ...events] }),
  });
  expect((await service.emulator.fetch(request)).status).toBe(200);
};
const runs = async (of: object, names: readonly string[]) => {
  const startedAt = service.clock.now() - HOUR_MS;
  const body = { ...of, runs: names.map((name, index) => ({ name, startedAt: startedAt - index * 1_000 })) };
  const request = new Request('http://emulator/_emulator/runs', {
    method: 'POST',
    body: JSON.stringify(body),
  });
  expect((await service.emulator.fetch(request)).status).toBe(200);
};

/** Makes the events of a step that starts an execution without waiting for its end. */
const starts = (executionArn: string, step: string): object[] => [
  { type: 'TaskStateEntered', stateEnteredEventDetails: { name: step } },
  {
    type: 'TaskSucceeded',
    taskSucceededEventDetails: {
      resource: 'startExecution',
      resourceType: 'states',
      output: JSON.stringify({ ExecutionArn: executionArn }),
    },
  },
  { type: 'TaskStateExited', stateExitedEventDetails: { name: step } },
];
const mapRun = (mapRunArn: string): object[] => [
  { type: 'MapStateEntered', stateEnteredEventDetails: { name: 'Lines' } },
  { type: 'MapRunStarted', mapRunStartedEventDetails: { mapRunArn } },
];

const childArn = (name: string) => `${HOME}:execution:Child:${name}`;
const MACHINE = { stateMachineArn: `${HOME}:stateMachine:Child` };
const MAP_RUN = { mapRunArn: `${HOME}:mapRun:Parent/Lines:4f2a` };

describe('the children of an execution', () => {
  test('are all executions that its steps started, with their step and status, even if no step waits for them', async () => {
    const parent = scenarioArn('Nested', service.clock.now() - HOUR_MS, UUID);
    const { executions, ...rest } = await children(parent);
    expect(rest).toEqual({});
    expect(executions).toMatchObject([
      {
        flow: `${HOME}:stateMachine:LambdaCalls`,
        source: 'step-functions',
        status: 'SUCCEEDED',
        upstreamStatus: 'SUCCEEDED',
        startedAt: expect.stringMatching(/Z$/),
        endedAt: expect.stringMatching(/Z$/),
        redriveCount: 0,
        archived: false,
        final: false,
        step: 'Place order',
      },
      { flow: `${HOME}:stateMachine:FailingMap`, status: 'FAILED', step: 'Notify' },
    ]);
  });

  test('include the children of its map runs, each once over pages of any size', async () => {
    const parent = scenarioArn('DistributedMap', service.clock.now() - HOUR_MS, UUID);
    const pages = await allPages(parent, 5);
    const executions = pages.flatMap((page) => page.executions);
    expect(executions).toHaveLength(MAP_RUN_CHILDREN);
    expect(new Set(executions.map(({ flowExecutionId }) => flowExecutionId)).size).toBe(MAP_RUN_CHILDREN);
    expect(executions.filter(({ status }) => status === 'FAILED')).toHaveLength(2);
    expect(executions[0]).toMatchObject({ flow: `${HOME}:stateMachine:DistributedMap`, step: 'Lines' });
    expect(pages.map((page) => page.executions.length)).toEqual([5, 5, 2]);
  });

  test('stay in order from page to page, with map runs between steps', async () => {
    await runs(MACHINE, ['a', 'b', 'c', 'd']);
    await runs(MAP_RUN, ['m0', 'm1', 'm2', 'm3', 'm4']);
    await script([
      ...starts(childArn('a'), 'A'),
      ...starts(childArn('b'), 'B'),
      ...mapRun(MAP_RUN.mapRunArn),
      ...starts(childArn('c'), 'C'),
      ...starts(childArn('d'), 'D'),
    ]);
    await service.clock.advance(3_000);
    const all = ['a', 'b', 'm0', 'm1', 'm2', 'm3', 'm4', 'c', 'd'];
    for (const size of [1, 2, 3, 4, 8, 9, 250]) expect(namesOf(await allPages(PARENT, size))).toEqual(all);
  });

  test('are requested in bounded numbers: a page can be short, and the next one continues', async () => {
    const names = Array.from({ length: CHILDREN_ASKED_MAX + 10 }, (_, index) => `c-${index}`);
    await runs(MACHINE, names);
    await script(names.flatMap((name) => starts(childArn(name), name)));
    const before = service.calls();
    // Needs time, because ids that were never requested are looked up a few at a time.
    const first = await inTime(children(PARENT, '?maxResults=250'));
    expect(first.executions).toHaveLength(CHILDREN_ASKED_MAX);
    expect(service.calls() - before).toBeLessThan(CHILDREN_ASKED_MAX + 5);
    const rest = await inTime(children(PARENT, `?maxResults=250&cursor=${first.nextToken}`));
    expect(namesOf([first, rest])).toEqual(names);
    expect(rest.nextToken).toBeUndefined();
  });

  test('of many map runs are listed in bounded numbers: a page can be short, and the next one continues', async () => {
    const arns = Array.from(
      { length: CHILDREN_ASKED_MAX + 10 },
      (_, index) => `${HOME}:mapRun:Parent/Lines:${index}`,
    );
    await runs({ mapRunArn: arns.at(-1) }, ['last']);
    await script(arns.flatMap(mapRun));
    await service.clock.advance(3_000);
    const before = service.calls();
    const first = await inTime(children(PARENT));
    expect(service.calls() - before).toBeLessThan(CHILDREN_ASKED_MAX + 5);
    expect(first).toMatchObject({ executions: [], nextToken: expect.any(String) });
    const pages = [first];
    while (pages.at(-1)?.nextToken !== undefined)
      pages.push(await inTime(children(PARENT, `?cursor=${pages.at(-1)?.nextToken}`)));
    expect(namesOf(pages)).toEqual(['last']);
  });

  test('of map runs are searched for a few seconds: a page can be short, and the next one continues', async () => {
    const arns = Array.from(
      { length: 3 * CHILDREN_ASKED_MAX },
      (_, index) => `${HOME}:mapRun:Parent/Lines:${index}`,
    );
    await script(arns.flatMap(mapRun));
    await service.clock.advance(3_000);
    // Uses up the saved budget of list calls.
    const first = await inTime(children(PARENT));
    const before = service.calls();
    const reading = children(PARENT, `?cursor=${first.nextToken}`);
    await service.clock.advance(LIST_REQUEST_MS_MAX + 1_000);
    const second = await reading;
    expect(second.nextToken).toBeDefined();
    expect(service.calls() - before).toBeLessThan(CHILDREN_ASKED_MAX);
  });

  test('that are archived need no upstream call, even after the upstream is gone', async () => {
    const parent = scenarioArn('Nested', service.clock.now() - 20 * 24 * HOUR_MS, UUID);
    const [child] = (await children(parent)).executions;
    for (const id of [parent, child?.flowExecutionId ?? '']) {
      await service.get(`/v1/executions/${encodeURIComponent(id)}/messages`);
    }
    await service.clock.advance(60_000);
    service.stopUpstream();
    const reading = children(parent);
    await service.clock.advance(60_000);
    const { executions, partial } = await reading;
    expect(executions).toMatchObject([
      { flowExecutionId: child?.flowExecutionId, archived: true, final: true },
    ]);
    expect(partial).toBe(true);
  });

  test('of EXPRESS state machines are omitted, and so are children that neither AWS nor the archive knows', async () => {
    await runs(MACHINE, ['a']);
    await script([
      ...starts(`${HOME}:express:Fast:x:y`, 'Fast'),
      ...starts(childArn('forgotten'), 'Old'),
      ...starts(childArn('a'), 'A'),
    ]);
    expect(await children(PARENT)).toMatchObject({ executions: [{ name: 'a' }] });
    expect(await children(PARENT)).not.toHaveProperty('partial');
  });

  test('are an empty list for an execution of Things Graph, and a 404 for an unknown execution', async () => {
    await service.script('flow', [{ messageId: '1', eventType: 'EXECUTION_STARTED' }]);
    expect(await children('flow')).toEqual({ executions: [] });
    expect((await service.get(pathOf('unknown'))).status).toBe(404);
  });
});

describe('the children that a key can see', () => {
  beforeEach(async () => {
    await runs(MACHINE, ['a', 'b']);
    await runs(MAP_RUN, ['m0', 'm1']);
    const started = [...starts(childArn('a'), 'A'), ...starts(childArn('b'), 'B')];
    await script([...started, ...mapRun(MAP_RUN.mapRunArn)]);
    await service.clock.advance(3_000);
  });

  test.each([
    [[PARENT], []],
    [[PARENT, childArn('b')], ['b']],
    [[PARENT, `${HOME}:execution:Parent/Lines:m1`], ['m1']],
    [[`${HOME}:execution:Parent*`], ['m0', 'm1']],
    [['*'], ['a', 'b', 'm0', 'm1']],
  ])('with the patterns %j are %j', async (executions, names) => {
    const key = await service.key({ executions });
    for (const size of [1, 250]) expect(namesOf(await allPages(PARENT, size, bearer(key)))).toEqual(names);
  });

  test('have no step for a key without access to names', async () => {
    const key = await service.key({ payloads: 'none' });
    const { executions } = await children(PARENT, '', bearer(key));
    expect(executions).toHaveLength(4);
    expect(executions.some((item) => 'step' in item)).toBe(false);
    expect(
      (await children(PARENT, '', bearer(await service.key({ payloads: 'names' })))).executions,
    ).toMatchObject([{ step: 'A' }, { step: 'B' }, { step: 'Lines' }, { step: 'Lines' }]);
  });

  test('are refused to a ticket, and to a key that may not read the parent', async () => {
    const key = await service.key({ executions: [childArn('*')] });
    expect((await service.get(pathOf(PARENT), bearer(key))).status).toBe(403);
    const created = await service.fetch(`/v1/executions/${encodeURIComponent(PARENT)}/tickets`, {
      method: 'POST',
      headers: { ...bearer(await service.key({ tickets: true })), 'Content-Type': 'application/json' },
      body: '{}',
    });
    const { ticket } = (await created.json()) as { ticket: string };
    expect((await service.fetch(`${pathOf(PARENT)}?ticket=${ticket}`)).status).toBe(403);
  });

  test('are marked as partial if AWS denies listing a map run', async () => {
    await service.faults({ denied: ['ListExecutions'] });
    expect(await children(PARENT)).toMatchObject({
      executions: [{ name: 'a' }, { name: 'b' }],
      partial: true,
    });
  });
});

describe('a cursor of children', () => {
  test('is valid only for its own execution, and contains no AWS token', async () => {
    await runs(MAP_RUN, ['m0', 'm1', 'm2']);
    await script(mapRun(MAP_RUN.mapRunArn));
    await service.clock.advance(3_000);
    const { nextToken = '' } = await children(PARENT, '?maxResults=1');
    expect(nextToken.length).toBeLessThan(200);
    const other = scenarioArn('Nested', service.clock.now() - HOUR_MS, UUID);
    for (const path of [`${pathOf(other)}?cursor=${nextToken}`, `${pathOf(PARENT)}?nextToken=x`]) {
      const response = await service.get(path);
      expect(response.status).toBe(400);
      expect(JSON.stringify(await response.json())).toMatch(/cursor|nextToken/);
    }
  });
});

test('an id that ends in /children can be read if the slash is encoded', async () => {
  await service.script('a/children', [{ messageId: '1', eventType: 'EXECUTION_STARTED' }]);
  expect((await service.get('/v1/executions/a%2Fchildren')).status).toBe(200);
  expect((await service.get('/v1/executions/a/children')).status).toBe(404);
  expect((await service.get('/v1/executions/a%2Fchildren/children')).status).toBe(200);
  expect((await service.admin('GET', '/executions/a/children')).status).toBe(404);
});
