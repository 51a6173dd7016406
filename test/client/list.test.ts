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

test('a message arrives as the upstream wrote it, including leading spaces, line ends and non-ASCII letters', async () => {
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

test('a page can have the newest messages, or wait for the next message', async () => {
  const under = await openClient(history(5, { everyMs: 10_000 }));
  const client = under.client();
  await under.clock.advance(15_000);
  const newest = await under.until(client.page(EXECUTION, { last: 1 }));
  expect(idsOf(newest.messages)).toEqual(['m-1']);
  const next = await under.until(client.page(EXECUTION, { cursor: newest.cursor, waitTimeSeconds: 20 }));
  expect(idsOf(next.messages)).toEqual(['m-2']);
});

test('a list with event types has only messages of these types', async () => {
  const under = await openClient(history(20, { last: 'EXECUTION_FAILED' }));
  const list = under.client().list(EXECUTION, { eventTypes: ['EXECUTION_STARTED', 'EXECUTION_FAILED'] });
  expect(idsOf(await under.until(collect(list)))).toEqual(['m-0', 'm-19']);
});

test('a summary shows the status, and `wait` resolves when the execution has ended', async () => {
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

test('a client with a ticket can read the execution of the ticket and no other', async () => {
  const under = await openClient(history(3));
  const { ticket } = await under.until(under.client().createTicket(EXECUTION, { ttlSeconds: 60 }));
  const browser = under.client({ ticket });
  expect(await under.until(collect(browser.list(EXECUTION)))).toHaveLength(3);
  expect(await under.until(collect(browser.follow(EXECUTION)))).toHaveLength(3);
  const other = await under.until(failureOf(browser.summary(`${EXECUTION}2`)));
  expect(other).toMatchObject({ status: expect.toSatisfy((status) => status === 401 || status === 403) });
});

test('a client can look up what its key may read', async () => {
  const under = await openClient();
  const apiKey = await under.service.key({ name: 'partner', executions: ['*:Workflow:SecurityFlow_*'] });
  const key = await under.until(under.client({ apiKey }).key({ flowExecutionId: EXECUTION }));
  expect(key).toMatchObject({ name: 'partner', executions: ['*:Workflow:SecurityFlow_*'], allowed: false });
});

test.each([
  ['an unknown execution', {}, 404, 'ResourceNotFoundException'],
  ['an unknown key', { apiKey: 'ftk_unknown' }, 401, 'InvalidApiKey'],
  ['no key at all', { apiKey: '' }, 401, 'MissingCredentials'],
])('%s causes a FlowtapProblem with its own code, without a retry', async (_, options, status, code) => {
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

test('invalid input is a problem that names each wrong parameter', async () => {
  const under = await openClient(history(3));
  const page = under.client().page(EXECUTION, { maxResults: 1_000, eventTypes: ['NO_SUCH_TYPE'] });
  const error = await under.until(failureOf(page));
  expect(error).toMatchObject({ status: 400, code: 'InvalidRequestException' });
  expect((error as FlowtapProblem).errors?.map(({ name }) => name)).toEqual(['maxResults', 'eventTypes']);
});

test('a key together with a ticket, or an invalid address, is refused when the client is created', async () => {
  const under = await openClient();
  expect(() => under.client({ apiKey: 'a', ticket: 'b' })).toThrow("'apiKey' or 'ticket', not both");
  expect(() => under.client({ url: 'flowtap.example' })).toThrow('not a URL');
  expect(() => under.client({ url: 'ftp://flowtap.example' })).toThrow('http:// or https://');
});

test('only the two ids that no URL can contain are refused before a request', async () => {
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

test('a URL with a password is refused, and the error does not repeat it', () => {
  for (const url of ['https://user:pw@flowtap.example', 'user:pw@flowtap.example', '//user:pw@flowtap']) {
    expect(() => createFlowtapClient({ url })).toThrow(/^Cannot create a Flowtap client: (?!.*pw)/);
  }
});
