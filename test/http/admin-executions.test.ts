import { beforeEach, describe, expect, test } from 'vitest';

import { createArchiveMemory } from '../../src/archive/archive-memory.ts';
import { Archive } from '../../src/archive/archive.ts';
import { openWalk, readDescription } from '../../src/compose-sources.ts';
import { type ExecutionName, STEP_FUNCTIONS, THINGS_GRAPH } from '../../src/core/execution-ref.ts';
import { testLog } from '../support/secret-search.ts';
import { nextRandom } from '../support/seeded-random.ts';
import {
  endedLongAgo,
  openService,
  pageOf,
  path,
  problemOf,
  type ServiceUnderTest,
} from './service-under-test.ts';

const ID = 'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_1';

let service: ServiceUnderTest;
beforeEach(async () => {
  service = await openService();
});

/** Archives two messages directly, without the checks that the routes make today. */
async function archiveBefore(name: ExecutionName): Promise<void> {
  const { clock, store } = service;
  const memory = createArchiveMemory(clock);
  const archive = new Archive({
    store,
    memory,
    clock,
    log: testLog([]),
    random: nextRandom,
    openWalk,
    readDescription,
  });
  const writer = archive.writer(name);
  await writer.add({ messageId: '0', eventType: 'EXECUTION_STARTED', payload: 'started' });
  await writer.add({ messageId: '1', eventType: 'EXECUTION_SUCCEEDED', payload: '' });
  await writer.commit({ from: 'source', archivedAt: new Date(clock.now()).toISOString() });
  await aSecond();
}

/** Waits until the same record can be written again. The store accepts one write of a record per second. */
const aSecond = () => service.clock.advance(1_000);

const at = (id: string, resource = '/messages') => `/executions/${encodeURIComponent(id)}${resource}`;

const LINES = [
  { messageId: '0', eventType: 'EXECUTION_STARTED', timestamp: 1559247540.656, payload: 'started' },
  { messageId: '1', eventType: 'STEP_FAILED', timestamp: '2019-05-30 20:19:01+00:00' },
  { messageId: '2', eventType: 'EXECUTION_FAILED', timestamp: '2019-05-30T20:19:02Z', payload: '' },
];
const MESSAGES = [
  { ...LINES[0], timestamp: '2019-05-30T20:19:00.656Z' },
  { ...LINES[1], timestamp: '2019-05-30T20:19:01.000Z' },
  { ...LINES[2], timestamp: '2019-05-30T20:19:02.000Z' },
];
const ndjson = LINES.map((line) => `${JSON.stringify(line)}\n`).join('');

/** Lists all stored records of archived executions. Excludes the progress of the index build. */
const keysOfExecutions = async () => {
  const { keys } = await service.store.list({ prefix: 'archive/' });
  return keys.filter(({ name }) => !name.endsWith('/index-build'));
};

