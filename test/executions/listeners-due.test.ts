/** The cost of finding out when the next heartbeat is due. */
import { expect, test } from 'vitest';

import { ok } from '../../src/core/errors.ts';
import { type Listener, Listeners } from '../../src/executions/following/listeners.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';

test('opening a stream does not ask every other stream when its heartbeat is due', () => {
  const clock = new ManualClock();
  const listeners = new Listeners({
    names: {},
    log: testLog(),
    clock,
    random: () => 0.5,
    checkGrant: async () => ok({}),
  });
  let asked = 0;
  const request = { keyId: 'key', tenant: 'tenant', grant: 'key', streamLimit: 1_000 };
  for (let n = 0; n < 500; n++) {
    const listener: Listener = {
      caughtUp: true,
      get heartbeatAtMs() {
        asked++;
        return clock.now() + 15_000 + n;
      },
      pump: () => undefined,
      heartbeat: () => undefined,
      close: () => undefined,
    };
    listeners.add(listener, request);
    expect(listeners.dueAtMs()).toBe(clock.now() + 15_000);
  }
  expect(asked).toBeLessThanOrEqual(2 * 500);
});
