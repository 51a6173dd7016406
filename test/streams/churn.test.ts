/**
 * Thousands of clients connect to a real workerd over real sockets and disconnect. Slow, because it makes
 * at least 10,000 connections, and the last disconnects surface only at a heartbeat.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { openSocket } from './sockets.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { flow } from './scripted-flow.ts';

const CONNECTS = 5_000;
const AT_ONCE = 50;
const ROUNDS_MAX = 4;

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** The resident memory of workerd, in bytes. */
async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${world.workerd.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/**
 * Opens streams and cuts them: before the first byte, in the middle of the history, or at its end. Half of
 * the connections are reset, the other half closed.
 */
async function connectAndCut(id: string, keys: readonly string[]): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < CONNECTS; n = next++) {
      const stream = await openSocket(world.messagesUrl(id), keys[n % keys.length] ?? '');
      if (n % 5 !== 0) await stream.saw('HTTP/1.1 200');
      // The stream might be refused with a problem, if earlier disconnects have not surfaced yet.
      if (n % 5 > 2) await Promise.race([stream.saw('caught-up'), stream.saw('event: problem')]);
      if (n % 2 === 0) stream.socket.resetAndDestroy();
      else stream.socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Waits until no listener is left. A disconnect surfaces at the heartbeat after 15 s of silence. */
const untilNobodyListens = (id: string) =>
  vi.waitFor(async () => expect(await world.activity(id)).toMatchObject({ streams: 0, waiting: 0 }), {
    timeout: 120_000,
    interval: 250,
  });

test.runIf(process.platform === 'linux')(
  '5,000 cut connections leave no listener and no poll, and 5,000 more grow memory by less than 10 %',
  async () => {
    const id = 'churn';
    const payload = 'x'.repeat(200);
    const messages = Array.from({ length: 50 }, (_, n) => ({
      messageId: `${n}`,
      eventType: 'STEP_STARTED',
      payload,
    }));
    await world.script(id, messages);
    // Several keys, because one key is not allowed to make so many requests in 10 s.
    const keys = await Promise.all(Array.from({ length: 20 }, () => world.key({ streamLimit: 1_000 })));

    await connectAndCut(id, keys);
    await untilNobodyListens(id);
    const calls = world.calls(id);
    const before = await residentBytes();

    // A leak grows memory in every round. Garbage that is not collected yet grows it in some rounds only.
    const growth: number[] = [];
    for (let last = before; growth.every((factor) => factor >= 1.1) && growth.length < ROUNDS_MAX;) {
      await connectAndCut(id, keys);
      await untilNobodyListens(id);
      const after = await residentBytes();
      console.log(`workerd: ${(last / 2 ** 20).toFixed(1)} MiB, then ${(after / 2 ** 20).toFixed(1)} MiB`);
      growth.push(after / last);
      last = after;
    }
    expect(growth.at(-1)).toBeLessThan(1.1);

    // The execution was polled during these rounds, and is not polled any more.
    const settled = world.calls(id);
    expect(settled).toBeGreaterThan(calls);
    expect(await world.activity(id)).not.toHaveProperty('pollIntervalMs');
    // Waits until another execution has been polled several times. Meanwhile, this one must not be polled.
    await world.script('followed', flow(100, 300));
    const stream = await openSocket(world.messagesUrl('followed'), keys[0] ?? '');
    await vi.waitFor(() => expect(world.calls('followed')).toBeGreaterThan(4), {
      timeout: 120_000,
      interval: 50,
    });
    stream.socket.destroy();
    expect(world.calls(id)).toBe(settled);
  },
);
