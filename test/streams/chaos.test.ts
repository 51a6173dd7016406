/**
 * Invariant 2 on workerd while the upstream, the connections and workerd itself fail. The test needs real
 * sockets, timers and restarts, so it runs in real time: its flows take 45 s, and then have to settle.
 */
import { expect, test } from 'vitest';

import { createFlowtapClient } from '../../src/client/client.ts';
import { SEED, seededRandom } from '../support/seeded-random.ts';
import { SseFollower } from '../support/sse-follower.ts';
import type { ScriptedMessage } from '../support/emulator-control.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { flow } from './scripted-flow.ts';

const EXECUTIONS = 20;
const SUBSCRIBERS = 10;
/** The time between the first and the last message of a flow. */
const FLOW_MS = 45_000;
const KILLS_AT_MS = [14_000, 32_000];
/** The time limit of a run, apart from the final checks. */
const RUN_MS_MAX = 170_000;

const FAULTS = {
  throttleRate: 0.2,
  internalErrorRate: 0.1,
  resetRate: 0.05,
  truncateRate: 0.05,
  stallRate: 0.05,
  stallMs: 4_000,
  tokenLifetimeMs: 3_000,
  lagMs: 2_000,
  lagRate: 0.2,
  shortPageRate: 0.1,
  emptyPageRate: 0.05,
};

const FILTER = ['STEP_SUCCEEDED', 'EXECUTION_SUCCEEDED'];

interface Subscription {
  readonly id: string;
  readonly fromNow: boolean;
  readonly filtered: boolean;
  readonly follower: SseFollower;
}

/** Follows an execution with the project's own client. Its connections are cut, too. */
class ClientFollower {
  readonly messages: string[] = [];
  readonly done: Promise<unknown>;
  #cut = new AbortController();

