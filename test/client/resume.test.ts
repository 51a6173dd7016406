/** How following recovers from every kind of failure of its connection. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FollowEvent, FollowOptions } from '../../src/client/client.ts';
import { createFlowtapClient } from '../../src/client/client.ts';
import type { Fetch } from '../../src/client/http.ts';
import { FlowtapConnectionError, FlowtapProblem } from '../../src/client/wire/problem.ts';
import { ManualClock } from '../support/manual-clock.ts';
import {
  EXECUTION,
  collect,
  driveUntil,
  failureOf,
  history,
  idsOf,
  openClient,
} from './client-under-test.ts';
import { runs } from '../support/seeded-random.ts';

/** Cuts the response body after this many bytes, as a lost connection would. */
function cutAfter(response: Response, bytes: number): Response {
  let left = bytes;
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      if (chunk.byteLength < left) {
        left -= chunk.byteLength;
        controller.enqueue(chunk);
        return;
      }
      controller.enqueue(chunk.slice(0, left));
      controller.error(new TypeError('terminated'));
    },
  });
  return new Response(response.body?.pipeThrough(cut) ?? null, response);
}

test('every message is delivered once, in order, wherever connections are cut', async () => {
  const cuts = fc.array(fc.oneof(fc.constant('refused' as const), fc.integer({ min: 0, max: 3_000 })), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(cuts, fc.constantFrom(0, 700), async (plan, everyMs) => {
      const under = await openClient(history(30, { everyMs }));
      const left = [...plan];
      const unreliable: Fetch = async (url, init) => {
        const next = left.shift();
        if (next === 'refused') throw new TypeError('fetch failed');
        const response = await under.fetch(url, init);
        return next === undefined ? response : cutAfter(response, next);
      };
      const following = under.client({ fetch: unreliable }).follow(EXECUTION);
      expect(idsOf(await under.until(collect(following)))).toEqual(idsOf(history(30)));
    }),
    { numRuns: runs(40) },
  );
});

/** A client of a server with scripted answers, one per request. Records the time and headers of each request. */
function scripted(answers: readonly ((signal: AbortSignal) => Response | Error)[]) {
  const clock = new ManualClock();
  const beganAtMs = clock.now();
  const requests: { readonly atMs: number; readonly lastEventId: string | null; readonly url: string }[] = [];
  const fetch: Fetch = async (url, init) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    const lastEventId = new Headers(init.headers).get('Last-Event-ID');
    requests.push({ atMs: clock.now() - beganAtMs, lastEventId, url });
    // Safety: the client under test passes a signal with each request.
    const made = answer?.(init.signal as AbortSignal) ?? new Error('no answer');
    if (made instanceof Error) throw made;
    return made;
  };
  const client = createFlowtapClient({
    url: 'http://flowtap.test',
    apiKey: 'k',
    fetch,
    clock,
    random: () => 0,
  });
  const follow = (options?: FollowOptions): Promise<FollowEvent[]> =>
    driveUntil(clock, collect(client.followEvents('id', options)));
  return { clock, requests, client, follow };
}

const stream =
  (text: string, open = false) =>
  () =>
    new Response(
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(text));
          if (!open) controller.close();
        },
      }),
      { headers: { 'Content-Type': 'text/event-stream' } },
    );
const problem =
  (status: number, more: object, headers: Record<string, string> = {}) =>
  () =>
    Response.json(
      { status, title: 'No', detail: 'Not now.', code: 'Overloaded', ...more },
      { status, headers },
    );
const message = (id: string) => `id: ${id}\ndata: {"messageId":"${id}","eventType":"STEP_STARTED"}\n\n`;
const END = `id: e\nevent: end\ndata: {"status":"SUCCEEDED"}\n\n`;
const ids = (events: readonly FollowEvent[]) =>
  events.flatMap((event) => (event.type === 'message' ? event.message.messageId : []));
const pauses = (events: readonly FollowEvent[]) =>
  events.flatMap((event) => (event.type === 'reconnecting' ? event.afterMs : []));

test('after a 429 or 503, the client waits as long as Retry-After says, in seconds or as a date', async () => {
  const { follow, requests } = scripted([
    problem(429, {}, { 'Retry-After': '7' }),
    problem(503, {}, { 'Retry-After': new Date(Date.UTC(2026, 0, 1, 0, 0, 30)).toUTCString() }),
    stream(END),
  ]);
  await follow();
  expect(requests.map(({ atMs }) => atMs)).toEqual([0, 7_000, 30_000]);
});

