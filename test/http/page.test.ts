import { beforeEach, describe, expect, test } from 'vitest';

import {
  endedLongAgo,
  openService,
  pageOf,
  path,
  problemOf,
  type ServiceUnderTest,
} from './service-under-test.ts';

const ID =
  'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_2019-05-11T19:39:55.317Z_MotionSensor_69b1';

let service: ServiceUnderTest;
beforeEach(async () => {
  service = await openService();
});

const ids = (page: { messages: readonly { messageId?: string }[] }) =>
  page.messages.map(({ messageId }) => messageId);
const upTo = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

/** Reads all pages from the start, with these sizes in turn. */
async function readAll(id: string, sizes: readonly number[]) {
  const messages: (string | undefined)[] = [];
  let next: string | undefined;
  for (let page = 0; ; page++) {
    const query = `maxResults=${sizes[page % sizes.length]}${next === undefined ? '' : `&nextToken=${next}`}`;
    const read = await pageOf(service.get(path(id, query)));
    messages.push(...ids(read));
    if (read.nextToken === undefined) return { messages, last: read };
    expect(read.nextToken).toBe(read.cursor);
    next = read.nextToken;
  }
}

describe('a page', () => {
  test('has messages in upstream order, with exactly the members of the contract', async () => {
    await service.script(ID, [
      {
        messageId: '0',
        eventType: 'EXECUTION_STARTED',
        timestamp: 1559247540.656,
        payload: 'Flow execution started',
      },
      { messageId: '3', eventType: 'ACTIVITY_STARTED', timestamp: 1559247541, payload: '' },
      { eventType: 'A_TYPE_OF_TOMORROW', timestamp: null },
    ]);
    const response = await service.get(path(ID));
    expect(response.headers.get('Content-Type')).toBe('application/json');
    const page = await pageOf(response);
    expect(page).toEqual({
      messages: [
        {
          messageId: '0',
          eventType: 'EXECUTION_STARTED',
          timestamp: '2019-05-30T20:19:00.656Z',
          payload: 'Flow execution started',
        },
        { messageId: '3', eventType: 'ACTIVITY_STARTED', timestamp: '2019-05-30T20:19:01.000Z', payload: '' },
        { eventType: 'A_TYPE_OF_TOMORROW' },
      ],
      cursor: expect.stringMatching(/^[\w-]{1,63}$/),
      status: 'RUNNING',
    });
  });

  test('has 100 messages by default, and at most 250', async () => {
    await service.script(ID, endedLongAgo(service.clock, 600));
    expect((await pageOf(service.get(path(ID)))).messages).toHaveLength(100);
    expect((await pageOf(service.get(path(ID, 'maxResults=250')))).messages).toHaveLength(250);
  });

  test('can differ in size from the previous page, and all pages together are the history', async () => {
    await service.script(ID, endedLongAgo(service.clock, 1_003));
    const { messages, last } = await readAll(ID, [7, 250, 1, 99, 250, 249]);
    expect(messages).toEqual(upTo(0, 1_003));
    expect(last.status).toBe('SUCCEEDED');
  });

  test('that ends exactly where the history ends has no nextToken', async () => {
    await service.script(ID, endedLongAgo(service.clock, 500));
    const { messages, last } = await readAll(ID, [250]);
    expect(messages).toEqual(upTo(0, 500));
    expect(last.messages).toHaveLength(250);
  });

  test('without a cursor includes messages that were added since the last read', async () => {
    await service.script(ID, [{ messageId: '0', eventType: 'EXECUTION_STARTED' }]);
    expect(ids(await pageOf(service.get(path(ID))))).toEqual(['0']);
    await service.script(ID, [{ messageId: '1', eventType: 'STEP_STARTED' }], { append: true });
    await service.clock.advance(1_001);
    expect(ids(await pageOf(service.get(path(ID))))).toEqual(['0', '1']);
  });

  test('that was full at the end of the history has a nextToken once newer messages exist', async () => {
    await service.script(ID, [{ messageId: '0', eventType: 'EXECUTION_STARTED' }]);
    expect(await pageOf(service.get(path(ID, 'maxResults=1')))).not.toHaveProperty('nextToken');
    await service.script(ID, [{ messageId: '1', eventType: 'STEP_STARTED' }], { append: true });
    await service.clock.advance(1_001);
    expect(await pageOf(service.get(path(ID, 'maxResults=1')))).toHaveProperty('nextToken');
  });

  test('has a cursor that leads to later messages, as cursor or nextToken', async () => {
    await service.script(ID, [{ messageId: '0', eventType: 'EXECUTION_STARTED' }]);
    const { cursor } = await pageOf(service.get(path(ID)));
    expect((await pageOf(service.get(path(ID, `cursor=${cursor}`)))).messages).toEqual([]);
    await service.script(ID, [{ messageId: '1', eventType: 'STEP_STARTED' }], { append: true });
    await service.clock.advance(1_001);
    for (const name of ['cursor', 'nextToken']) {
      expect(ids(await pageOf(service.get(path(ID, `${name}=${cursor}`))))).toEqual(['1']);
    }
    expect(ids(await pageOf(service.get(path(ID, `cursor=${cursor}&nextToken=${cursor}`))))).toEqual(['1']);
  });

  test('has at most 4 MiB, and at least one message', async () => {
    const large = 'x'.repeat(1_500_000);
    await service.script(ID, [
      { messageId: '0', payload: large },
      { messageId: '1', payload: large },
      { messageId: '2', payload: large },
      { messageId: '3', payload: 'x'.repeat(5 * 1024 * 1024) },
    ]);
    const sizes: number[] = [];
    for (let next: string | undefined = ''; next !== undefined;) {
      const page = await pageOf(service.get(path(ID, next === '' ? '' : `cursor=${next}`)));
      sizes.push(page.messages.length);
      next = page.nextToken;
    }
    expect(sizes).toEqual([2, 1, 1]);
  });

  test('for a key without payloads has no payloads, and its cursor works for a key with payloads', async () => {
    await service.script(ID, endedLongAgo(service.clock, 3));
    const key = await service.key({ payloads: 'none' });
    const page = await pageOf(service.fetch(path(ID, 'maxResults=1'), { headers: { 'X-API-Key': key } }));
    expect(page.messages[0]).not.toHaveProperty('payload');
    expect((await pageOf(service.get(path(ID, `cursor=${page.cursor}`)))).messages[0]).toHaveProperty(
      'payload',
    );
  });
});

