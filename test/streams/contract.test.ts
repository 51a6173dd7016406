/**
 * The contract of the event stream (docs/http-api.md), line by line, as a client sees it. Limits and slow
 * readers are tested in limits.test.ts. Over 300 lines, because the contract is tested as a whole.
 */
import { beforeEach, expect, test } from 'vitest';

import { settle } from '../support/manual-clock.ts';
import { ID, StreamsUnderTest, ids, message, messages } from './streams-under-test.ts';

let streams: StreamsUnderTest;
beforeEach(() => {
  streams = new StreamsUnderTest();
});

const json = (data: string | undefined): Record<string, unknown> =>
  // Safety: the data of every event is a JSON object. Each test checks the members that it uses.
  JSON.parse(data ?? 'null') as Record<string, unknown>;

const MINUTE = 60_000;

test('a stream is a 200 that is never buffered or stored, and starts with `retry:`', async () => {
  streams.source.append(...messages(0, 2));
  const { response, parser } = await streams.open();
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    vary: 'Accept, Authorization, X-API-Key, Origin',
  });
  expect(response.headers.get('x-request-id')).toBeTruthy();
  expect(parser.retryMs).toBe(2_000);
});

test('a stream sends existing messages in order, then caught-up, then new messages, each with an id', async () => {
  streams.source.append(...messages(0, 250));
  const stream = await streams.open();
  expect(stream.messageIds).toEqual(ids(0, 250));
  expect(stream.events.at(-1)).toMatchObject({ event: 'caught-up', data: '{"status":"RUNNING"}' });
  expect(json(stream.events[7]?.data)).toEqual(message(7));

  streams.source.append(message(250));
  await streams.clock.advance(1_000);
  expect(stream.messageIds).toEqual(ids(0, 251));
  expect(new Set(stream.named('message').map(({ id }) => id)).size).toBe(251);
  expect(stream.events.every(({ id }) => id !== undefined && id.length < 64)).toBe(true);
  expect(stream.named('caught-up')).toHaveLength(1);
});

test('the id of a message, caught-up or heartbeat resumes right after that event', async () => {
  streams.source.append(...messages(0, 5));
  const first = await streams.open();
  await streams.clock.advance(16_000);
  expect(first.events.map(({ event }) => event)).toEqual([
    ...Array.from({ length: 5 }, () => 'message'),
    'caught-up',
    'heartbeat',
  ]);
  streams.source.append(message(5));
  await streams.clock.advance(15_000);
  for (const [index, { id }] of first.events.entries()) {
    const again = await streams.open({ lastEventId: id ?? '' });
    expect(again.messageIds).toEqual(ids(Math.min(index + 1, index < 7 ? 5 : 6), 6));
    again.leave();
  }
});

test('from=now sends its position immediately, so a client that is cut off before the first message misses none', async () => {
  streams.source.append(...messages(0, 3));
  const cut = await streams.open({ query: 'from=now' });
  expect(cut.events.map(({ event }) => event)).toEqual(['caught-up']);
  cut.leave();
  streams.source.append(...messages(3, 5));
  await streams.clock.advance(5_000);
  const again = await streams.open({ query: 'from=now', lastEventId: cut.parser.lastEventId });
  expect(again.messageIds).toEqual(ids(3, 5));
});

test('a filtered stream sends only the requested types, and its ids move past omitted messages', async () => {
  streams.source.append(message(0, 'EXECUTION_STARTED'), ...messages(1, 4));
  const cut = await streams.open({ query: 'eventTypes=STEP_FAILED,EXECUTION_STARTED' });
  expect(cut.messageIds).toEqual(['m0']);
  streams.source.append(...messages(4, 9));
  await streams.clock.advance(20_000);
  expect(cut.events.at(-1)?.event).toBe('heartbeat');
  cut.leave();

  streams.source.append(message(9, 'STEP_FAILED'));
  const all = await streams.open({ lastEventId: cut.parser.lastEventId });
  await streams.clock.advance(15_000);
  // Continues without a filter. The messages that the filter omitted are before the position, so they are not
  // sent.
  expect(all.messageIds).toEqual(['m9']);
});

test('Last-Event-ID takes precedence over ?cursor=, and ?cursor= over ?from=', async () => {
  streams.source.append(...messages(0, 6));
  const { events } = await streams.open();
  const [, second, , fourth] = events.map(({ id }) => id ?? '');
  const both = await streams.open({ query: `cursor=${second}&from=now`, lastEventId: fourth ?? '' });
  expect(both.messageIds).toEqual(ids(4, 6));
  const cursor = await streams.open({ query: `cursor=${second}&from=now` });
  expect(cursor.messageIds).toEqual(ids(2, 6));
  // An empty header, as a client sends it after its id was cleared, is ignored.
  const empty = await streams.open({ query: `cursor=${second}`, lastEventId: '' });
  expect(empty.messageIds).toEqual(ids(2, 6));
});

