import { beforeAll, describe, expect, test } from 'vitest';

import { encodeCursor } from '../../src/messages/cursor.ts';
import { deriveKey } from '../../src/core/derive-key.ts';
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
beforeAll(async () => {
  service = await openService();
  await service.script(ID, endedLongAgo(service.clock, 20));
});

const get = (url: string) => service.get(url);

describe('an invalid parameter is a 400 that names it', () => {
  const numbers = [
    '0',
    '251',
    '-1',
    '1e2',
    'abc',
    '%2B5',
    '+5',
    '5.0',
    '',
    ' 5',
    '5%20',
    '05',
    '0x10',
    '٥',
    '99999999999999999999',
  ];
  const cases: [query: string, name: string][] = [
    ...['maxResults', 'last'].flatMap((name) =>
      numbers.map((value): [string, string] => [`${name}=${value}`, name]),
    ),
    ...['51', '-1', 'x', '', '1.5'].map((value): [string, string] => [
      `waitTimeSeconds=${value}`,
      'waitTimeSeconds',
    ]),
    ['maxResults=5&maxResults=5', 'maxResults'],
    ['maxResults=5&maxResults=6', 'maxResults'],
    ['last=5&last=5', 'last'],
    ['waitTimeSeconds=0&waitTimeSeconds=0', 'waitTimeSeconds'],
    ['eventTypes=', 'eventTypes'],
    ['eventTypes=STEP_FAILED,', 'eventTypes'],
    ['eventTypes=STEP_FAILED,NO_SUCH_TYPE', 'eventTypes'],
    ['eventTypes=step_failed', 'eventTypes'],
    [`eventTypes=${Array.from({ length: 101 }, () => 'STEP_FAILED').join(',')}`, 'eventTypes'],
    ['eventTypes=STEP_FAILED&eventTypes=STEP_STARTED', 'eventTypes'],
    // Array parameters as axios, Rails and PHP send them.
    ['eventTypes[]=STEP_FAILED', 'eventTypes[]'],
    ['eventTypes%5B%5D=STEP_FAILED&eventTypes%5B%5D=STEP_STARTED', 'eventTypes[]'],
    ['eventTypes[0]=STEP_FAILED&eventTypes[1]=STEP_STARTED', 'eventTypes[]'],
    ['maxResults[]=5', 'maxResults[]'],
    ['nextToken[]=', 'nextToken[]'],
    ['waitTimeSeconds[a][]=5', 'waitTimeSeconds[]'],
    ['cursor=', 'cursor'],
    ['nextToken=', 'nextToken'],
    ['cursor=abc', 'cursor'],
    ['nextToken=abc', 'nextToken'],
    ['cursor=%00', 'cursor'],
    [`cursor=${'A'.repeat(40)}`, 'cursor'],
    [`nextToken=${'A'.repeat(100_000)}`, 'nextToken'],
    ['cursor=abc&cursor=abc', 'cursor'],
    ['nextToken=abc&nextToken=abd', 'nextToken'],
    ['cursor=abc&nextToken=abd', 'cursor'],
  ];

  test.each(cases)('%s', async (query, name) => {
    const response = await get(path(ID, query));
    expect(response.status).toBe(400);
    expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({
      type: '/docs/problems#InvalidRequestException',
      title: expect.any(String),
      status: 400,
      code: 'InvalidRequestException',
      requestId: response.headers.get('X-Request-Id'),
      errors: [{ in: 'query', name, detail: expect.stringMatching(/\.$/) }],
    });
    expect(problem.detail).toContain(name);
  });

  test('together with all other invalid ones', async () => {
    const problem = await problemOf(get(path(ID, 'maxResults=0&last=x&waitTimeSeconds=99')));
    expect(problem.errors?.map(({ name }) => name)).toEqual(['maxResults', 'last', 'waitTimeSeconds']);
  });

  test('even if a stream is requested', async () => {
    for (const query of [
      'cursor=abc',
      'from=yesterday',
      'eventTypes[]=STEP_FAILED',
      'lastEventId[]=',
      'eventTypes=NO_SUCH_TYPE',
      'from=now&from=now',
    ]) {
      const response = await service.get(path(ID, query), { Accept: 'text/event-stream' });
      expect({ query, status: response.status }).toEqual({ query, status: 400 });
      expect((await problemOf(response)).errors).toHaveLength(1);
    }
  });

  test('even if a summary is requested', async () => {
    expect((await get(path(ID, 'waitTimeSeconds=51', ''))).status).toBe(400);
    expect((await get(path(ID, 'waitTimeSeconds[]=5', ''))).status).toBe(400);
  });
});

test('unknown parameters are ignored, even if repeated', async () => {
  expect((await get(path(ID, 'utm_source=x&utm_source=y&maxresults=0&from=yesterday'))).status).toBe(200);
  expect((await get(path(ID, 'types[]=x&eventTypes[=x&limit[]=2&eventTypesOf[]=x'))).status).toBe(200);
});

