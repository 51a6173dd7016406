import { expect, test } from 'vitest';
import type { FollowEvent } from '../../src/client/client.ts';
import type { Fetch } from '../../src/client/http.ts';
import { EXECUTION, collect, failureOf, history, idsOf, openClient } from './client-under-test.ts';

const typesOf = (events: readonly FollowEvent[]) => events.map(({ type }) => type);

test('following yields each message as it happens, and stops at the terminal message', async () => {
  const under = await openClient(history(12, { everyMs: 5_000, last: 'EXECUTION_FAILED' }));
  const beganAtMs = under.clock.now();
  const following = under.client().follow(EXECUTION);
  const messages = [];
  for (;;) {
    const next = await under.until(following.next());
    if (next.done) {
      expect(next.value).toBe('FAILED');
      break;
    }
    messages.push(next.value);
  }
  expect(idsOf(messages)).toEqual(idsOf(history(12)));
  // Following ended less than 10 s (the settle time) after the last message: the client did not wait for settling.
  expect(under.clock.now() - beganAtMs).toBeLessThan(55_000 + 9_000);
});

test('following until settled stops when the server says that no message can follow', async () => {
  const under = await openClient(history(3, { everyMs: 1_000 }));
  const events = await under.until(collect(under.client().followEvents(EXECUTION, { until: 'settled' })));
  expect(events.at(-1)).toMatchObject({ type: 'end', status: 'SUCCEEDED', settled: true });
  expect(events.filter(({ type }) => type === 'message')).toHaveLength(3);
  expect(under.clock.now() - Date.parse('2026-01-01T00:00:00Z')).toBeGreaterThanOrEqual(12_000);
});

test('following an ended execution yields all its messages, or none if it starts from now, and stops', async () => {
  const under = await openClient(history(600));
  const client = under.client();
  expect(idsOf(await under.until(collect(client.follow(EXECUTION))))).toEqual(idsOf(history(600)));
  const events = await under.until(collect(client.followEvents(EXECUTION, { from: 'now' })));
  expect(typesOf(events)).toEqual(['caught-up', 'end']);
});

test('a redriven execution is followed beyond its first end', async () => {
  const messages = history(6).map((message, index) =>
    index === 2 ? { ...message, eventType: 'EXECUTION_FAILED' } : message,
  );
  const under = await openClient(messages);
  const events = await under.until(collect(under.client().followEvents(EXECUTION)));
  expect(events.filter(({ type }) => type === 'message')).toHaveLength(6);
  expect(events.at(-1)).toMatchObject({ type: 'end', status: 'SUCCEEDED', settled: false });
});

test('following stops at the end even if the event type of the end was not requested', async () => {
  const under = await openClient(history(5, { everyMs: 2_000, last: 'EXECUTION_ABORTED' }));
  const following = under.client().followEvents(EXECUTION, { eventTypes: ['EXECUTION_STARTED'] });
  const events = await under.until(collect(following));
  expect(events.flatMap((event) => (event.type === 'message' ? event.message.messageId : []))).toEqual([
    'm-0',
  ]);
  expect(events.at(-1)).toMatchObject({ type: 'end', status: 'ABORTED' });
});

test('following a single step stops at the end of the execution, without yielding the terminal message', async () => {
  const messages = history(5, { everyMs: 2_000, last: 'EXECUTION_ABORTED' }).map((message, index) =>
    index === 1 ? { ...message, eventType: 'STEP_STARTED', payload: '{stepId: Charge}' } : message,
  );
  const under = await openClient(messages);
  for (const filter of [{}, { eventTypes: ['STEP_STARTED'] }] as const) {
    const following = under.client().followEvents(EXECUTION, { step: 'Charge', ...filter });
    const events = await under.until(collect(following));
    const steps = events.flatMap((event) => (event.type === 'message' ? (event.message.step ?? 'none') : []));
    expect(new Set(steps)).toEqual(new Set(['Charge']));
    expect(events.at(-1)).toMatchObject({ type: 'end', status: 'ABORTED', settled: false });
  }
});

