/**
 * Tests the store behind the element and the React hook. Its requests go to the whole application in this process.
 */
import { expect, test } from 'vitest';

import { toSteps } from '../../src/client/client.ts';
import type { Fetch } from '../../src/client/http.ts';
import type { ExecutionSnapshot } from '../../src/viewer/store/snapshot.ts';
import { StreamSlots } from '../../src/viewer/store/stream-slots.ts';
import { EXECUTION, history, idsOf, openClient } from '../client/client-under-test.ts';
import { settle } from '../support/manual-clock.ts';
import { Tab, openStore, snapshotWhen } from './store-under-test.ts';

const hasEnded = ({ phase }: ExecutionSnapshot): boolean => phase === 'ended';
const isLive = ({ phase }: ExecutionSnapshot): boolean => phase === 'live';
/** The history of a running execution. */
const running = (count: number, everyMs = 0) => history(count, { everyMs, last: 'STEP_STARTED' });

test('a store follows a history to its end and derives its steps', async () => {
  const under = await openClient(history(30, { everyMs: 700 }));
  const store = await openStore(under);
  const { messages, status, steps, error, payloads, executionId } = await under.until(
    snapshotWhen(store, hasEnded),
  );
  expect(idsOf(messages)).toEqual(idsOf(history(30)));
  expect({ status, error, executionId, payloads }).toEqual({
    status: 'SUCCEEDED',
    error: undefined,
    executionId: EXECUTION,
    payloads: 'full',
  });
  expect(steps).toEqual(toSteps(messages));
});

test('getSnapshot returns the same object until subscribers are notified, and a snapshot never changes', async () => {
  const under = await openClient(history(20, { everyMs: 300 }));
  const store = await openStore(under);
  const seen = new Map<ExecutionSnapshot, string>();
  store.subscribe(() => {
    const snapshot = store.getSnapshot();
    expect(seen.has(snapshot)).toBe(false);
    expect(store.getSnapshot()).toBe(snapshot);
    seen.set(snapshot, JSON.stringify(snapshot));
  });
  await under.until(snapshotWhen(store, hasEnded));
  expect(seen.size).toBeGreaterThan(10);
  for (const [snapshot, text] of seen) expect(JSON.stringify(snapshot)).toBe(text);
});

test('messages that arrive together cause few notifications', async () => {
  const under = await openClient(running(200));
  const store = await openStore(under);
  let notified = 0;
  store.subscribe(() => notified++);
  const { messages } = await under.until(snapshotWhen(store, isLive));
  expect(messages).toHaveLength(200);
  expect(notified).toBeLessThan(10);
});

test('a store stops reading when its last subscriber leaves, and resumes without repeating messages when another one subscribes', async () => {
  const under = await openClient(history(20, { everyMs: 500 }));
  const store = await openStore(under);
  const { messages } = await under.until(snapshotWhen(store, ({ messages }) => messages.length >= 5));
  expect(messages.length).toBeLessThan(20);
  await under.clock.advance(3_000);
  expect(store.getSnapshot().messages.length).toBeLessThan(9);
  const { messages: all } = await under.until(snapshotWhen(store, hasEnded));
  expect(idsOf(all)).toEqual(idsOf(history(20)));
});

test('the phase is `throttled` while the upstream throttles, and `live` again afterwards', async () => {
  const under = await openClient(running(3));
  const store = await openStore(under);
  await under.until(snapshotWhen(store, isLive));
  under.service.source.conduct = () => ({ failure: 'upstream-throttled' });
  const { messages } = await under.until(snapshotWhen(store, ({ phase }) => phase === 'throttled'));
  expect(messages).toHaveLength(3);
  under.service.source.conduct = () => ({});
  await under.until(snapshotWhen(store, isLive));
});

test('a history that was replaced while the store had no subscribers is read from its start', async () => {
  const under = await openClient(running(6));
  const store = await openStore(under);
  await under.until(snapshotWhen(store, isLive));
  under.service.source.replace(
    history(4).map(({ afterMs: _afterMs, ...message }) => ({
      ...message,
      messageId: `new-${message.messageId}`,
    })),
  );
  const { messages } = await under.until(snapshotWhen(store, hasEnded));
  expect(idsOf(messages)).toEqual(idsOf(history(4)).map((id) => `new-${id}`));
});

test('a hidden tab closes its stream and frees its slot, and resumes without loss when it is shown again', async () => {
  const under = await openClient(history(30, { everyMs: 1_000 }));
  const tab = new Tab();
  const slots = new StreamSlots();
  const store = await openStore(under, { ports: { visibility: tab.visibility, slotsFor: () => slots } });
  const stop = store.subscribe(() => {});
  await under.until(snapshotWhen(store, ({ messages }) => messages.length >= 5));
  tab.hide(true);
  await under.clock.advance(100);
  expect(store.getSnapshot().phase).toBe('paused');
  const count = store.getSnapshot().messages.length;
  await under.clock.advance(10_000);
  expect(store.getSnapshot().messages).toHaveLength(count);
  // All four slots are free, including the one of the closed stream.
  expect([1, 2, 3, 4].map(() => slots.request().isGranted)).toEqual([true, true, true, true]);
  tab.hide(false);
  const { messages } = await under.until(snapshotWhen(store, hasEnded));
  expect(idsOf(messages)).toEqual(idsOf(history(30)));
  stop();
});