describe('?last', () => {
  test('returns the newest messages, oldest first, with a cursor after them and no nextToken', async () => {
    await service.script(ID, endedLongAgo(service.clock, 600));
    const page = await pageOf(service.get(path(ID, 'last=250')));
    expect(ids(page)).toEqual(upTo(350, 600));
    expect(page).not.toHaveProperty('nextToken');
    expect((await pageOf(service.get(path(ID, `cursor=${page.cursor}`)))).messages).toEqual([]);
  });

  test('reads back over several upstream pages, and returns all messages if there are fewer', async () => {
    await service.script(ID, endedLongAgo(service.clock, 260));
    expect(ids(await pageOf(service.get(path(ID, 'last=30'))))).toEqual(upTo(230, 260));
    await service.script('few', endedLongAgo(service.clock, 3));
    expect(ids(await pageOf(service.get(path('few', 'last=30'))))).toEqual(['0', '1', '2']);
  });

  test('cannot be combined with a cursor', async () => {
    await service.script(ID, endedLongAgo(service.clock, 3));
    const { cursor } = await pageOf(service.get(path(ID)));
    expect((await problemOf(service.get(path(ID, `last=1&cursor=${cursor}`)))).errors).toMatchObject([
      { name: 'last' },
    ]);
  });
});

describe('?eventTypes', () => {
  const mixed = [
    'EXECUTION_STARTED',
    'STEP_STARTED',
    'STEP_FAILED',
    'STEP_STARTED',
    'STEP_FAILED',
    'EXECUTION_FAILED',
  ];
  beforeEach(() =>
    service.script(
      ID,
      mixed.map((eventType, position) => ({
        messageId: String(position),
        eventType,
        timestamp: 1e9 + position,
      })),
    ),
  );

  test('returns only messages of these types, in order, page by page', async () => {
    const query = 'eventTypes=STEP_FAILED,EXECUTION_FAILED';
    expect(ids(await pageOf(service.get(path(ID, query))))).toEqual(['2', '4', '5']);
    const first = await pageOf(service.get(path(ID, `${query}&maxResults=2`)));
    expect(ids(first)).toEqual(['2', '4']);
    expect(ids(await pageOf(service.get(path(ID, `${query}&nextToken=${first.nextToken}`))))).toEqual(['5']);
  });

  test('can be combined with ?last', async () => {
    expect(ids(await pageOf(service.get(path(ID, 'eventTypes=STEP_FAILED&last=1'))))).toEqual(['4']);
  });

  test('without a match returns an empty page whose cursor is after every examined message', async () => {
    const page = await pageOf(service.get(path(ID, 'eventTypes=ACTIVITY_FAILED')));
    expect(page.messages).toEqual([]);
    expect((await pageOf(service.get(path(ID, `cursor=${page.cursor}`)))).messages).toEqual([]);
  });

  test('searches a long history in bounded steps, linked by nextToken', async () => {
    await service.script('long', endedLongAgo(service.clock, 12_000));
    const found: (string | undefined)[] = [];
    let requests = 0;
    for (let next: string | undefined = ''; next !== undefined; requests++) {
      const query: string = `eventTypes=EXECUTION_SUCCEEDED${next === '' ? '' : `&cursor=${next}`}`;
      const page = await pageOf(service.get(path('long', query)));
      found.push(...ids(page));
      next = page.nextToken;
    }
    expect({ found, requests }).toEqual({ found: ['11999'], requests: 3 });
  });
});