describe('PUT /v1/admin/executions/{id}/messages', () => {
  test.each([
    ['NDJSON', ndjson],
    ['a JSON document', JSON.stringify({ messages: LINES, ResponseMetadata: {} }, null, 2)],
  ])('accepts %s and serves the history like any other', async (_, body) => {
    const response = await service.admin('PUT', at(ID), body);
    expect(response.status).toBe(200);
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(await response.json()).toEqual({
      flowExecutionId: ID,
      source: 'things-graph',
      status: 'FAILED',
      messageCount: 3,
      startedAt: '2019-05-30T20:19:00.656Z',
      endedAt: '2019-05-30T20:19:02.000Z',
      archivedAt: new Date(service.clock.now()).toISOString(),
      final: true,
      imported: true,
    });
    const page = await service.get(path(ID));
    expect(page.headers.get('Cache-Control')).toBe('private, max-age=300');
    expect(await pageOf(page)).toMatchObject({ messages: MESSAGES, status: 'FAILED' });
    expect(await (await service.get(path(ID, '', ''))).json()).toMatchObject({
      status: 'FAILED',
      durationMs: 1_344,
      messageCount: 3,
      failure: { messageId: '1', eventType: 'STEP_FAILED' },
      final: true,
      archivedAt: expect.any(String),
    });
    expect(service.calls()).toBe(0);
  });

  test('imports the output of a page unchanged', async () => {
    await service.script(ID, endedLongAgo(service.clock, 150));
    const printed = await Promise.all(
      [service.get(path(ID, 'maxResults=250'))].map(async (page) => (await page).text()),
    );
    expect((await service.admin('PUT', at('copy'), printed.join(''))).status).toBe(200);
    expect(await (await service.get(path('copy', 'maxResults=250'))).json()).toMatchObject({
      // Safety: the response was a page.
      messages: (JSON.parse(printed[0] ?? '') as { messages: unknown }).messages,
    });
  });

  test.each([
    ['no body', undefined, 'messages', /no messages/],
    ['an empty body', '\n', 'messages', /no messages/],
    [
      'a history that has not ended',
      `${JSON.stringify(LINES[0])}\n`,
      'messages',
      /EXECUTION_SUCCEEDED.*"EXECUTION_STARTED"/,
    ],
    ['half a line', ndjson.slice(0, -10), 'line 3', /./],
    ['an invalid time', ndjson.replace('2019-05-30 20', '2019-02-30 20'), 'line 2', /timestamp/],
    ['an unknown member of a message', `{"message": 1}\n${ndjson}`, 'line 1', /message/],
    ['HTML', '<html>', 'line 1', /./],
  ])('refuses %s, says where the error is, and keeps the earlier history', async (_, body, name, detail) => {
    await service.admin('PUT', at(ID), ndjson);
    const response = await service.admin('PUT', at(ID), body);
    expect(response.status).toBe(400);
    expect((await problemOf(response)).errors?.[0]).toMatchObject({
      in: 'body',
      name,
      detail: expect.stringMatching(detail),
    });
    service.restart();
    expect((await pageOf(service.get(path(ID)))).messages).toEqual(MESSAGES);
  });

  test('answers 503 while the store is down', async () => {
    service.store.failAfterWrites(0);
    const response = await service.admin('PUT', at(ID), ndjson);
    expect(await problemOf(response)).toMatchObject({ status: 503, code: 'StoreUnavailable' });
    expect(response.headers.get('Retry-After')).toMatch(/^\d+$/);
  });

  test('refuses an invalid id', async () => {
    for (const url of ['/executions//messages', '/executions/a%00/messages', '/executions/a%zz/messages']) {
      expect((await problemOf(service.admin('PUT', url, ndjson))).errors).toMatchObject([
        { name: 'flowExecutionId' },
      ]);
    }
  });
});

describe('DELETE /v1/admin/executions/{id}', () => {
  test('deletes the archived history, and answers 404 if nothing is archived', async () => {
    await service.admin('PUT', at(ID), ndjson);
    await aSecond();
    const forgotten = await service.admin('DELETE', at(ID, ''));
    expect({ status: forgotten.status, body: await forgotten.text() }).toEqual({ status: 204, body: '' });
    expect((await service.get(path(ID))).status).toBe(404);
    expect(await keysOfExecutions()).toEqual([]);
    await aSecond();
    expect(await problemOf(service.admin('DELETE', at(ID, '')))).toMatchObject({
      status: 404,
      code: 'NotFound',
    });
  });
});

describe('an id that only earlier versions accepted', () => {
  const STATES = 'arn:aws:states:us-west-2:123456789012';
  test.each([
    [THINGS_GRAPH, `${STATES}:stateMachine:Machine`],
    [STEP_FUNCTIONS, `${STATES}:express:Machine:run:1`],
    [THINGS_GRAPH, 'https://us-west-2.console.aws.amazon.com/states/home'],
  ])('can be looked up and deleted by an admin, without an upstream call (%s, %s)', async (source, id) => {
    await archiveBefore({ source, executionId: id });
    const before = service.calls();
    expect(await (await service.admin('GET', at(id, ''))).json()).toMatchObject({
      flowExecutionId: id,
      source,
      archived: { status: 'SUCCEEDED', messageCount: 2 },
    });
    expect((await service.admin('DELETE', at(id, ''))).status).toBe(204);
    await aSecond();
    expect((await service.admin('DELETE', at(id, ''))).status).toBe(404);
    expect(await keysOfExecutions()).toEqual([]);
    expect(service.calls()).toBe(before);
  });
});