test('after a temporary `problem` event, the client waits and resumes from the last id', async () => {
  const refused = `event: problem\ndata: {"status":429,"code":"TooManyStreams","detail":"Full.","retryAfterSeconds":10}\n\n`;
  const { follow, requests } = scripted([stream(message('a') + refused), stream(message('b') + END)]);
  const events = await follow();
  expect(ids(events)).toEqual(['a', 'b']);
  expect(requests).toMatchObject([
    { atMs: 0, lastEventId: null },
    { atMs: 10_000, lastEventId: 'a' },
  ]);
  expect(events.find(({ type }) => type === 'reconnecting')).toMatchObject({
    error: { name: 'FlowtapProblem', code: 'TooManyStreams', status: 429 },
  });
});

test('a permanent `problem` event is thrown', async () => {
  const revoked = `event: problem\ndata: {"status":401,"code":"RevokedApiKey","detail":"Revoked."}\n\n`;
  const { follow, requests } = scripted([stream(message('a') + revoked)]);
  expect(await failureOf(follow())).toMatchObject({
    name: 'FlowtapProblem',
    status: 401,
    code: 'RevokedApiKey',
  });
  expect(requests).toHaveLength(1);
});

test('a stream that the server closes cleanly is reopened after its `retry:` time', async () => {
  const { follow, requests } = scripted([stream(`retry: 2500\n\n${message('a')}`), stream(END)]);
  expect(await follow()).toMatchObject([
    { cursor: 'a' },
    { type: 'reconnecting', afterMs: 2_500 },
    { type: 'end' },
  ]);
  expect(requests[1]).toMatchObject({ atMs: 2_500, lastEventId: 'a' });
});

test('a connection that is silent for 45 seconds is aborted and replaced', async () => {
  let aborted = false;
  const silent = (signal: AbortSignal) => {
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    return stream(message('a'), true)();
  };
  const { follow, requests } = scripted([silent, stream(END)]);
  const events = await follow();
  expect(aborted).toBe(true);
  expect(ids(events)).toEqual(['a']);
  expect(requests[1]).toMatchObject({ atMs: 46_000, lastEventId: 'a' });
});

test('a request without any answer counts as a lost connection', async () => {
  const clock = new ManualClock();
  let requests = 0;
  const mute = createFlowtapClient({
    url: 'http://flowtap.test',
    clock,
    random: () => 0,
    fetch: () => {
      requests++;
      return new Promise(() => {});
    },
  });
  const following = failureOf(collect(mute.follow('id', { giveUpAfterMs: 120_000 })));
  expect(await driveUntil(clock, following)).toBeInstanceOf(FlowtapConnectionError);
  expect(requests).toBeGreaterThanOrEqual(2);
});

test('pauses double with each failure up to half a minute, and are reset by a success', async () => {
  const down = () => new TypeError('fetch failed');
  const { follow } = scripted([...Array<typeof down>(8).fill(down), stream(message('a')), down, stream(END)]);
  expect(pauses(await follow())).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 1_000, 1_000,
  ]);
});

test('following gives up after failing for giveUpAfterMs, and throws the last error', async () => {
  const { follow, clock } = scripted([problem(503, { code: 'Overloaded', retryAfterSeconds: 10 })]);
  const beganAtMs = clock.now();
  const error = await failureOf(follow({ giveUpAfterMs: 60_000 }));
  expect(error).toBeInstanceOf(FlowtapProblem);
  expect(error).toMatchObject({ status: 503, code: 'Overloaded', retryAfterSeconds: 10 });
  // Pauses of 10, 10, 10, 10 and 16 s. The next try would have been after `giveUpAfterMs`.
  expect(clock.now() - beganAtMs).toBe(56_000);
});

test('a single request is retried for a minute', async () => {
  const busy = problem(503, { retryAfterSeconds: 20 });
  const summary = () =>
    Response.json({ flowExecutionId: 'id', status: 'RUNNING', source: 's', final: false });
  const passing = scripted([busy, () => new TypeError('fetch failed'), summary]);
  const answered = driveUntil(passing.clock, passing.client.summary('id'));
  expect(await answered).toMatchObject({ status: 'RUNNING' });
  expect(passing.requests.map(({ atMs }) => atMs)).toEqual([0, 20_000, 22_000]);

  const lasting = scripted([busy]);
  const error = await driveUntil(lasting.clock, failureOf(lasting.client.page('id')));
  expect(error).toMatchObject({ status: 503 });
  expect(lasting.requests.map(({ atMs }) => atMs)).toEqual([0, 20_000, 40_000, 60_000]);
});

