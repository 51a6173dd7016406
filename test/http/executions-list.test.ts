/**
 * GET /v1/executions as JSON, and GET /v1/flows. Tests their contents, access and headers. Live lists have tests of
 * their own. Over 300 lines, because each kind of bad input is a test case.
 */
import { beforeEach, describe, expect, test } from 'vitest';

import { FLOWS_RETRY_MS } from '../../src/lists/flow-directory.ts';
import { endedLongAgo, openService, ORIGIN, problemOf, type ServiceUnderTest } from './service-under-test.ts';

const HOME = 'arn:aws:states:us-west-2:123456789012';
const DOOR = `${HOME}:stateMachine:Door`;
const FOREIGN = 'arn:aws:states:eu-west-1:999999999999:stateMachine:Door';
const WORKFLOW = 'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow';
const idOf = (name: string) => `${HOME}:execution:Door:${name}`;

interface ListJson {
  readonly executions: readonly Record<string, unknown>[];
  readonly nextToken?: string;
  readonly partial?: true;
}

let service: ServiceUnderTest;
beforeEach(async () => {
  service = await openService();
});

const ago = (seconds: number) => service.clock.now() - seconds * 1_000;
const run = (name: string, secondsAgo: number, more: object = {}) => ({
  name,
  startedAt: ago(secondsAgo),
  ...more,
});
const ended = (secondsAgo: number, status = 'SUCCEEDED') => ({ endedAt: ago(secondsAgo), status });

const at = (query: Readonly<Record<string, string>>) => `/v1/executions?${new URLSearchParams(query)}`;
const get = (query: Readonly<Record<string, string>>, headers?: Record<string, string>) =>
  service.get(at({ flow: DOOR, ...query }), headers);
const as = (key: string, query: Readonly<Record<string, string>>) =>
  service.fetch(at(query), { headers: { Authorization: `Bearer ${key}` } });

async function listOf(response: Response | Promise<Response>): Promise<ListJson> {
  const answer = await response;
  expect(answer.status).toBe(200);
  // Safety: the route answers with such a list. Tests check its members.
  return (await answer.json()) as ListJson;
}
const namesIn = ({ executions }: ListJson) => executions.map(({ name }) => name);

