/**
 * Tests how the store gets access to an execution (by tickets, a ticket endpoint or a key), and what happens if this
 * access is refused.
 */
import { expect, test } from 'vitest';

import { FlowtapProblem } from '../../src/client/client.ts';
import type { Fetch } from '../../src/client/http.ts';
import type { ExecutionSnapshot, Phase } from '../../src/viewer/store/snapshot.ts';
import { EXECUTION, history, idsOf, openClient } from '../client/client-under-test.ts';
import { ORIGIN, openStore, snapshotWhen } from './store-under-test.ts';

const hasEnded = ({ phase }: ExecutionSnapshot): boolean => phase === 'ended';
/** The history of a running execution. */
const running = (count: number, everyMs = 0) => history(count, { everyMs, last: 'STEP_STARTED' });

test('a ticket is requested by POST without a body, and its answer names execution and service', async () => {
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

test('expiring tickets are renewed without losing messages', async () => {
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

test('when a ticket that cannot be renewed expires, the phase is `ticket-expired` and the messages are kept', async () => {
  const under = await openClient(running(5));
  const { ticket } = await under.client().createTicket(EXECUTION, { ttlSeconds: 12 });
  const store = await openStore(under, { access: { ticket } });
  const { messages, error } = await under.until(
    snapshotWhen(store, ({ phase }) => phase === 'ticket-expired'),
  );
  expect(messages).toHaveLength(5);
  expect(error).toMatchObject({ code: 'ExpiredTicket' });
});

test('the phase is `not-allowed` if the endpoint refuses the first ticket, and `ticket-expired` if it refuses a later one', async () => {
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

test('a ticket endpoint that fails is retried until it succeeds', async () => {
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

test('the phase for an unknown execution is `not-found`', async () => {
  const under = await openClient([]);
  under.service.source.conduct = () => ({ failure: 'upstream-not-found' });
  const store = await openStore(under);
  const { error } = await under.until(snapshotWhen(store, ({ phase }) => phase === 'not-found'));
  expect(error).toMatchObject({ status: 404 });
});

test('the phase for a key that may not read the execution is `not-allowed`', async () => {
  const under = await openClient(running(3));
  const apiKey = await under.service.key({ executions: ['urn:other:*'] });
  const store = await openStore(under, { access: { apiKey } });
  const { error } = await under.until(snapshotWhen(store, ({ phase }) => phase === 'not-allowed'));
  expect(error).toMatchObject({ status: 403 });
});

test('without an execution, the store stops with an error that states what is missing', async () => {
  const under = await openClient([]);
  const store = await openStore(under, { access: { ticket: 'not a ticket' }, executionId: undefined });
  const { phase, error } = await under.until(snapshotWhen(store, ({ phase }) => phase === 'stopped'));
  expect({ phase, text: error?.message }).toEqual({
    phase: 'stopped',
    text: 'The ticket does not name an execution',
  });
});