test.each([
  ['a forbidden request', problem(403, { code: 'AccessDeniedException' }), 'AccessDeniedException'],
  ['a service that is not configured', problem(503, { code: 'NotConfigured' }), 'NotConfigured'],
  ['another service', () => new Response('<h1>Not here</h1>', { status: 404 }), 'UnexpectedAnswer'],
])('%s is thrown immediately', async (_, answer, code) => {
  const { follow, requests } = scripted([answer]);
  expect(await failureOf(follow())).toMatchObject({ name: 'FlowtapProblem', code });
  expect(requests).toHaveLength(1);
});

test.each([
  ['an event that is not JSON', stream('id: x\ndata: {"messageId\n\n')],
  ['an event without an id', stream('data: {}\n\n')],
  ['a page in place of a stream', () => new Response('<h1>Welcome to the Wi-Fi</h1>')],
  ["a proxy's error", () => new Response('bad gateway', { status: 502 })],
  ['a stream that is closed before its first event', stream('')],
])('%s counts as a broken connection, and the next connection resumes', async (_, answer) => {
  const { follow, requests } = scripted([stream(message('a')), answer, stream(message('b') + END)]);
  expect(ids(await follow())).toEqual(['a', 'b']);
  expect(requests.at(-1)?.lastEventId).toBe('a');
});

test('unknown events are ignored', async () => {
  const { follow } = scripted([stream(`event: news\ndata: hello\n\n: a comment\n\n${message('a')}${END}`)]);
  expect(ids(await follow())).toEqual(['a']);
});

test('a follower that was refused because all slots were taken is accepted once a slot is free', async () => {
  const under = await openClient(history(4, { everyMs: 20_000 }));
  const apiKey = await under.service.key({ streamLimit: 1 });
  const leaving = new AbortController();
  const first = failureOf(collect(under.client({ apiKey }).follow(EXECUTION, { signal: leaving.signal })));
  await under.clock.advance(1_000);
  const events: FollowEvent[] = [];
  const second = (async () => {
    for await (const event of under.client({ apiKey }).followEvents(EXECUTION)) events.push(event);
  })();
  await under.clock.advance(1_000);
  expect(events).toMatchObject([{ type: 'reconnecting', error: { code: 'TooManyStreams' } }]);
  leaving.abort();
  await first;
  await under.until(second);
  expect(ids(events)).toEqual(idsOf(history(4)));
});

test('an expired ticket is replaced by a fresh one, and no message is lost', async () => {
  const under = await openClient(history(6, { everyMs: 30_000 }));
  let created = 0;
  const ticket = async () => {
    created++;
    return (await under.client().createTicket(EXECUTION, { ttlSeconds: 60 })).ticket;
  };
  const messages = await under.until(collect(under.client({ ticket }).follow(EXECUTION)));
  expect(idsOf(messages)).toEqual(idsOf(history(6)));
  expect(created).toBeGreaterThanOrEqual(2);
});

test('a ticket that cannot be renewed ends following when it expires', async () => {
  const under = await openClient(history(6, { everyMs: 30_000 }));
  const { ticket } = await under.until(under.client().createTicket(EXECUTION, { ttlSeconds: 60 }));
  const following = under.until(failureOf(collect(under.client({ ticket }).follow(EXECUTION))));
  expect(await following).toMatchObject({ status: 401, code: 'ExpiredTicket' });
});

test('no error shows the key or the ticket', async () => {
  const secret = 'ftk_0123456789_0123456789abcdef0123456789abcdef012345';
  for (const credential of [{ apiKey: secret }, { ticket: secret }]) {
    const client = createFlowtapClient({
      url: 'http://flowtap.test',
      ...credential,
      fetch: () =>
        Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
      clock: new ManualClock(),
    });
    const error = await failureOf(collect(client.follow('id', { giveUpAfterMs: 0 })));
    expect(error).toMatchObject({ message: 'Cannot reach http://flowtap.test: the connection was refused' });
  }
});