test('?lastEventId= replaces a missing Last-Event-ID header, and takes precedence over ?cursor=', async () => {
  streams.source.append(...messages(0, 6));
  const { events } = await streams.open();
  const [, second, , fourth] = events.map(({ id }) => id ?? '');
  const ofParameter = await streams.open({ query: `lastEventId=${fourth}` });
  expect(ofParameter.messageIds).toEqual(ids(4, 6));
  const withCursor = await streams.open({ query: `cursor=${second}&lastEventId=${fourth}&from=now` });
  expect(withCursor.messageIds).toEqual(ids(4, 6));
  const withHeader = await streams.open({ query: `lastEventId=${second}`, lastEventId: fourth ?? '' });
  expect(withHeader.messageIds).toEqual(ids(4, 6));
  const empty = await streams.open({ query: `lastEventId=&cursor=${second}`, lastEventId: '' });
  expect(empty.messageIds).toEqual(ids(2, 6));
  // An unknown id gets a reset, because a 400 would end an EventSource for good.
  for (const unknown of ['nonsense', '%00', encodeURIComponent('日本')]) {
    const reset = await streams.open({ query: `lastEventId=${unknown}` });
    expect(reset.response.status).toBe(200);
    expect(reset.events[0]?.event).toBe('reset');
    expect(reset.messageIds).toEqual(ids(0, 6));
  }
  const twice = await streams.request({ query: `lastEventId=${second}&lastEventId=${fourth}` });
  expect(twice.status).toBe(400);
});

test("a heartbeat after 15 s without messages reports the time, the poll interval and the upstream's state", async () => {
  streams.source.append(message(0));
  const stream = await streams.open();
  await streams.clock.advance(3_000);
  streams.source.append(message(1));
  await streams.clock.advance(1_000);
  expect(stream.messageIds).toEqual(ids(0, 2));
  await streams.clock.advance(14_700);
  expect(stream.named('heartbeat')).toEqual([]);
  await streams.clock.advance(400);
  const [heartbeat] = stream.named('heartbeat');
  expect(json(heartbeat?.data)).toEqual({
    timestamp: expect.stringMatching(/^2026-01-01T00:00:\d\d\.\d{3}Z$/),
    pollIntervalMs: expect.any(Number),
    upstream: 'ok',
  });
  expect(heartbeat?.id).toBe(stream.named('message').at(-1)?.id);
});

test('a stream of a settled history sends end and closes, and a reconnect with the id of end gets 204', async () => {
  streams.source.append(message(0), message(1, 'EXECUTION_FAILED'));
  const stream = await streams.open();
  // The execution has ended, but not settled: a late message might still arrive.
  expect(stream.events.at(-1)).toMatchObject({ event: 'caught-up', data: '{"status":"FAILED"}' });
  await streams.clock.advance(12_000);
  expect(stream.events.at(-1)).toMatchObject({ event: 'end', data: '{"status":"FAILED"}' });
  expect(stream.ended).toBe(true);
  expect(stream.error).toBeUndefined();

  const calls = streams.source.calls.length;
  const again = await streams.request({ lastEventId: stream.parser.lastEventId });
  expect(again.status).toBe(204);
  expect(await again.text()).toBe('');
  // The cursor alone is enough for the 204, but the key is still checked first.
  expect(
    (await streams.request({ lastEventId: stream.parser.lastEventId, apiKey: 'ftk_wrong' })).status,
  ).toBe(401);
  expect(streams.source.calls).toHaveLength(calls);
});

test('a late message within the settle time is sent before end', async () => {
  streams.source.append(message(0), message(1, 'EXECUTION_SUCCEEDED'));
  const stream = await streams.open();
  await streams.clock.advance(9_000);
  streams.source.append(message(2));
  await streams.clock.advance(60_000);
  expect(stream.messageIds).toEqual(ids(0, 3));
  // The terminal message is no longer the last one, so the execution has not ended and its stream stays open.
  expect(stream.named('end')).toEqual([]);
  streams.source.append(message(3, 'EXECUTION_SUCCEEDED'));
  await streams.clock.advance(30_000);
  expect(stream.messageIds).toEqual(ids(0, 4));
  expect(stream.named('end')).toHaveLength(1);
});