test('a store without a slot polls every 5 s, and opens a stream as soon as it gets a slot', async () => {
  const under = await openClient(history(30, { everyMs: 1_000 }));
  const slots = new StreamSlots();
  const [first] = [1, 2, 3, 4].map(() => slots.request());
  const accepted: (string | undefined)[] = [];
  const fetch: Fetch = async (url, init) => {
    if (url.includes('/messages')) accepted.push(new Headers(init.headers).get('Accept') ?? undefined);
    return under.fetch(url, init);
  };
  const store = await openStore(under, { ports: { fetch, slotsFor: () => slots } });
  const stop = store.subscribe(() => {});
  await under.clock.advance(12_000);
  expect(store.getSnapshot()).toMatchObject({ phase: 'waiting-for-slot', status: 'RUNNING' });
  expect(store.getSnapshot().messages.length).toBeGreaterThanOrEqual(10);
  expect(accepted).toEqual(Array<string>(3).fill('application/json'));
  first?.release();
  const { messages } = await under.until(snapshotWhen(store, hasEnded));
  expect(accepted.slice(3)).toEqual(['text/event-stream']);
  expect(idsOf(messages)).toEqual(idsOf(history(30)));
  stop();
  await settle();
});

test('the snapshot has the error of a failed poll, and the store polls again', async () => {
  const under = await openClient(running(3));
  const slots = new StreamSlots();
  for (let taken = 0; taken < 4; taken++) slots.request();
  let isBroken = true;
  const fetch: Fetch = async (url, init) => {
    if (isBroken && url.includes('/messages')) throw new TypeError('Failed to fetch');
    return under.fetch(url, init);
  };
  const store = await openStore(under, { ports: { fetch, slotsFor: () => slots } });
  const stop = store.subscribe(() => {});
  await under.until(snapshotWhen(store, ({ error }) => error !== undefined));
  isBroken = false;
  const { messages } = await under.until(snapshotWhen(store, ({ status }) => status === 'RUNNING'));
  expect(messages).toHaveLength(3);
  stop();
});

test('an execution can be polled to its end without a slot', async () => {
  const under = await openClient(history(8, { everyMs: 1_000 }));
  const slots = new StreamSlots();
  for (let taken = 0; taken < 4; taken++) slots.request();
  const store = await openStore(under, { ports: { slotsFor: () => slots } });
  const { messages, status } = await under.until(snapshotWhen(store, hasEnded));
  expect({ status, count: messages.length }).toEqual({ status: 'SUCCEEDED', count: 8 });
});

const FAILED = [
  { messageId: 'a', eventType: 'EXECUTION_STARTED', afterMs: 0 },
  { messageId: 'b', eventType: 'STEP_STARTED', payload: '{stepId: Open, input: null}', afterMs: 10 },
  {
    messageId: 'c',
    eventType: 'STEP_FAILED',
    payload: '{stepId: Open, error: E42, cause: bolt stuck}',
    afterMs: 20,
  },
  { messageId: 'd', eventType: 'EXECUTION_FAILED', payload: '', afterMs: 30 },
];
const isSummary = (url: string): boolean => url.includes('/v1/executions/') && !url.includes('/messages');

test('the failure of an ended execution is requested once, and known before the first message', async () => {
  const under = await openClient(FAILED);
  await under.clock.advance(1_000);
  let summaries = 0;
  const failureShown = Promise.withResolvers<void>();
  const fetch: Fetch = async (url, init) => {
    if (isSummary(url)) summaries++;
    else if (url.includes('/messages')) await failureShown.promise;
    return under.fetch(url, init);
  };
  const store = await openStore(under, { ports: { fetch } });
  const stop = store.subscribe(() => {});
  const first = await under.until(snapshotWhen(store, ({ failure }) => failure !== undefined));
  expect(first).toMatchObject({ status: 'FAILED', messages: [], failure: { step: 'Open', error: 'E42' } });
  failureShown.resolve();
  const { failure } = await under.until(snapshotWhen(store, hasEnded));
  expect({ failure, summaries }).toEqual({ failure: first.failure, summaries: 1 });
  stop();
});

test('if the summary cannot be read, the failure is derived from the messages', async () => {
  const under = await openClient(FAILED);
  const fetch: Fetch = async (url, init) =>
    isSummary(url) ? Response.json({ code: 'X', detail: 'No.' }, { status: 403 }) : under.fetch(url, init);
  const store = await openStore(under, { ports: { fetch } });
  const { failure } = await under.until(snapshotWhen(store, ({ failure }) => failure !== undefined));
  expect(failure).toEqual({ step: 'Open', error: 'E42', messageId: 'c' });
});

test('the snapshot of a failed execution has the failure that ended it', async () => {
  const under = await openClient(FAILED);
  const store = await openStore(under);
  const { failure, status } = await under.until(snapshotWhen(store, ({ failure }) => failure !== undefined));
  expect(status).toBe('FAILED');
  expect(failure).toMatchObject({ step: 'Open', error: 'E42', cause: 'bolt stuck', messageId: 'c' });
});

test('unsubscribing and resubscribing during a burst repeats no message', async () => {
  const burst = history(40).map((message, index) => ({ ...message, afterMs: index < 5 ? 0 : 5_000 }));
  const under = await openClient(burst);
  const store = await openStore(under);
  let returned = 0;
  const ended = new Promise<void>((resolve) => {
    const onChange = (): void => {
      const { phase, messages } = store.getSnapshot();
      if (phase === 'ended' && messages.length >= 40) resolve();
      if (messages.length <= 5 || messages.length >= 40) return;
      returned++;
      leave();
      leave = store.subscribe(onChange);
    };
    let leave = store.subscribe(onChange);
  });
  await under.until(ended);
  expect(returned).toBeGreaterThan(0);
  expect(idsOf(store.getSnapshot().messages)).toEqual(idsOf(history(40)));
});