describe('?step', () => {
  const flow = [
    ['EXECUTION_STARTED', 'started'],
    ['STEP_STARTED', '{stepId: A, input: null}'],
    ['ACTIVITY_STARTED', ''],
    ['STEP_SUCCEEDED', '{stepId: A}'],
    ['STEP_STARTED', '{stepId: B}'],
    ['ACTIVITY_FAILED', ''],
    ['EXECUTION_FAILED', ''],
  ] as const;
  beforeEach(() =>
    service.script(
      ID,
      flow.map(([eventType, payload], position) => ({
        messageId: String(position),
        eventType,
        timestamp: 1e9 + position,
        payload,
      })),
    ),
  );

  test('returns all messages of the step page by page, even those that do not name it', async () => {
    expect(ids(await pageOf(service.get(path(ID, 'step=A'))))).toEqual(['1', '2', '3']);
    expect(ids(await pageOf(service.get(path(ID, 'step=B&eventTypes=ACTIVITY_FAILED'))))).toEqual(['5']);
    expect(ids(await pageOf(service.get(path(ID, 'step=A&last=1'))))).toEqual(['3']);
    expect(ids(await pageOf(service.get(path(ID, 'step=C'))))).toEqual([]);
    const first = await service.get(path(ID, 'step=A&maxResults=1'));
    expect(first.headers.get('Link')).toContain('step=A&cursor=');
    const { cursor } = await pageOf(first);
    expect(ids(await pageOf(service.get(path(ID, `step=A&cursor=${cursor}`))))).toEqual(['2', '3']);
  });

  test('is refused to a key that sees no payloads', async () => {
    const headers = { Authorization: `Bearer ${await service.key({ payloads: 'none' })}` };
    expect((await problemOf(service.fetch(path(ID, 'step=A'), { headers }))).code).toBe(
      'OperationNotAllowed',
    );
    const stream = { headers: { ...headers, Accept: 'text/event-stream' } };
    expect((await problemOf(service.fetch(path(ID, 'step=A'), stream))).code).toBe('OperationNotAllowed');
    const page = await pageOf(service.fetch(path(ID), { headers }));
    expect(JSON.stringify(page.messages)).not.toContain('step');
  });
});