test("following and pages can continue from an event's cursor", async () => {
  const under = await openClient(history(9));
  const client = under.client();
  let cursor = '';
  for await (const event of client.followEvents(EXECUTION)) {
    if (event.type !== 'message') continue;
    ({ cursor } = event);
    if (event.message.messageId === 'm-4') break;
  }
  expect(idsOf((await under.until(client.page(EXECUTION, { cursor }))).messages)).toEqual([
    'm-5',
    'm-6',
    'm-7',
    'm-8',
  ]);
  expect(idsOf(await under.until(collect(client.follow(EXECUTION, { cursor }))))).toEqual([
    'm-5',
    'm-6',
    'm-7',
    'm-8',
  ]);
});

test('following from the cursor of a final end stops immediately, with the status', async () => {
  const under = await openClient(history(3));
  const client = under.client();
  const first = await under.until(collect(client.followEvents(EXECUTION, { until: 'settled' })));
  const end = first.at(-1);
  const cursor = end?.type === 'end' ? end.cursor : '';
  const again = await under.until(collect(client.followEvents(EXECUTION, { cursor })));
  expect(again).toEqual([{ type: 'end', status: 'SUCCEEDED', settled: true, cursor }]);
});

test('heartbeats report a healthy upstream while nothing happens', async () => {
  const under = await openClient(history(2, { everyMs: 60_000 }));
  const events = await under.until(collect(under.client().followEvents(EXECUTION)));
  expect(events.filter(({ type }) => type === 'heartbeat').length).toBeGreaterThanOrEqual(2);
  expect(events.find(({ type }) => type === 'heartbeat')).toMatchObject({ upstream: 'ok' });
});

test('a consumer that stops iterating closes the stream', async () => {
  const under = await openClient(history(2, { everyMs: 60_000 }));
  let cancelled = 0;
  const watched: Fetch = async (url, init) => {
    const response = await under.fetch(url, init);
    init.signal?.addEventListener('abort', () => cancelled++);
    return response;
  };
  for await (const message of under.client({ fetch: watched }).follow(EXECUTION)) {
    expect(message.messageId).toBe('m-0');
    break;
  }
  expect(cancelled).toBe(1);
});

test('an abort ends following with the given reason, while it reads, waits or starts', async () => {
  const under = await openClient(history(2, { everyMs: 600_000 }));
  const reading = new AbortController();
  const whileReading = failureOf(collect(under.client().follow(EXECUTION, { signal: reading.signal })));
  await under.clock.advance(20_000);
  reading.abort(new Error('enough'));
  expect(await whileReading).toEqual(new Error('enough'));

  const waiting = new AbortController();
  const down = under.client({ fetch: () => Promise.reject(new TypeError('fetch failed')) });
  const whileWaiting = failureOf(collect(down.follow(EXECUTION, { signal: waiting.signal })));
  await under.clock.advance(100);
  waiting.abort();
  expect(await whileWaiting).toMatchObject({ name: 'AbortError' });

  const before = AbortSignal.abort();
  expect(await failureOf(collect(under.client().follow(EXECUTION, { signal: before })))).toMatchObject({
    name: 'AbortError',
  });
  expect(await failureOf(under.client().wait(EXECUTION, { signal: before }))).toMatchObject({
    name: 'AbortError',
  });
});

test('a replaced history is never yielded without notice', async () => {
  const under = await openClient([...history(4, { last: 'STEP_STARTED' })]);
  const client = under.client();
  const [first] = await under.until(collect(client.list(EXECUTION).pages()));
  const cursor = first?.cursor ?? '';
  const other = history(6).map((message, index) => ({ ...message, messageId: `other-${index}` }));
  under.service.source.replace(other);
  under.service.restart();

  const unaware = await under.until(failureOf(collect(client.follow(EXECUTION, { cursor }))));
  expect(unaware).toMatchObject({ name: 'FlowtapProblem', code: 'HistoryChanged', status: 410 });

  let resets = 0;
  const aware = client.follow(EXECUTION, { cursor, onReset: () => resets++ });
  expect(idsOf(await under.until(collect(aware)))).toEqual(idsOf(other));
  expect(resets).toBe(1);

  const events = await under.until(collect(client.followEvents(EXECUTION, { cursor })));
  expect(typesOf(events).slice(0, 2)).toEqual(['reset', 'message']);
});