test('a stream of an archived execution replays the archive and ends, without an upstream call', async () => {
  streams.source.append(...messages(0, 600), message(600, 'EXECUTION_SUCCEEDED'));
  const live = await streams.open();
  await streams.clock.advance(30_000);
  streams.restart();
  streams.source.forgetCalls();

  const archived = await streams.open();
  expect(archived.events).toEqual(live.events);
  const half = await streams.open({ lastEventId: live.named('message')[299]?.id ?? '' });
  expect(half.messageIds).toEqual(ids(300, 601));
  const now = await streams.open({ query: 'from=now' });
  expect(now.events.map(({ event }) => event)).toEqual(['caught-up', 'end']);
  const filtered = await streams.open({ query: 'eventTypes=EXECUTION_SUCCEEDED' });
  expect(filtered.messageIds).toEqual(['m600']);
  expect([archived, half, now, filtered].every(({ ended }) => ended)).toBe(true);
  expect(streams.source.calls).toEqual([]);
  expect((await streams.activity()).streams).toBe(0);
});

test('a stream continues without a gap or repeat when its execution is archived half-way', async () => {
  streams.source.append(...messages(0, 2_000, 'x'.repeat(500)), message(2_000, 'EXECUTION_SUCCEEDED'));
  const stream = await streams.open({ unread: true });
  for (let n = 0; n < 20; n++) await stream.readOne();
  await streams.clock.advance(20_000);
  expect(stream.ended).toBe(false);
  void stream.readAll();
  await settle();
  expect(stream.messageIds).toEqual(ids(0, 2_001));
  expect(stream.events.at(-1)?.event).toBe('end');
});

test('an id that is invalid or of another execution gets a reset and all messages, but a 400 if sent as ?cursor=', async () => {
  streams.source.append(...messages(0, 3));
  const { parser } = await streams.open({ id: 'another' });
  for (const lastEventId of ['rubbish', 'ünîcode', parser.lastEventId]) {
    const stream = await streams.open({ lastEventId: encodeURI(lastEventId) });
    expect(stream.events[0]).toMatchObject({ event: 'reset', data: '{}' });
    expect(stream.messageIds).toEqual(ids(0, 3));
    // The id of the reset is a valid position too: the start.
    const again = await streams.open({ lastEventId: stream.events[0]?.id ?? '' });
    expect(again.events[0]?.event).toBe('message');
    expect(again.messageIds).toEqual(ids(0, 3));
  }
  const refused = await streams.request({ query: `cursor=${parser.lastEventId}` });
  expect(refused.status).toBe(400);
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
});

test('a replaced history is sent again from its start after a reset, on open streams and reconnects', async () => {
  streams.source.append(...messages(0, 3));
  const open = await streams.open();
  const { lastEventId } = open.parser;
  streams.source.replace(messages(10, 14));
  await streams.clock.advance(30_000);
  expect(open.events.map(({ event }) => event).filter((event) => event !== 'heartbeat')).toEqual([
    'message',
    'message',
    'message',
    'caught-up',
    'reset',
    'message',
    'message',
    'message',
    'message',
  ]);
  expect(open.messageIds.slice(3)).toEqual(ids(10, 14));

  const back = await streams.open({ lastEventId });
  expect(back.events[0]?.event).toBe('reset');
  expect(back.messageIds).toEqual(ids(10, 14));
});

test('an unknown execution is a 404, after 5 s and three calls', async () => {
  streams.source.missing = true;
  const beganAtMs = streams.clock.now();
  let answeredAtMs = 0;
  const refused = streams.request().then((response) => {
    answeredAtMs = streams.clock.now();
    return response;
  });
  await streams.clock.advance(10_000);
  expect((await refused).status).toBe(404);
  expect(answeredAtMs - beganAtMs).toBe(5_000);
  await streams.clock.advance(MINUTE);
  expect(streams.source.calls).toHaveLength(3);
});

test('an execution that starts while its reader waits is followed from its first message', async () => {
  streams.source.missing = true;
  const opening = streams.open();
  await streams.clock.advance(3_000);
  streams.source.missing = false;
  streams.source.append(message(0));
  await streams.clock.advance(3_000);
  expect((await opening).messageIds).toEqual(['m0']);
});

test('an execution that starts while its reader waits is followed from its first message, even with from=now', async () => {
  streams.source.missing = true;
  const opening = streams.open({ query: 'from=now' });
  await streams.clock.advance(3_000);
  streams.source.missing = false;
  streams.source.append(message(0), message(1));
  await streams.clock.advance(3_000);
  expect((await opening).messageIds).toEqual(['m0', 'm1']);
});