describe('an invalid id is a 400 that names it', () => {
  test.each([
    ['empty', '/v1/executions//messages'],
    ['empty, without a resource', '/v1/executions/'],
    ['empty, without a slash', '/v1/executions/messages'],
    ['longer than 512 characters', path('x'.repeat(513))],
    ['a truncated escape', '/v1/executions/a%2/messages'],
    ['an invalid escape', '/v1/executions/a%zz/messages'],
    ['invalid UTF-8', '/v1/executions/%C0%AF/messages'],
    ['a truncated character', '/v1/executions/%E2%82/messages'],
    ['a lone surrogate', '/v1/executions/%ED%A0%80/messages'],
    ['with NUL', '/v1/executions/a%00/messages'],
    ['with a line break', '/v1/executions/a%0D%0Ab/messages'],
    ['with DEL', '/v1/executions/a%7F/messages'],
    ['with a C1 control', '/v1/executions/a%C2%85/messages'],
  ])('%s', async (_, url) => {
    // Skips the summary at /v1/executions, because that path lists executions and needs no id.
    const summary = url.replace(/\/messages$/, '');
    for (const each of [url, ...(summary === '/v1/executions' ? [] : [summary])]) {
      const response = await get(each);
      expect({ url: each, status: response.status }).toEqual({ url: each, status: 400 });
      expect((await problemOf(response)).errors).toMatchObject([{ in: 'path', name: 'flowExecutionId' }]);
    }
  });

  test('even if the id contains a ticket or a key in any encoding, and the secret is not logged', async () => {
    const ticket = `eyJ${'h'.repeat(30)}.eyJ${'p'.repeat(30)}.${'s'.repeat(30)}`;
    const key = `ftk_${'i'.repeat(10)}_${'s'.repeat(38)}`;
    const hex = (text: string) => text.replaceAll(/[._]/g, (at) => `%${at.charCodeAt(0).toString(16)}`);
    for (const id of [ticket, key, `a/${ticket}/b`, ticket.slice(0, 60)]) {
      for (let [times, text] = [0, hex(id)]; times < 8; times++, text = encodeURIComponent(text)) {
        const response = await get(`/v1/executions/${text}/messages`);
        expect({ text, status: response.status }).toEqual({ text, status: 400 });
      }
    }
    expect(JSON.stringify(service.logged)).not.toMatch(/h{30}|s{30}/);
    for (const id of ['100%25', '%25', '%', 'eyJ%2e', 'ftk_%']) {
      expect((await get(path(id))).status).not.toBe(400);
    }
  });

  test('but only after the caller is authenticated', async () => {
    expect((await service.fetch('/v1/executions/a%00/messages')).status).toBe(401);
  });
});

describe('an id is decoded once, and works raw and encoded', () => {
  test.each([
    ['raw', `/v1/executions/${ID}/messages`],
    ['encoded', path(ID)],
    ['half of it encoded', `/v1/executions/${ID.replaceAll('/', '%2f')}/messages`],
  ])('%s', async (_, url) => {
    expect((await pageOf(get(url))).messages).toHaveLength(20);
  });

  test.each([
    'a/messages',
    'a/tickets',
    'a%2Fb',
    'a b+c',
    '日本/語',
    'a?b#c',
    'a/../b',
    './a',
    'x'.repeat(512),
    '~',
    "a'b(c)",
  ])('%s', async (id) => {
    await service.script(id, [{ messageId: id }]);
    expect((await pageOf(get(path(id)))).messages).toMatchObject([{ messageId: id }]);
    expect(await (await get(path(id, '', ''))).json()).toMatchObject({ flowExecutionId: id });
  });
});

test.each(['.', '..'])("%s, which no URL can contain, can be an id in AWS's protocol", async (id) => {
  await service.script(id, [{ messageId: id }]);
  const response = await service.fetch('/', {
    method: 'POST',
    headers: {
      'X-Amz-Target': 'IotThingsGraphFrontEndService.ListFlowExecutionMessages',
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Security-Token': await service.key(),
    },
    body: JSON.stringify({ flowExecutionId: id }),
  });
  expect(await response.json()).toMatchObject({ messages: [{ messageId: id }] });
});

describe('a cursor', () => {
  const keys = (secret: string) => ({ current: deriveKey(secret, 'cursor') });

  test('with any character changed is a 400', async () => {
    const { cursor } = await pageOf(get(path(ID, 'maxResults=5')));
    for (let index = 0; index < cursor.length; index++) {
      const other = cursor[index] === 'A' ? 'B' : 'A';
      const changed = cursor.slice(0, index) + other + cursor.slice(index + 1);
      expect({ index, status: (await get(path(ID, `cursor=${changed}`))).status }).toEqual({
        index,
        status: 400,
      });
    }
    for (const changed of [`${cursor}A`, cursor.slice(1), `${cursor}=`, `${cursor}%20`, `%20${cursor}`]) {
      expect((await get(path(ID, `cursor=${changed}`))).status).toBe(400);
    }
  });

  test('of another execution or source, or signed with another secret, is a 400', async () => {
    await service.script('another', endedLongAgo(service.clock, 20));
    const { cursor } = await pageOf(get(path('another', 'maxResults=5')));
    expect((await problemOf(get(path(ID, `nextToken=${cursor}`)))).errors).toMatchObject([
      { name: 'nextToken' },
    ]);
    const position = { position: 0, fingerprint: '0123456789abcdef', end: 'none' } as const;
    const secret = 'a signing secret of more than thirty-two characters';
    for (const forged of [
      encodeCursor(keys(secret), { source: 'step-functions', executionId: ID }, position),
      encodeCursor(keys(`another ${secret}`), { source: 'things-graph', executionId: ID }, position),
    ]) {
      expect((await get(path(ID, `cursor=${forged}`))).status).toBe(400);
    }
  });

  test('of a replaced history is a 410', async () => {
    await service.script('replaced', [{ messageId: 'a' }, { messageId: 'b' }]);
    const { cursor } = await pageOf(get(path('replaced')));
    await service.script('replaced', [{ messageId: 'x' }, { messageId: 'y' }, { messageId: 'z' }]);
    await service.clock.advance(1_001);
    const problem = await problemOf(get(path('replaced', `cursor=${cursor}`)));
    expect(problem).toMatchObject({ status: 410, code: 'HistoryChanged' });
    expect((await pageOf(get(path('replaced')))).messages).toHaveLength(3);
  });
});