describe('GET /v1/admin/executions', () => {
  interface Listing {
    readonly executions: readonly { readonly flowExecutionId: string; readonly status: string }[];
    readonly cursor?: string;
  }
  const list = async (query = ''): Promise<Listing> => {
    const response = await service.admin('GET', `/executions${query}`);
    if (response.status !== 200) throw new Error(await response.text());
    // Safety: the route answers with such a list.
    return (await response.json()) as Listing;
  };
  const listAll = async (query: string): Promise<{ ids: string[]; requests: number }> => {
    const ids: string[] = [];
    for (let cursor = '', requests = 1; ; requests++) {
      const listed = await list(`?${query}${cursor}`);
      ids.push(...listed.executions.map(({ flowExecutionId }) => flowExecutionId));
      if (listed.cursor === undefined) return { ids, requests };
      cursor = `&cursor=${listed.cursor}`;
    }
  };
  const LONG = `long/${'x'.repeat(500)}`;

  beforeEach(async () => {
    for (let n = 0; n < 12; n++) {
      const end = n % 4 === 3 ? 'EXECUTION_FAILED' : 'EXECUTION_SUCCEEDED';
      await service.admin('PUT', at(`id/${n}`), `{"eventType":"${end}"}`);
    }
    await service.admin('PUT', at(LONG), '{"eventType":"EXECUTION_ABORTED"}');
  });

  test('lists archived executions with all known details, even those with long ids', async () => {
    const { executions, cursor } = await list();
    expect(cursor).toBeUndefined();
    expect(executions).toHaveLength(13);
    expect(executions.find(({ flowExecutionId }) => flowExecutionId === 'id/3')).toEqual({
      flowExecutionId: 'id/3',
      source: 'things-graph',
      status: 'FAILED',
      messageCount: 1,
      archivedAt: expect.any(String),
      final: true,
      imported: true,
    });
    expect(executions.map(({ flowExecutionId }) => flowExecutionId)).toContain(LONG);
  });

  test('lists each execution once over all pages, with and without a status', async () => {
    expect(new Set((await listAll('limit=5')).ids).size).toBe(13);
    expect((await listAll('limit=5')).ids).toHaveLength(13);
    for (const limit of [1, 2, 3, 1_000]) {
      expect((await listAll(`status=FAILED&limit=${limit}`)).ids.toSorted()).toEqual([
        'id/11',
        'id/3',
        'id/7',
      ]);
    }
    expect((await listAll('status=ABORTED')).ids).toEqual([LONG]);
  });

  test('stops after a bounded number of store reads when no execution has the status', async () => {
    await aSecond();
    for (const { flowExecutionId } of (await list()).executions)
      await service.admin('DELETE', at(flowExecutionId, ''));
    for (let n = 0; n < 120; n++)
      await service.admin('PUT', at(`many ${n}`), '{"eventType":"EXECUTION_ABORTED"}');
    const before = service.store.lists;
    const first = await list('?status=FAILED&limit=1');
    expect(service.store.lists - before).toBeLessThanOrEqual(50);
    expect(first).toMatchObject({ executions: [], cursor: expect.any(String) });
    expect((await listAll('status=FAILED&limit=1')).ids).toEqual([]);
  });

  test.each([
    'status=RUNNING',
    'status=',
    'limit=0',
    'limit=1001',
    'limit=x',
    'cursor=',
    'cursor=x',
    'status=FAILED&status=FAILED',
  ])('?%s is refused', async (query) => {
    const response = await service.admin('GET', `/executions?${query}`);
    expect(response.status).toBe(400);
    expect((await problemOf(response)).errors).toMatchObject([{ in: 'query', name: query.split('=')[0] }]);
  });
});
