import { expect, test } from 'vitest';
import { createFlowtapClient } from '../../src/client/client.ts';
import type { Fetch } from '../../src/client/http.ts';
import { FlowtapProblem } from '../../src/client/wire/problem.ts';
import { EXECUTION, collect, failureOf, history, idsOf, openClient } from './client-under-test.ts';

test('a list yields every message of a history once, in order, whatever the page size', async () => {
  const under = await openClient(history(730));
  const expected = idsOf(history(730));
  for (const maxResults of [7, 100, 250]) {
    const list = under.client().list(EXECUTION, { maxResults });
    expect(idsOf(await under.until(collect(list)))).toEqual(expected);
  }
});

test('a message arrives as upstream wrote it: leading spaces, line ends and letters outside ASCII', async () => {
  const under = await openClient(history(3));
  const [first] = await under.until(collect(under.client().list(EXECUTION)));
  expect(first).toEqual({
    messageId: 'm-0',
    eventType: 'EXECUTION_STARTED',
    timestamp: '2026-01-01T00:00:00.000Z',
    payload: ' message 0, “ünïcode”\nand a line',
  });
});

test('a list continues from the cursor of a page', async () => {
  const under = await openClient(history(25));
  const pages = await under.until(collect(under.client().list(EXECUTION, { maxResults: 10 }).pages()));
  expect(pages.map(({ messages }) => messages.length)).toEqual([10, 10, 5]);
  expect(pages.at(-1)).toMatchObject({ status: 'SUCCEEDED' });
  const rest = under.client().list(EXECUTION, { cursor: pages[0]?.cursor ?? '' });
  expect(idsOf(await under.until(collect(rest)))).toEqual(idsOf(history(25)).slice(10));
});

test('one page can be the newest messages, or wait for one to come', async () => {
  const under = await openClient(history(5, { everyMs: 10_000 }));
  const client = under.client();
  await under.clock.advance(15_000);
  const newest = await under.until(client.page(EXECUTION, { last: 1 }));
  expect(idsOf(newest.messages)).toEqual(['m-1']);
  const next = await under.until(client.page(EXECUTION, { cursor: newest.cursor, waitTimeSeconds: 20 }));
  expect(idsOf(next.messages)).toEqual(['m-2']);
});

test('event types are chosen by the server', async () => {
  const under = await openClient(history(20, { last: 'EXECUTION_FAILED' }));
  const list = under.client().list(EXECUTION, { eventTypes: ['EXECUTION_STARTED', 'EXECUTION_FAILED'] });
  expect(idsOf(await under.until(collect(list)))).toEqual(['m-0', 'm-19']);
});

test('a summary tells how it ended, and waiting for it ends with the execution', async () => {
  const under = await openClient(history(4, { everyMs: 60_000, last: 'EXECUTION_FAILED' }));
  const client = under.client();
  expect(await under.until(client.summary(EXECUTION))).toMatchObject({
    status: 'RUNNING',
    messageCount: 1,
  });
  const ended = await under.until(client.wait(EXECUTION));
  expect(ended).toMatchObject({ status: 'FAILED', messageCount: 4, failure: { messageId: 'm-3' } });
  expect(under.clock.now()).toBeGreaterThanOrEqual(Date.parse('2026-01-01T00:03:00Z'));
  const page = await client.page(EXECUTION, { cursor: ended.failure?.cursor ?? '' });
  expect(idsOf(page.messages)).toEqual(['m-3']);
});

test('a back end creates a ticket, and a client with that ticket reads that execution and no other', async () => {
  const under = await openClient(history(3));
  const { ticket } = await under.until(under.client().createTicket(EXECUTION, { ttlSeconds: 60 }));
  const browser = under.client({ ticket });
  expect(await under.until(collect(browser.list(EXECUTION)))).toHaveLength(3);
  expect(await under.until(collect(browser.follow(EXECUTION)))).toHaveLength(3);
  const other = await under.until(failureOf(browser.summary(`${EXECUTION}2`)));
  expect(other).toMatchObject({ status: expect.toSatisfy((status) => status === 401 || status === 403) });
});

test('a key shows what it may read', async () => {
  const under = await openClient();
  const apiKey = await under.service.key({ name: 'partner', executions: ['*:Workflow:SecurityFlow_*'] });
  const key = await under.until(under.client({ apiKey }).key({ flowExecutionId: EXECUTION }));
  expect(key).toMatchObject({ name: 'partner', executions: ['*:Workflow:SecurityFlow_*'], allowed: false });
});

test.each([
  ['an unknown execution', {}, 404, 'ResourceNotFoundException'],
  ['an unknown key', { apiKey: 'ftk_unknown' }, 401, 'InvalidApiKey'],
  ['no key at all', { apiKey: '' }, 401, 'MissingCredentials'],
])('%s is a problem that says which, at once', async (_, options, status, code) => {
  const under = await openClient();
  under.service.source.missing = true;
  let requests = 0;
  const counted: Fetch = (url, init) => {
    requests++;
    return under.fetch(url, init);
  };
  const client = under.client({ fetch: counted, ...options });
  const error = await under.until(failureOf(collect(client.list(EXECUTION))));
  expect(error).toBeInstanceOf(FlowtapProblem);
  expect(error).toMatchObject({ name: 'FlowtapProblem', status, code, requestId: expect.any(String) });
  expect(requests).toBe(1);
});

test('invalid input names each parameter that is wrong', async () => {
  const under = await openClient(history(3));
  const page = under.client().page(EXECUTION, { maxResults: 1_000, eventTypes: ['NO_SUCH_TYPE'] });
  const error = await under.until(failureOf(page));
  expect(error).toMatchObject({ status: 400, code: 'InvalidRequestException' });
  expect((error as FlowtapProblem).errors?.map(({ name }) => name)).toEqual(['maxResults', 'eventTypes']);
});

test('a key beside a ticket, and an invalid address, are refused when the client is created', async () => {
  const under = await openClient();
  expect(() => under.client({ apiKey: 'a', ticket: 'b' })).toThrow("'apiKey' or 'ticket', not both");
  expect(() => under.client({ url: 'flowtap.example' })).toThrow('not a URL');
  expect(() => under.client({ url: 'ftp://flowtap.example' })).toThrow('http:// or https://');
});

test('the two ids that URLs cannot hold are refused before any request; all others are not', async () => {
  const asked: string[] = [];
  const under = await openClient(history(1));
  const fetch: Fetch = async (address) => {
    asked.push(new URL(address).pathname);
    return new Response('', { status: 404 });
  };
  const client = under.client({ fetch });
  for (const id of ['.', '..']) {
    for (const ask of [
      client.page(id),
      client.summary(id),
      client.createTicket(id),
      collect(client.list(id)),
      collect(client.follow(id)),
    ]) {
      expect(await failureOf(ask)).toBeInstanceOf(RangeError);
    }
  }
  expect(asked).toEqual([]);
  for (const id of ['...', './a', 'a/..', '%2e']) await failureOf(client.summary(id));
  expect(asked).toEqual(['...', '.%2Fa', 'a%2F..', '%252e'].map((id) => `/v1/executions/${id}`));
});

test('a URL with a password is refused, and not repeated', () => {
  for (const url of ['https://user:pw@flowtap.example', 'user:pw@flowtap.example', '//user:pw@flowtap']) {
    expect(() => createFlowtapClient({ url })).toThrow(/^Cannot create a Flowtap client: (?!.*pw)/);
  }
});
