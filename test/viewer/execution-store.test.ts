/** The store behind the element and the React hook, against the whole application in this process. */
import { expect, test } from 'vitest';

import { FlowtapProblem, toSteps } from '../../src/client/client.ts';
import type { Fetch } from '../../src/client/http.ts';
import type { ExecutionSnapshot, Phase } from '../../src/viewer/store/snapshot.ts';
import { StreamSlots } from '../../src/viewer/store/stream-slots.ts';
import { EXECUTION, history, idsOf, openClient } from '../client/client-under-test.ts';
import { settle } from '../support/manual-clock.ts';
import { ORIGIN, Tab, openStore, snapshotWhen } from './store-under-test.ts';

const hasEnded = ({ phase }: ExecutionSnapshot): boolean => phase === 'ended';
const isLive = ({ phase }: ExecutionSnapshot): boolean => phase === 'live';
/** A history that is still running. */
const running = (count: number, everyMs = 0) => history(count, { everyMs, last: 'STEP_STARTED' });

test('a history is followed to its end, with its steps', async () => {
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

test('a snapshot is the same object until subscribers are notified, and never changes', async () => {
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

test('messages that arrive at once notify once', async () => {
  const under = await openClient(running(200));
  const store = await openStore(under);
  let notified = 0;
  store.subscribe(() => notified++);
  const { messages } = await under.until(snapshotWhen(store, isLive));
  expect(messages).toHaveLength(200);
  expect(notified).toBeLessThan(10);
});

test('it reads while it has subscribers, and resumes without a repeat', async () => {
  const under = await openClient(history(20, { everyMs: 500 }));
  const store = await openStore(under);
  const { messages } = await under.until(snapshotWhen(store, ({ messages }) => messages.length >= 5));
  expect(messages.length).toBeLessThan(20);
  await under.clock.advance(3_000);
  expect(store.getSnapshot().messages.length).toBeLessThan(9);
  const { messages: all } = await under.until(snapshotWhen(store, hasEnded));
  expect(idsOf(all)).toEqual(idsOf(history(20)));
});

test('a ticket endpoint is asked by POST without a body, and names execution and service', async () => {
  const under = await openClient(history(3));
  const asked: [string, RequestInit][] = [];
  const fetch: Fetch = async (url, init) => {
    if (url !== '/orders/17/ticket') return under.fetch(url, init);
    asked.push([url, init]);
    const { ticket, expiresAt } = await under.client().createTicket(EXECUTION, { payloads: 'names' });
    return Response.json({
      ticket,
      expiresAt,
      streamUrl: `${ORIGIN}/v1/executions/x/messages?ticket=${ticket}`,
    });
  };
  const store = await openStore(under, {
    service: undefined,
    executionId: undefined,
    access: { ticketUrl: '/orders/17/ticket' },
    ports: { fetch },
  });
  const { executionId, payloads, messages } = await under.until(
    snapshotWhen(store, (snapshot) => hasEnded(snapshot) && snapshot.payloads !== undefined),
  );
  expect({ executionId, payloads, count: messages.length }).toEqual({
    executionId: EXECUTION,
    payloads: 'names',
    count: 3,
  });
  const init = asked[0]?.[1];
  expect(init).toMatchObject({ method: 'POST', credentials: 'same-origin' });
  expect(init?.body).toBeUndefined();
});

test('a ticket that ends is renewed, and nothing is lost', async () => {
  const under = await openClient(history(30, { everyMs: 1_000 }));
  let asked = 0;
  const ticket = () => {
    asked++;
    return under.client().createTicket(EXECUTION, { ttlSeconds: 12 });
  };
  const phases = new Set<Phase>();
  const store = await openStore(under, { access: { ticket } });
  store.subscribe(() => phases.add(store.getSnapshot().phase));
  const { messages } = await under.until(snapshotWhen(store, hasEnded));
  expect(idsOf(messages)).toEqual(idsOf(history(30)));
  expect(asked).toBeGreaterThanOrEqual(3);
  expect([...phases]).not.toContain('ticket-expired');
});

test('a fixed ticket that ends says so, and keeps what was read', async () => {
  const under = await openClient(running(5));
  const { ticket } = await under.client().createTicket(EXECUTION, { ttlSeconds: 12 });
  const store = await openStore(under, { access: { ticket } });
  const { messages, error } = await under.until(
    snapshotWhen(store, ({ phase }) => phase === 'ticket-expired'),
  );
  expect(messages).toHaveLength(5);
  expect(error).toMatchObject({ code: 'ExpiredTicket' });
});

test('an endpoint that refuses the first ticket: not allowed. A later one: expired', async () => {
  for (const [good, phase] of [
    [0, 'not-allowed'],
    [1, 'ticket-expired'],
  ] as const) {
    const under = await openClient(running(3));
    let asked = 0;
    const fetch: Fetch = async (url, init) => {
      if (url !== '/ticket') return under.fetch(url, init);
      if (++asked > good) return new Response('no', { status: 403 });
      return Response.json(await under.client().createTicket(EXECUTION, { ttlSeconds: 12 }));
    };
    const store = await openStore(under, { access: { ticketUrl: '/ticket' }, ports: { fetch } });
    const { error } = await under.until(snapshotWhen(store, (snapshot) => snapshot.phase === phase));
    expect(error).toBeInstanceOf(FlowtapProblem);
    expect(error).toMatchObject({ code: 'TicketRefused', status: 403 });
  }
});

test('an endpoint that fails for a while is asked again', async () => {
  const under = await openClient(history(3));
  let asked = 0;
  const fetch: Fetch = async (url, init) => {
    if (url !== '/ticket') return under.fetch(url, init);
    asked++;
    if (asked === 1) throw new TypeError('Failed to fetch');
    if (asked === 2) return new Response('', { status: 503 });
    return Response.json(await under.client().createTicket(EXECUTION));
  };
  const store = await openStore(under, { access: { ticketUrl: '/ticket' }, ports: { fetch } });
  const { messages } = await under.until(snapshotWhen(store, hasEnded));
  expect(messages).toHaveLength(3);
});

test('an execution that nobody knows is not found', async () => {
  const under = await openClient([]);
  under.service.source.conduct = () => ({ failure: 'upstream-not-found' });
  const store = await openStore(under);
  const { error } = await under.until(snapshotWhen(store, ({ phase }) => phase === 'not-found'));
  expect(error).toMatchObject({ status: 404 });
});

test('a key that may not read the execution is not allowed', async () => {
  const under = await openClient(running(3));
  const apiKey = await under.service.key({ executions: ['urn:other:*'] });
  const store = await openStore(under, { access: { apiKey } });
  const { error } = await under.until(snapshotWhen(store, ({ phase }) => phase === 'not-allowed'));
  expect(error).toMatchObject({ status: 403 });
});

test('without an execution or a service it stops, and says what is missing', async () => {
  const under = await openClient([]);
  const store = await openStore(under, { access: { ticket: 'no ticket of ours' }, executionId: undefined });
  const { phase, error } = await under.until(snapshotWhen(store, ({ phase }) => phase === 'stopped'));
  expect({ phase, text: error?.message }).toEqual({
    phase: 'stopped',
    text: 'The ticket does not name an execution',
  });
});

test('a throttled upstream is a phase, and live again afterwards', async () => {
  const under = await openClient(running(3));
  const store = await openStore(under);
  await under.until(snapshotWhen(store, isLive));
  under.service.source.conduct = () => ({ failure: 'upstream-throttled' });
  const { messages } = await under.until(snapshotWhen(store, ({ phase }) => phase === 'throttled'));
  expect(messages).toHaveLength(3);
  under.service.source.conduct = () => ({});
  await under.until(snapshotWhen(store, isLive));
});

test('a history that was replaced while the store was away is read anew', async () => {
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

test('a hidden tab closes its stream and resumes where it was', async () => {
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
  // Its slot is free.
  expect([1, 2, 3, 4].map(() => slots.request().isGranted)).toEqual([true, true, true, true]);
  tab.hide(false);
  const { messages } = await under.until(snapshotWhen(store, hasEnded));
  expect(idsOf(messages)).toEqual(idsOf(history(30)));
  stop();
});

test('without a free slot it polls every 5 s, and streams as soon as there is one', async () => {
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

test('an execution that ends while it is polled needs no slot', async () => {
  const under = await openClient(history(8, { everyMs: 1_000 }));
  const slots = new StreamSlots();
  for (let taken = 0; taken < 4; taken++) slots.request();
  const store = await openStore(under, { ports: { slotsFor: () => slots } });
  const { messages, status } = await under.until(snapshotWhen(store, hasEnded));
  expect({ status, count: messages.length }).toEqual({ status: 'SUCCEEDED', count: 8 });
});

test('a failed execution brings what ended it', async () => {
  const under = await openClient([
    { messageId: 'a', eventType: 'EXECUTION_STARTED', afterMs: 0 },
    { messageId: 'b', eventType: 'STEP_STARTED', payload: '{stepId: Open, input: null}', afterMs: 10 },
    {
      messageId: 'c',
      eventType: 'STEP_FAILED',
      payload: '{stepId: Open, error: E42, cause: bolt stuck}',
      afterMs: 20,
    },
    { messageId: 'd', eventType: 'EXECUTION_FAILED', payload: '', afterMs: 30 },
  ]);
  const store = await openStore(under);
  const { failure, status } = await under.until(snapshotWhen(store, ({ failure }) => failure !== undefined));
  expect(status).toBe('FAILED');
  expect(failure).toMatchObject({ step: 'Open', error: 'E42', cause: 'bolt stuck', messageId: 'c' });
});