describe('a list', () => {
  test('has the executions of the flow, newest start first, with all known details', async () => {
    await service.runs(DOOR, [
      run('first', 3_600, ended(3_000, 'TIMED_OUT')),
      run('second', 1_800),
      run('third', 60, ended(30)),
    ]);
    const list = await listOf(get({}));
    expect(namesIn(list)).toEqual(['third', 'second', 'first']);
    expect(list.executions[2]).toEqual({
      flowExecutionId: idOf('first'),
      flow: DOOR,
      name: 'first',
      source: 'step-functions',
      status: 'FAILED',
      upstreamStatus: 'TIMED_OUT',
      startedAt: new Date(ago(3_600)).toISOString(),
      endedAt: new Date(ago(3_000)).toISOString(),
      durationMs: 600_000,
      redriveCount: 0,
      archived: false,
      final: false,
    });
    expect(list).not.toHaveProperty('nextToken');
  });

  test('is filtered by status, name and start time', async () => {
    await service.runs(DOOR, [
      run('a-1', 400, ended(390)),
      run('a-2', 300),
      run('b-3', 200, ended(190, 'ABORTED')),
      run('b-4', 100, ended(90, 'TIMED_OUT')),
    ]);
    const names = async (query: Record<string, string>) => namesIn(await listOf(get(query)));
    expect(await names({ status: 'RUNNING,ABORTED' })).toEqual(['b-3', 'a-2']);
    expect(await names({ status: 'FAILED' })).toEqual(['b-4']);
    expect(await names({ namePrefix: 'a-' })).toEqual(['a-2', 'a-1']);
    const [after, before] = [new Date(ago(300)).toISOString(), new Date(ago(100)).toISOString()];
    expect(await names({ startedAfter: after, startedBefore: before })).toEqual(['b-3', 'a-2']);
    expect(await names({ startedAfter: '2031-01-01' })).toEqual([]);
  });

  test('continues from page to page through Link, with the same flow and filters', async () => {
    await service.runs(
      DOOR,
      Array.from({ length: 7 }, (_, n) => run(`r-${n}`, 100 + n)),
    );
    const seen: unknown[] = [];
    let response = await get({ maxResults: '3', status: 'RUNNING', namePrefix: 'r-' });
    for (;;) {
      const list = await listOf(response.clone());
      seen.push(...namesIn(list));
      const link = /^<(\?.*)>; rel="next"$/.exec(response.headers.get('Link') ?? '')?.[1];
      expect(link === undefined).toBe(list.nextToken === undefined);
      if (link === undefined) break;
      expect(link).toContain(`cursor=${list.nextToken}`);
      response = await service.get(`/v1/executions${link}`);
    }
    expect(seen).toEqual(['r-0', 'r-1', 'r-2', 'r-3', 'r-4', 'r-5', 'r-6']);
  });

  test('has an ETag that changes with the list, and must be revalidated before reuse', async () => {
    await service.runs(DOOR, [run('one', 60)]);
    const first = await get({});
    const headers = { 'If-None-Match': first.headers.get('ETag') ?? '' };
    expect((await get({}, headers)).status).toBe(304);
    await service.clock.advance(10_000);
    await service.runs(DOOR, [run('one', 60), run('two', 2)]);
    await service.clock.advance(10_000);
    const changed = await get({}, headers);
    expect(changed.status).toBe(200);
    expect(changed.headers.get('Cache-Control')).toBe('private, no-cache');
    expect(changed.headers.get('Vary')).toContain('Authorization');
  });

  test('costs one upstream call for many readers, and Cache-Status shows which request made it', async () => {
    await service.runs(DOOR, [run('one', 60)]);
    const before = service.calls();
    const answers = await Promise.all(Array.from({ length: 200 }, () => get({})));
    expect(service.calls() - before).toBe(1);
    const statuses = new Set(answers.map(({ headers }) => headers.get('Cache-Status')));
    expect([...statuses].toSorted((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1))).toEqual([
      'flowtap; fwd=miss; detail=live',
      'flowtap; hit; detail=live',
    ]);
    const logged = service.requests().filter(({ route }) => route === 'executions');
    expect(logged).toHaveLength(200);
    expect(logged[0]).toMatchObject({ source: 'step-functions', flow: DOOR });
    expect(logged.reduce((sum, { upstreamCalls }) => sum + Number(upstreamCalls), 0)).toBe(1);
  });

  test('of a Things Graph workflow has its archived executions, and a list by source has the archived executions without a flow', async () => {
    const [uuid, named] = ['3c68163c-e2c1-43db-a537-3840e56e7fe7', `${WORKFLOW}_2019-05-11T19:39:55.317Z_x`];
    for (const id of [uuid, named]) {
      await service.script(id, endedLongAgo(service.clock, 3));
      await service.get(`/v1/executions/${encodeURIComponent(id)}/messages`);
    }
    await service.clock.advance(60_000);
    const ofFlow = await listOf(service.get(at({ flow: WORKFLOW })));
    expect(ofFlow.executions).toMatchObject([
      { flowExecutionId: named, flow: WORKFLOW, status: 'SUCCEEDED', archived: true, final: true },
    ]);
    const ofNone = await listOf(service.get(at({ source: 'things-graph' })));
    expect(ofNone.executions).toMatchObject([{ flowExecutionId: uuid, source: 'things-graph' }]);
    expect(ofNone.executions[0]).not.toHaveProperty('flow');
  });

  test('has the archived executions while the upstream fails, and is marked as partial', async () => {
    await service.runs(DOOR, [run('one', 3_600, ended(3_000))]);
    await service.get(`/v1/executions/${encodeURIComponent(idOf('one'))}/messages`);
    await service.clock.advance(60_000);
    await service.faults({ denied: ['ListExecutions'] });
    const list = await listOf(get({}));
    expect(list).toMatchObject({ partial: true, executions: [{ name: 'one', archived: true }] });
  });

  test('can be requested with HEAD and from other origins', async () => {
    const asked = {
      headers: { Authorization: `Bearer ${await service.key()}`, Origin: 'https://app.example' },
    };
    const head = await service.fetch(at({ flow: DOOR }), { method: 'HEAD', ...asked });
    expect(head.headers.get('Access-Control-Allow-Origin')).toBe('*');
    const preflight = await service.fetch('/v1/executions', { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('Access-Control-Allow-Headers')).toContain('Authorization');
    expect((await service.fetch('/v1/executions', { method: 'DELETE' })).status).toBe(405);
  });

  test('is not served at a path with a trailing slash, because that path needs an id', async () => {
    const problem = await problemOf(service.get('/v1/executions/'));
    expect(problem).toMatchObject({ status: 400, errors: [{ in: 'path', name: 'flowExecutionId' }] });
  });
});

describe('a key', () => {
  beforeEach(async () => {
    await service.runs(DOOR, [run('mine-1', 100), run('theirs-1', 90), run('mine-2', 80)]);
  });

  test('gets only the executions that it may read', async () => {
    const key = await service.key({ executions: [idOf('mine-*')] });
    expect(namesIn(await listOf(as(key, { flow: DOOR })))).toEqual(['mine-2', 'mine-1']);
  });

  test('need not send a flow if its patterns name exactly one', async () => {
    const one = await service.key({ executions: [idOf('mine-*'), idOf('theirs-1')] });
    expect(namesIn(await listOf(as(one, {})))).toEqual(['mine-2', 'theirs-1', 'mine-1']);
    for (const executions of [['*'], [idOf('*'), `${WORKFLOW}_*`]]) {
      const problem = await problemOf(as(await service.key({ executions }), {}));
      expect(problem).toMatchObject({ status: 400, errors: [{ in: 'query', name: 'flow' }] });
    }
  });

  test('is refused a flow of which it may read nothing, without an upstream call, even if the flow does not exist', async () => {
    const key = await service.key({ executions: [`${HOME}:execution:Other:*`] });
    const before = service.calls();
    const answers = await Promise.all(
      [DOOR, `${HOME}:stateMachine:NoSuch`, FOREIGN, WORKFLOW].map((flow) => problemOf(as(key, { flow }))),
    );
    const [first, ...others] = answers.map(({ requestId: _id, ...problem }) => problem);
    expect(first).toMatchObject({ status: 403, code: 'AccessDeniedException' });
    for (const other of others) expect(other).toEqual(first);
    expect(await problemOf(as(key, { source: 'things-graph' }))).toMatchObject({ status: 403 });
    expect(service.calls()).toBe(before);
  });

  test('gets a 404 for an unknown flow, and a 403 for one that is not enabled', async () => {
    const unknown = await problemOf(get({ flow: `${HOME}:stateMachine:NoSuch` }));
    expect(unknown).toMatchObject({ status: 404, code: 'ResourceNotFoundException' });
    expect(unknown.detail).toContain(`${HOME}:stateMachine:NoSuch`);
    const foreign = await problemOf(get({ flow: FOREIGN }));
    expect(foreign).toMatchObject({ status: 403, code: 'SourceNotAllowed' });
  });

  test('can list archived executions that it may read, even if their flow is no longer enabled', async () => {
    const id = FOREIGN.replace(':stateMachine:', ':execution:');
    const message = { messageId: '1', eventType: 'EXECUTION_SUCCEEDED', timestamp: 1_700_000_000 };
    const path = `/executions/${encodeURIComponent(`${id}:one`)}/messages`;
    expect((await service.admin('PUT', path, JSON.stringify(message))).status).toBe(200);
    const list = await listOf(get({ flow: FOREIGN }));
    expect(list.executions).toMatchObject([{ name: 'one', archived: true, final: true }]);
    const other = await service.key({ executions: [`${id}:two`] });
    expect(await problemOf(as(other, { flow: FOREIGN }))).toMatchObject({ code: 'SourceNotAllowed' });
  });

  test('is required for a list: a ticket is refused', async () => {
    const key = await service.key({ tickets: true });
    const path = `/v1/executions/${encodeURIComponent(idOf('mine-1'))}/tickets`;
    const created = await service.fetch(path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}` },
    });
    const { ticket } = (await created.json()) as { ticket: string };
    for (const address of [at({ flow: DOOR, ticket }), `/v1/flows?ticket=${ticket}`]) {
      expect(await problemOf(service.fetch(address))).toMatchObject({
        status: 403,
        code: 'OperationNotAllowed',
      });
    }
    expect(await problemOf(service.fetch(at({ flow: DOOR })))).toMatchObject({ status: 401 });
  });
});

describe('bad input is a 400 that names the field', () => {
  test.each([
    ['status', 'DONE'],
    ['status', ''],
    ['startedAfter', 'yesterday'],
    ['startedAfter', '2026-02-30'],
    ['startedBefore', '2026-01-01T00:00:00'],
    ['startedBefore', '9999-12-31T23:59:59-14:00'],
    ['namePrefix', ''],
    ['maxResults', '0'],
    ['maxResults', '251'],
    ['source', 'step-functions'],
    ['flow', ''],
    ['flow', 'SecurityFlow'],
    ['flow', `${DOOR}:1`],
    ['flow', idOf('one')],
    ['flow', `${WORKFLOW}_2019-05-11T19:39:55.317Z_x`],
    ['flow', `${DOOR}\u0000`],
    ['cursor', ''],
    ['cursor', 'nonsense'],
    ['nextToken', 'AQAAAAEJ8DYXWibhWgA0RWzlmBapsEcq6OtPEiMz'],
  ])('%s=%s', async (name, value) => {
    for (const headers of [{}, { Accept: 'text/event-stream' }]) {
      const problem = await problemOf(
        service.get(at({ ...(name !== 'source' && { flow: DOOR }), [name]: value }), headers),
      );
      expect(problem).toMatchObject({ status: 400, errors: [{ in: 'query', name }] });
    }
  });

  test('and explains a plus sign that became a space', async () => {
    const problem = await problemOf(get({ startedAfter: '2026-01-01T00:00:00 02:00' }));
    expect(problem.errors?.[0]?.detail).toContain('%2B');
  });

  test('even for a range that ends before it starts, a flow with a source, or two cursors', async () => {
    const range = { startedAfter: '2026-01-02', startedBefore: '2026-01-01' };
    expect(await problemOf(get(range))).toMatchObject({ errors: [{ name: 'startedAfter' }] });
    expect(await problemOf(get({ source: 'things-graph' }))).toMatchObject({ errors: [{ name: 'source' }] });
    expect(await problemOf(get({ cursor: 'a', nextToken: 'b' }))).toMatchObject({
      errors: [{ name: 'cursor' }],
    });
  });

  test('even for a cursor of another flow or filter', async () => {
    await service.runs(
      DOOR,
      Array.from({ length: 3 }, (_, n) => run(`r-${n}`, 100 + n)),
    );
    const { nextToken = '' } = await listOf(get({ maxResults: '1' }));
    expect(namesIn(await listOf(get({ nextToken, maxResults: '200' })))).toEqual(['r-1', 'r-2']);
    const other = { flow: `${HOME}:stateMachine:Gate`, nextToken };
    for (const query of [
      other,
      { nextToken, status: 'RUNNING' },
      { nextToken, startedAfter: '2026-01-01' },
    ]) {
      expect(await problemOf(get(query))).toMatchObject({ status: 400, errors: [{ name: 'nextToken' }] });
    }
    // The same statuses in another order are the same filter.
    const some = await listOf(get({ maxResults: '1', status: 'RUNNING,FAILED' }));
    await listOf(get({ cursor: some.nextToken ?? '', status: 'FAILED,RUNNING' }));
  });
});

test('a list of an EXPRESS state machine is a 400 that names the flow', async () => {
  const fast = `${HOME}:stateMachine:Fast`;
  await service.runs(fast, [], { type: 'EXPRESS' });
  expect(await problemOf(service.get(`/v1/executions?flow=${fast}`))).toMatchObject({
    status: 400,
    errors: [{ in: 'query', name: 'flow', detail: expect.stringContaining('STANDARD') }],
  });
});

describe('GET /v1/flows', () => {
  const flows = async (key?: string, query = '') => {
    const headers = key === undefined ? undefined : { Authorization: `Bearer ${key}` };
    const response = await service.get(`/v1/flows${query}`, headers);
    expect(response.status).toBe(200);
    return {
      link: response.headers.get('Link'),
      ...((await response.json()) as { flows: { flow: string }[]; nextToken?: string }),
    };
  };

  test('has the flows of which the key may read any execution, but no EXPRESS state machines', async () => {
    await service.runs(DOOR, []);
    await service.runs(`${HOME}:stateMachine:Fast`, [], { type: 'EXPRESS' });
    const id = `${WORKFLOW}_2019-05-11T19:39:55.317Z_x`;
    await service.script(id, endedLongAgo(service.clock, 3));
    await service.get(`/v1/executions/${encodeURIComponent(id)}/messages`);
    await service.clock.advance(60_000);
    const all = await flows();
    expect(all.flows).toContainEqual({ flow: DOOR, source: 'step-functions', name: 'Door' });
    expect(all.flows).toContainEqual({ flow: WORKFLOW, source: 'things-graph', name: 'SecurityFlow' });
    expect(all.flows.map(({ flow }) => flow)).not.toContain(`${HOME}:stateMachine:Fast`);
    const key = await service.key({ executions: [idOf('a*')] });
    expect((await flows(key)).flows).toEqual([{ flow: DOOR, source: 'step-functions', name: 'Door' }]);
    expect((await flows(await service.key({ executions: ['another'] }))).flows).toEqual([]);
  });

  test('is paged with a cursor that no other list accepts', async () => {
    await service.runs(DOOR, []);
    await service.runs(`${HOME}:stateMachine:Gate`, []);
    const seen: string[] = [];
    let page = await flows(undefined, '?maxResults=1');
    const first = page.nextToken ?? '';
    for (;;) {
      seen.push(...page.flows.map(({ flow }) => flow));
      if (page.nextToken === undefined) break;
      page = await flows(undefined, page.link?.match(/<(.*)>/)?.[1]);
    }
    expect(seen).toContain(DOOR);
    expect(new Set(seen).size).toBe(seen.length);
    expect(await problemOf(get({ nextToken: first }))).toMatchObject({ errors: [{ name: 'nextToken' }] });
    for (const query of ['maxResults=0', 'cursor=x', 'cursor=']) {
      expect(await problemOf(service.get(`/v1/flows?${query}`))).toMatchObject({ status: 400 });
    }
  });

  test('needs a key, and can be requested from other origins', async () => {
    expect((await service.fetch('/v1/flows')).status).toBe(401);
    const response = await service.fetch(new URL('/v1/flows', ORIGIN).pathname, { method: 'OPTIONS' });
    expect(response.headers.get('Access-Control-Allow-Methods')).toContain('GET');
  });
});

describe('while the index of older archives is being built', () => {
  beforeEach(async () => {
    service = await openService({}, { isIndexBuilt: false });
    await service.runs(DOOR, [run('one', 60)]);
  });

  test('lists of executions and of flows are marked as partial', async () => {
    expect(await listOf(get({}))).toMatchObject({ partial: true, executions: [{ name: 'one' }] });
    expect(await (await service.get('/v1/flows')).json()).toMatchObject({ partial: true });
    await service.buildIndex();
    await service.clock.advance(FLOWS_RETRY_MS);
    expect(await listOf(get({}))).not.toHaveProperty('partial');
    expect(await (await service.get('/v1/flows')).json()).not.toHaveProperty('partial');
  });

  test("a list in AWS's protocol that matches nothing is empty instead of a failure", async () => {
    const answer = await service.fetch('/', {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-amz-json-1.0',
        'X-Amz-Target': 'AWSStepFunctions.ListExecutions',
        'X-Amz-Security-Token': await service.key(),
      },
      body: JSON.stringify({ stateMachineArn: DOOR, statusFilter: 'FAILED' }),
    });
    expect([answer.status, await answer.json()]).toEqual([200, { executions: [] }]);
  });
});