test('no caught-up is sent while the upstream is down, because more messages might exist', async () => {
  streams.source.append(...messages(0, 3));
  const first = await streams.open();
  expect(first.events.map(({ event }) => event)).toEqual(['message', 'message', 'message', 'caught-up']);
  streams.source.conduct = () => ({ failure: 'upstream-timeout' });
  streams.source.append(message(3));
  await streams.clock.advance(2 * MINUTE);

  const second = await streams.open({ lastEventId: first.events[1]?.id ?? '' });
  await streams.clock.advance(MINUTE);
  expect(second.messageIds).toEqual(['m2']);
  expect(second.named('caught-up')).toEqual([]);
  streams.source.conduct = () => ({});
  await streams.clock.advance(MINUTE);
  expect(second.events.map(({ event }) => event).filter((name) => name !== 'heartbeat')).toEqual([
    'message',
    'message',
    'caught-up',
  ]);
  expect(second.messageIds).toEqual(['m2', 'm3']);
});

test('caught-up is sent after an outage, even if there are no new messages', async () => {
  streams.source.append(...messages(0, 3));
  const first = await streams.open();
  await streams.clock.advance(MINUTE);
  streams.source.conduct = () => ({ failure: 'upstream-timeout' });
  await streams.clock.advance(2 * MINUTE);
  const second = await streams.open({ lastEventId: first.events[1]?.id ?? '' });
  streams.source.conduct = () => ({});
  await streams.clock.advance(MINUTE);
  expect(second.events.map(({ event }) => event).filter((name) => name !== 'heartbeat')).toEqual([
    'message',
    'caught-up',
  ]);
});

test.each(['upstream-internal', 'upstream-throttled', 'upstream-timeout', 'upstream-broken'] as const)(
  'a temporary failure (%s) is a 200 with a problem and `retry:`, so an EventSource reconnects',
  async (failure) => {
    streams.source.conduct = () => ({ failure });
    const stream = await streams.open();
    expect(stream.response.status).toBe(200);
    expect(stream.events).toEqual([{ event: 'problem', data: expect.any(String) }]);
    const { retryAfterSeconds } = json(stream.events[0]?.data) as { retryAfterSeconds: number };
    expect(stream.parser.retryMs).toBeGreaterThanOrEqual(retryAfterSeconds * 1_000);
    expect(stream.parser.retryMs).toBeLessThanOrEqual(retryAfterSeconds * 1_500);
    expect(stream.ended).toBe(true);
  },
);

test('a permanent refusal is a plain 400, 401 or 403 problem, which ends an EventSource for good', async () => {
  const other = await streams.key({ executions: ['urn:other'] });
  const cases = [
    [{ apiKey: 'ftk_no' }, 401],
    [{ apiKey: other }, 403],
    [{ query: 'from=yesterday' }, 400],
    [{ query: 'eventTypes=STEP_FAILED,NOT_ONE' }, 400],
    [{ query: 'cursor=' }, 400],
    [{ query: 'from=now&from=start' }, 400],
  ] as const;
  for (const [options, status] of cases) {
    const response = await streams.request(options);
    expect(response.status, JSON.stringify(options)).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  }
});

test('a stream stays open during an outage of minutes, reports the outage in heartbeats, and loses nothing', async () => {
  streams.source.append(...messages(0, 2));
  const stream = await streams.open();
  streams.source.conduct = () => ({ failure: 'upstream-internal' });
  streams.source.append(...messages(2, 4));
  await streams.clock.advance(5 * MINUTE);
  const states = () => stream.named('heartbeat').map(({ data }) => json(data)['upstream']);
  expect(states().length).toBeGreaterThanOrEqual(19);
  expect(states().at(-1)).toBe('unavailable');
  streams.source.conduct = () => ({ failure: 'upstream-throttled' });
  await streams.clock.advance(MINUTE);
  expect(states().at(-1)).toBe('throttled');
  expect(stream.messageIds).toEqual(ids(0, 2));
  expect(stream.ended).toBe(false);

  streams.source.conduct = () => ({});
  await streams.clock.advance(15_100);
  expect(stream.messageIds).toEqual(ids(0, 4));
  await streams.clock.advance(MINUTE);
  expect(states().at(-1)).toBe('ok');
});

