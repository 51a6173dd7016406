/** A thousand subscribers of one execution on Deno, and how many upstream calls they cause. */
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DenoWorld, admin, history, messagesUrl, newKey } from './deno-process.ts';
import { eventually } from '../support/eventually.ts';

const SUBSCRIBERS = 1_000;
/** The shortest interval between two polls: one second minus the jitter (pacer.ts). */
const INTERVAL_SECONDS_MIN = 0.9;

let world: DenoWorld;
beforeAll(async () => {
  world = await DenoWorld.create();
});
afterAll(() => world.end());

interface Subscriber {
  text: string;
  leave(): void;
}

function subscribe(url: string, apiKey: string): Subscriber {
  const subscriber: Subscriber = { text: '', leave: () => sent.destroy() };
  const headers = { 'x-api-key': apiKey, accept: 'text/event-stream' };
  const sent = request(url, { agent: false, headers }, (response) => {
    response.on('data', (bytes: Buffer) => (subscriber.text += bytes.toString()));
    response.on('error', () => undefined);
  });
  sent.on('error', () => undefined);
  sent.end();
  return subscriber;
}

test('a thousand subscribers share one poll, each gets every message once, and disconnecting frees their slots immediately', async () => {
  const { url, log, noise } = await world.start({ STORE_PATH: ':memory:' });
  // Each key opens ten streams, because a single tenant cannot use all slots of an execution.
  const keys = await Promise.all(Array.from({ length: 100 }, () => newKey(url)));
  const id = 'followed';
  await world.script(id, history(5));
  const address = messagesUrl(url, id);
  const all = Array.from({ length: SUBSCRIBERS }, (_, index) =>
    subscribe(address, keys[index % keys.length] ?? ''),
  );
  await eventually(() =>
    expect(all.filter(({ text }) => text.includes('event: caught-up'))).toHaveLength(SUBSCRIBERS),
  );
  const activity = async () =>
    (await (await admin(url, `executions/${id}`)).json()) as Record<string, unknown>;
  expect(await activity()).toMatchObject({ streams: SUBSCRIBERS, upstream: 'ok' });

  const beganAtMs = performance.now();
  const before = world.calls(id);
  await world.script(id, [{ messageId: 'news', eventType: 'STEP_STARTED', payload: 'the news' }], {
    append: true,
  });
  await eventually(() =>
    expect(all.filter(({ text }) => text.includes('the news'))).toHaveLength(SUBSCRIBERS),
  );
  // At most one poll per interval, plus one that was already running. Two polls never overlap.
  const seconds = (performance.now() - beganAtMs) / 1_000;
  expect(world.calls(id) - before).toBeLessThanOrEqual(seconds / INTERVAL_SECONDS_MIN + 1);
  expect(world.emulator.emulator.stats().byExecution[id]?.maxInFlight).toBe(1);
  for (const { text } of all) {
    expect(text.match(/"messageId":"[^"]*"/g)).toEqual(
      ['0', '1', '2', '3', '4', 'news'].map((messageId) => `"messageId":"${messageId}"`),
    );
  }

  // All slots are taken, so the next subscriber is refused.
  const refused = subscribe(address, keys[0] ?? '');
  await eventually(() => expect(refused.text).toContain('event: problem'));
  const [staying, ...leaving] = all;
  // With this message, the heartbeat timers of all streams restart at the same time.
  await world.script(id, [{ messageId: 'last', eventType: 'STEP_STARTED', payload: 'the last news' }], {
    append: true,
  });
  await eventually(() =>
    expect(all.filter(({ text }) => text.includes('the last news'))).toHaveLength(SUBSCRIBERS),
  );
  const heartbeats = () => staying?.text.split('event: heartbeat').length;
  const heartbeatsBefore = heartbeats();
  for (const subscriber of leaving) subscriber.leave();
  await eventually(async () => expect(await activity()).toMatchObject({ streams: 1 }));
  // The disconnects were noticed before any heartbeat was sent, which happens after 15 s of silence.
  expect(heartbeats()).toBe(heartbeatsBefore);
  staying?.leave();
  await eventually(async () => expect(await activity()).toMatchObject({ streams: 0 }));
  // If the machine is too busy to read the archive for all of them within 2 s, the Execution serves them.
  const errors = log.filter(({ level, event }) => level === 'error' && event !== 'archive-read-failed');
  expect([...noise, ...errors]).toEqual([]);
});