  constructor(url: URL, apiKey: string, id: string) {
    const client = createFlowtapClient({
      url,
      apiKey,
      fetch: (input, init) => {
        const signals = [this.#cut.signal, ...(init?.signal ? [init.signal] : [])];
        return fetch(input, { ...init, signal: AbortSignal.any(signals) });
      },
    });
    this.done = (async () => {
      for await (const message of client.follow(id, { until: 'settled' })) {
        this.messages.push(JSON.stringify(message));
      }
    })();
    // The promise is awaited at the end, together with the others.
    this.done.catch(() => undefined);
  }

  cut(): void {
    this.#cut.abort(new Error('cut'));
    this.#cut = new AbortController();
  }
}

/**
 * Waits in real time, because processes and sockets are killed and cut here. The waits decide when that
 * happens. No assertion depends on them.
 */
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A random flow. Every fourth one has several upstream pages, so that expired tokens matter. The others fit
 * into one page.
 */
function scriptOf(index: number, random: () => number): ScriptedMessage[] {
  const count = index % 4 === 3 ? 600 + Math.floor(random() * 200) : 15 + Math.floor(random() * 60);
  return flow(count, FLOW_MS / (count - 1), { name: `e${index}-` });
}

const queryOf = (fromNow: boolean, filtered: boolean): string =>
  new URLSearchParams({
    ...(fromNow && { from: 'now' }),
    ...(filtered && { eventTypes: FILTER.join(',') }),
  }).toString();

/**
 * Reads from the archive what a subscriber must have received: all messages, or those after one of its ids.
 */
async function readPages(
  world: World,
  apiKey: string,
  id: string,
  query: string,
  after?: string,
): Promise<string[]> {
  const read: string[] = [];
  let next = after;
  do {
    const url = world.messagesUrl(
      id,
      `${query}&maxResults=250${next === undefined ? '' : `&nextToken=${next}`}`,
    );
    const response = await fetch(url, { headers: { 'x-api-key': apiKey } });
    expect(response.status).toBe(200);
    // Safety: a 200 of this route is a page.
    const page = (await response.json()) as { messages: unknown[]; nextToken?: string };
    read.push(...page.messages.map((message) => JSON.stringify(message)));
    next = page.nextToken;
  } while (next !== undefined);
  return read;
}

test.concurrent.each([SEED, SEED + 1])(
  'every subscriber gets exactly its messages in order, whatever fails or is killed (seed %i)',
  { timeout: RUN_MS_MAX + 30_000 },
  async (seed) => {
    await using world = await openWorld();
    const subscriptions: Subscription[] = [];
    try {
      const random = seededRandom(seed);
      const apiKey = await world.key({ streamLimit: 1_000 });
      const scripts = new Map(
        Array.from({ length: EXECUTIONS }, (_, index) => [`chaos-${index}`, scriptOf(index, random)]),
      );
      await world.faults({ ...FAULTS, seed });
      for (const [id, script] of scripts) await world.script(id, script, { afterMs: -60_000 });

      const beganAtMs = Date.now();
      for (const id of scripts.keys()) {
        for (let n = 0; n < SUBSCRIBERS; n++) {
          const [fromNow, filtered] = [n >= 6 && n !== 7, n >= 7 && n !== 9];
          const url = world.messagesUrl(id, queryOf(fromNow, filtered));
          const follower = new SseFollower({ url, apiKey });
          subscriptions.push({ id, fromNow, filtered, follower });
          // Cuts this connection before its first message, or even before its first byte.
          if (n % 3 === 0) void wait(random() * 60).then(() => follower.cut(random() < 0.5 ? 'fin' : 'rst'));
        }
      }

      const clients = new Map(
        [...scripts.keys()].map((id) => [id, new ClientFollower(world.url, apiKey, id)] as const),
      );

      let over = false;
      const allDone = Promise.all([
        ...subscriptions.map(({ follower }) => follower.done),
        ...[...clients.values()].map(({ done }) => done),
      ]).then(() => {
        over = true;
      });
      const cutting = (async () => {
        while (!over) {
          await wait(random() * 120);
          const victim = subscriptions[Math.floor(random() * subscriptions.length)];
          victim?.follower.cut(random() < 0.5 ? 'fin' : 'rst');
          if (random() < 0.1) clients.get(victim?.id ?? '')?.cut();
        }
      })();
      for (const atMs of KILLS_AT_MS) {
        await wait(Math.max(0, beganAtMs + atMs - Date.now()));
        await world.workerd.restart();
      }
      await Promise.race([allDone, wait(RUN_MS_MAX)]);
      over = true;
      await cutting;

      // Stop the failures. From here on the test only checks what the subscribers have received.
      await world.faults({});
      for (const [id, script] of scripts) {
        const all = await readPages(world, apiKey, id, '');
        // Safety: each text is a message of a page.
        expect(all.map((text) => (JSON.parse(text) as { messageId: string }).messageId)).toEqual(
          script.map(({ messageId }) => messageId),
        );
        expect(clients.get(id)?.messages, `${id}, by the client`).toEqual(all);
        for (const { follower, fromNow, filtered } of subscriptions.filter((each) => each.id === id)) {
          const name = `${id}, from ${fromNow ? 'now' : 'start'}${filtered ? ', filtered' : ''}`;
          expect(follower.refused, name).toBeUndefined();
          const ends = follower.events.filter(({ event }) => event === 'end');
          expect(
            ends.map(({ data }) => data),
            name,
          ).toEqual(['{"status":"SUCCEEDED"}']);
          const first = follower.events.find((event) => event.id !== undefined);
          const query = queryOf(false, filtered);
          const expected = !fromNow
            ? await readPages(world, apiKey, id, query)
            : [
                ...(first?.event === 'message' ? [first.data] : []),
                ...(await readPages(world, apiKey, id, query, first?.id)),
              ];
          expect(follower.messages, name).toEqual(expected);
        }
      }
      const stats = world.stats();
      // Each kind of failure must have occurred during the run.
      for (const fault of [
        stats.throttled,
        stats.internalErrors,
        stats.resets,
        stats.truncated,
        stats.stalled,
      ])
        expect(fault).toBeGreaterThan(5);
      expect(stats.lagged).toBeGreaterThan(50);
      expect(subscriptions.reduce((sum, { follower }) => sum + follower.connects, 0)).toBeGreaterThan(800);
      expect(subscriptions.reduce((sum, { follower }) => sum + follower.resets, 0)).toBe(0);
    } finally {
      await Promise.all(subscriptions.map(({ follower }) => follower.stop()));
    }
  },
);
