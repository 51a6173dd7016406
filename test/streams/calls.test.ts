/**
 * Invariant 3 over sockets: upstream calls depend on the executions that are followed, not on their number of
 * followers.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { type StreamSocket, openSocket } from './sockets.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { flow } from './scripted-flow.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** While messages arrive, an execution is polled once a second. */
const CALLS_IN_A_MINUTE = 60;
/** The shortest poll interval: a second, shortened by jitter (pacer.ts). */
const INTERVAL_SECONDS_MIN = 0.9;

test('an execution is polled at most about once a second, whether it has 1, 10, 100 or 1,000 subscribers', async () => {
  const cases = [1, 10, 100, 1_000].map((subscribers) => ({ subscribers, id: `followed-${subscribers}` }));
  // Each key opens at most ten streams of an execution, because one tenant cannot take all slots.
  const keys = await world.keys(100);
  const sockets: StreamSocket[] = [];
  try {
    for (const { subscribers, id } of cases) {
      await world.script(id, flow(600, 300, { terminal: 'STEP_SUCCEEDED' }), { afterMs: -60_000 });
      const opened = await Promise.all(
        Array.from({ length: subscribers }, (_, n) =>
          openSocket(world.messagesUrl(id), keys[n % keys.length] ?? ''),
        ),
      );
      await Promise.all(opened.map((stream) => stream.saw('caught-up')));
      sockets.push(...opened);
    }
    // All four executions run at the same time, so they have the same conditions.
    const beganAtMs = performance.now();
    const before = cases.map(({ id }) => world.calls(id));
    const sinceThen = () => cases.map(({ id }, index) => world.calls(id) - (before[index] ?? 0));
    await vi.waitFor(() => expect(sinceThen()[0]).toBeGreaterThanOrEqual(CALLS_IN_A_MINUTE), {
      timeout: 280_000,
      interval: 20,
    });
    const calls = sinceThen();
    const seconds = (performance.now() - beganAtMs) / 1000;
    console.log(`calls in ${seconds.toFixed(1)} s at 1, 10, 100, 1,000 subscribers: ${calls.join(', ')}`);
    for (const { subscribers, id } of cases) {
      expect((await world.activity(id)).streams).toBe(subscribers);
      expect(world.stats().byExecution[id]?.maxInFlight).toBe(1);
    }
    // A busy machine delays polls, and not equally for each execution, so only the maximum is checked. One
    // call might have been in flight at the start.
    for (const count of calls) expect(count).toBeLessThanOrEqual(seconds / INTERVAL_SECONDS_MIN + 1);
  } finally {
    for (const { socket } of sockets) socket.destroy();
  }
});
