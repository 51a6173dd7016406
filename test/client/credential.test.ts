import { expect, test } from 'vitest';
import { type TicketSource, createFlowtapClient } from '../../src/client/client.ts';
import { createCredential } from '../../src/client/credential.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');

/** A client whose requests record their tickets in `sent`. The test sets the time. */
function clientWith(ticket: TicketSource, time: { ms: number }) {
  const sent: (string | null)[] = [];
  const client = createFlowtapClient({
    url: 'https://flowtap.example',
    ticket,
    giveUpAfterMs: 0,
    clock: { now: () => START_MS + time.ms, sleep: () => new Promise(() => {}), turn: async () => {} },
    fetch: async (url) => {
      sent.push(new URL(url).searchParams.get('ticket'));
      return Response.json({ flowExecutionId: 'a', status: 'RUNNING' });
    },
  });
  return { sent, read: () => client.summary('a') };
}

/** A back end that creates numbered tickets with this lifetime. */
function backEnd(time: { ms: number }, lifetimeMs: number) {
  let created = 0;
  return () => ({
    ticket: `ticket-${++created}`,
    expiresAt: new Date(START_MS + time.ms + lifetimeMs).toISOString(),
    streamUrl: '',
  });
}

test('a ticket can be a string, a result of createTicket, or a function that returns either', async () => {
  const ticket = { ticket: 'object', expiresAt: new Date(START_MS + 60_000).toISOString() };
  const sources: readonly TicketSource[] = ['text', ticket, () => 'text', async () => ticket];
  const sent = await Promise.all(
    sources.map(async (source) => {
      const under = clientWith(source, { ms: 0 });
      await under.read();
      return under.sent[0];
    }),
  );
  expect(sent).toEqual(['text', 'object', 'text', 'object']);
});

test.each([
  [600_000, 569_999, 570_000],
  [60_000, 29_999, 30_000],
  [10_000, 4_999, 5_000],
])(
  'a ticket with a lifetime of %i ms is renewed when 30 s or half of it remain',
  async (lifetimeMs, keeps, renews) => {
    const time = { ms: 0 };
    const { sent, read } = clientWith(backEnd(time, lifetimeMs), time);
    await read();
    time.ms = keeps;
    await read();
    time.ms = renews;
    await Promise.all([read(), read()]);
    expect(sent).toEqual(['ticket-1', 'ticket-1', 'ticket-2', 'ticket-2']);
  },
);

test('a client whose clock is an hour ahead leaves expiry to the service', async () => {
  const { sent, read } = clientWith(backEnd({ ms: 0 }, 600_000), { ms: 3_600_000 });
  await read();
  await read();
  expect(sent).toEqual(['ticket-1', 'ticket-1']);
});

test('a ticket function that throws is called again by the next request', async () => {
  let calls = 0;
  const { sent, read } = clientWith(
    () => {
      if (++calls === 1) throw new Error('not logged in');
      return 'text';
    },
    { ms: 0 },
  );
  await expect(read()).rejects.toThrow('Cannot get a ticket for Flowtap: Error: not logged in');
  await read();
  expect(sent).toEqual(['text']);
});

test('two requests whose ticket was refused both get a new one', async () => {
  const time = { ms: 0 };
  const clock = { now: () => START_MS, sleep: async () => undefined, turn: async () => undefined };
  const credential = createCredential({ ticket: backEnd(time, 600_000) }, clock);
  expect(await credential.get()).toBe('ticket-1');
  expect([credential.renew(), credential.renew()]).toEqual([true, true]);
  expect(await Promise.all([credential.get(), credential.get()])).toEqual(['ticket-2', 'ticket-2']);
});

test('a ticket that was given as text cannot be renewed', () => {
  const clock = { now: () => START_MS, sleep: async () => undefined, turn: async () => undefined };
  expect(createCredential({ ticket: 'text' }, clock).renew()).toBe(false);
});
