/**
 * Clients that connect and disconnect, on real workerd and real sockets. Slow: 10,000 connections, and the
 * heartbeat that shows the last disconnects.
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

/** Resident memory of workerd, in bytes. */
async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${world.workerd.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/**
 * Cuts some connections before the first byte, some in the middle of the history, some at its end; half by
 * RST.
 */
async function connectAndCut(id: string, keys: readonly string[]): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < CONNECTS; n = next++) {
      const stream = await openSocket(world.messagesUrl(id), keys[n % keys.length] ?? '');
      if (n % 5 !== 0) await stream.saw('HTTP/1.1 200');
      // Or refused, if earlier disconnects have not surfaced yet.
      if (n % 5 > 2) await Promise.race([stream.saw('caught-up'), stream.saw('event: problem')]);
      if (n % 2 === 0) stream.socket.resetAndDestroy();
      else stream.socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** A disconnect surfaces at a heartbeat, after 15 s of silence. */
const untilNobodyListens = (id: string) =>
  vi.waitFor(async () => expect(await world.activity(id)).toMatchObject({ streams: 0, waiting: 0 }), {
    timeout: 120_000,
    interval: 250,
  });

test.runIf(process.platform === 'linux')(
  '5,000 connects and cuts leave no listener and no poll; 5,000 more add less than 10 % of memory',
  async () => {
    const id = 'churn';
    const payload = 'x'.repeat(200);
    const messages = Array.from({ length: 50 }, (_, n) => ({
      messageId: `${n}`,
      eventType: 'STEP_STARTED',
      payload,
    }));
    await world.script(id, messages);
    // More requests than one key may make in 10 s.
    const keys = await Promise.all(Array.from({ length: 20 }, () => world.key({ streamLimit: 1_000 })));

    await connectAndCut(id, keys);
    await untilNobodyListens(id);
    const calls = world.calls(id);
    const before = await residentBytes();

    // A leak adds in every round. Memory that is only not collected yet adds in one of them.
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

    // Polling was on between the two, and is off now.
    const settled = world.calls(id);
    expect(settled).toBeGreaterThan(calls);
    expect(await world.activity(id)).not.toHaveProperty('pollIntervalMs');
    // Long enough for some polls, as another execution's show.
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
