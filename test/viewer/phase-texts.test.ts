/** Tests the texts about the connection that readers of the element see in each state of the store. */
import { expect, test } from 'vitest';

import type { Fetch } from '../../src/client/http.ts';
import { PROBLEM_STATUS } from '../../src/problems/problem-codes.ts';
import { phaseText, retryText } from '../../src/viewer/element/phase-texts.ts';
import type { ExecutionSnapshot } from '../../src/viewer/store/snapshot.ts';
import { EMPTY_SNAPSHOT } from '../../src/viewer/store/snapshot.ts';
import { StreamSlots } from '../../src/viewer/store/stream-slots.ts';
import { EXECUTION, history, openClient } from '../client/client-under-test.ts';
import { openStore, snapshotWhen } from './store-under-test.ts';

/** The history of a running execution. */
const running = history(3, { last: 'STEP_STARTED' });
const isLive = ({ phase }: ExecutionSnapshot): boolean => phase === 'live';

/** Returns the whole text that the header shows about the connection. */
const shown = (snapshot: ExecutionSnapshot, nowMs = 0): string => {
  const { word, sentence = '' } = phaseText(snapshot);
  return [word, sentence, retryText(snapshot, nowMs)].filter(Boolean).join(': ');
};

/** Opens a store whose requests for messages get `answer` until `heal` is called. */
async function openBroken(answer: () => Response) {
  const under = await openClient(running);
  let isBroken = true;
  const fetch: Fetch = async (url, init) =>
    isBroken && url.includes('/messages') ? answer() : under.fetch(url, init);
  const store = await openStore(under, { ports: { fetch } });
  const heal = () => (isBroken = false);
  return { under, store, heal };
}

const refusal = (code: keyof typeof PROBLEM_STATUS) => (): Response =>
  Response.json(
    { code, title: code, detail: 'Wait.', status: PROBLEM_STATUS[code] },
    { status: PROBLEM_STATUS[code], headers: { 'Retry-After': '7' } },
  );

test('before the first answer, the text is "Connecting"', () => {
  expect(shown(EMPTY_SNAPSHOT)).toBe('Connecting');
});

test('for a running execution that is followed, the text is "Live · caught up"', async () => {
  const under = await openClient(running);
  const store = await openStore(under);
  expect(shown(await under.until(snapshotWhen(store, isLive)))).toBe('Live · caught up');
});

test.each([
  ['TooManyStreams', /^Waiting for a slot: .*no live stream left/],
  ['RateLimitExceeded', /^Busy: .*too many requests/],
  ['UpstreamShareExceeded', /^Busy: .*its share/],
  ['Overloaded', /^Busy: .*overloaded/],
  ['HistoryNotReadYet', /^Busy: .*long history/],
  ['StoreUnavailable', /^Busy: .*cannot answer/],
  ['ThrottlingException', /^Upstream throttled: AWS limits/],
  ['UpstreamTimeout', /^Upstream unavailable: AWS does not answer/],
] as const)('the text for %s states the problem and when the next attempt follows', async (code, text) => {
  const { under, store, heal } = await openBroken(refusal(code));
  const refused = await under.until(snapshotWhen(store, ({ error }) => error !== undefined));
  expect(shown(refused, under.clock.now())).toMatch(text);
  expect(retryText(refused, under.clock.now())).toMatch(/^Retrying in [78] s\.$/);
  heal();
  const live = await under.until(snapshotWhen(store, isLive));
  expect(retryText(live, under.clock.now())).toBeUndefined();
});

test.each([
  ['throttled', 'upstream-throttled'],
  ['unavailable', 'upstream-timeout'],
] as const)('the text states that the upstream is %s', async (upstream, failure) => {
  const under = await openClient(running);
  const store = await openStore(under);
  await under.until(snapshotWhen(store, isLive));
  under.service.source.conduct = () => ({ failure });
  const snapshot = await under.until(snapshotWhen(store, ({ phase }) => phase === upstream));
  expect(shown(snapshot)).toContain(`Upstream ${upstream}: AWS`);
});

test('a connection that was never open is not called lost', async () => {
  const { under, store, heal } = await openBroken(() => {
    throw new TypeError('Failed to fetch');
  });
  const snapshot = await under.until(snapshotWhen(store, ({ error }) => error !== undefined));
  expect(shown(snapshot, under.clock.now())).toBe(
    'Connecting: The service cannot be reached.: Retrying in 1 s.',
  );
  heal();
  await under.until(snapshotWhen(store, isLive));
});

test('a connection that was open is called lost while the store reconnects', async () => {
  const under = await openClient(running);
  let isBroken = false;
  const fetch: Fetch = async (url, init) => {
    if (isBroken) throw new TypeError('Failed to fetch');
    return under.fetch(url, init);
  };
  const store = await openStore(under, { ports: { fetch } });
  await under.until(snapshotWhen(store, isLive));
  isBroken = true;
  const lost = await under.until(snapshotWhen(store, ({ error }) => error !== undefined));
  expect(shown(lost, under.clock.now())).toContain('Reconnecting: The connection was lost.');
});

test.each([0, 1])(
  'if the ticket endpoint fails after %i tickets, the text says that the page cannot get access, and the store retries',
  async (good) => {
    const under = await openClient(running);
    let asked = 0;
    let isBroken = true;
    const fetch: Fetch = async (url, init) => {
      if (url !== '/ticket') return under.fetch(url, init);
      if (++asked > good && isBroken) return new Response('', { status: 503 });
      return Response.json(await under.client().createTicket(EXECUTION, { ttlSeconds: 12 }));
    };
    const store = await openStore(under, { access: { ticketUrl: '/ticket' }, ports: { fetch } });
    const snapshot = await under.until(snapshotWhen(store, ({ phase }) => phase === 'busy'));
    expect(shown(snapshot, under.clock.now())).toMatch(/^Busy: This page cannot get access .*: Retrying in/);
    isBroken = false;
    await under.until(snapshotWhen(store, isLive));
  },
);

test('the text names the limit of four streams while the store waits for a slot', async () => {
  const under = await openClient(running);
  const slots = new StreamSlots();
  for (let taken = 0; taken < 4; taken++) slots.request();
  const store = await openStore(under, { ports: { slotsFor: () => slots } });
  const snapshot = await under.until(snapshotWhen(store, ({ hasCaughtUp }) => hasCaughtUp));
  expect(shown({ ...snapshot, phase: 'waiting-for-slot' })).toMatch(
    /^Waiting for a slot: .*four live streams/,
  );
});