test('a client that reconnects during an outage, and again after it, misses nothing', async () => {
  streams.source.append(...messages(0, 300));
  const first = await streams.open();
  first.leave();
  streams.restart();
  streams.source.conduct = () => ({ failure: 'upstream-timeout' });
  const refused = await streams.open({ lastEventId: first.parser.lastEventId });
  expect(refused.events.map(({ event }) => event)).toEqual(['problem']);
  // A problem has no id, so the client keeps its position.
  expect(refused.parser.lastEventId).toBe('');
  streams.source.conduct = () => ({});
  streams.source.append(message(300));
  await streams.clock.advance(5_000);
  const again = await streams.open({ lastEventId: first.parser.lastEventId });
  expect(again.messageIds).toEqual(['m300']);
});

test("a read that lags behind a client's position sends nothing twice", async () => {
  streams.source.append(...messages(0, 10));
  const first = await streams.open();
  first.leave();
  streams.restart();
  streams.source.conduct = () => ({ lag: 4 });
  const stream = await streams.open({ lastEventId: first.parser.lastEventId });
  expect(stream.events).toEqual([]);
  streams.source.conduct = () => ({});
  streams.source.append(message(10));
  await streams.clock.advance(5_000);
  expect(stream.messageIds).toEqual(['m10']);
});

test('a stream ends after 15 min with a complete frame, and its last id resumes', async () => {
  streams.source.append(message(0));
  const stream = await streams.open();
  await streams.clock.advance(15 * MINUTE - 1);
  expect(stream.ended).toBe(false);
  await streams.clock.advance(1);
  expect(stream.ended).toBe(true);
  expect(stream.error).toBeUndefined();
  expect(stream.named('problem')).toEqual([]);
  streams.source.append(message(1));
  const again = await streams.open({ lastEventId: stream.parser.lastEventId });
  await streams.clock.advance(15_000);
  expect(again.messageIds).toEqual(['m1']);
});

test('a shutdown ends every stream with a complete frame, and a new isolate resumes it', async () => {
  streams.source.append(...messages(0, 5));
  const open = await Promise.all([streams.open(), streams.open({ query: 'from=now' })]);
  streams.restart();
  await settle();
  for (const stream of open) {
    expect(stream.ended).toBe(true);
    expect(stream.error).toBeUndefined();
    expect(stream.parser.retryMs).toBeGreaterThan(0);
  }
  streams.source.append(message(5));
  for (const { parser } of open) {
    const again = await streams.open({ lastEventId: parser.lastEventId });
    await streams.clock.advance(1_000);
    expect(again.messageIds).toEqual(['m5']);
  }
});

test('a message that was changed upstream is sent in its current form', async () => {
  streams.source.append(message(0), message(1, 'STEP_STARTED', 'before'));
  await streams.open();
  streams.source.messages[1] = message(1, 'STEP_STARTED', 'after');
  await streams.clock.advance(2_000);
  const late = await streams.open();
  expect(json(late.named('message')[1]?.data)['payload']).toBe('after');
});

test('payloads with any text arrive unchanged, but a key without access to payloads gets none', async () => {
  const payload = ' leading space\r\nand\rline\nends\u2028 {"json": "\\u0000"} \u0000 ünîcode 🎈';
  streams.source.append(message(0, 'STEP_STARTED', payload));
  const full = await streams.open();
  expect(json(full.events[0]?.data)['payload']).toBe(payload);
  const none = await streams.open({ apiKey: await streams.key({ payloads: 'none' }) });
  expect(json(none.events[0]?.data)).toEqual({
    messageId: 'm0',
    eventType: 'STEP_STARTED',
    timestamp: message(0).timestamp,
  });
  expect(none.events[0]?.id).toBe(full.events[0]?.id);
});

test('a request gets JSON, not a stream, if it is a HEAD or its Accept has only wildcards or q=0', async () => {
  streams.source.append(message(0));
  const authorization = `Bearer ${await streams.key()}`;
  const path = `/v1/executions/${ID}/messages`;
  for (const accept of ['*/*', 'text/*', 'text/event-stream;q=0, application/json']) {
    const response = await streams.fetch(path, { headers: { accept, authorization } });
    expect(response.headers.get('content-type')).toMatch(/json/);
  }
  const head = await streams.fetch(path, {
    method: 'HEAD',
    headers: { accept: 'text/event-stream', authorization },
  });
  expect(head.status).toBe(200);
  const mixed = await streams.fetch(path, {
    headers: { accept: 'application/json;q=0.5, Text/Event-Stream', authorization },
  });
  expect(mixed.headers.get('content-type')).toMatch(/event-stream/);
  await mixed.body?.cancel();
});
