import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  Pacer,
  POLL_INTERVAL_MAX_MS,
  POLL_INTERVAL_MIN_MS,
  QUIET_POLLS_MAX,
} from '../../src/executions/following/pacer.ts';

type Event = 'wake' | 'messagesArrived' | 'nothingNew' | 'throttled' | 'failed';
const anyEvents = fc.array(
  fc.constantFrom<Event>('wake', 'messagesArrived', 'nothingNew', 'throttled', 'failed'),
  { maxLength: 40 },
);

const after = (...events: Event[]): Pacer => {
  const pacer = new Pacer();
  for (const event of events) pacer[event]();
  return pacer;
};

describe('the poll interval', () => {
  test('is 1 to 15 s, and jitter shortens it by at most a tenth', () => {
    fc.assert(
      fc.property(anyEvents, fc.double({ min: 0, max: 1, noNaN: true }), (events, random) => {
        const pacer = after(...events);
        expect(pacer.intervalMs).toBeGreaterThanOrEqual(POLL_INTERVAL_MIN_MS);
        expect(pacer.intervalMs).toBeLessThanOrEqual(POLL_INTERVAL_MAX_MS);
        expect(pacer.jittered(random)).toBeLessThanOrEqual(pacer.intervalMs);
        expect(pacer.jittered(random)).toBeGreaterThanOrEqual(Math.floor(pacer.intervalMs * 0.9));
      }),
    );
    expect([POLL_INTERVAL_MIN_MS, POLL_INTERVAL_MAX_MS]).toEqual([1_000, 15_000]);
  });

  test('doubles when the upstream throttles, up to 15 s', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const before = after(...events).intervalMs;
        expect(after(...events, 'throttled').intervalMs).toBe(Math.min(POLL_INTERVAL_MAX_MS, 2 * before));
      }),
    );
  });

  test('shrinks by a second per success after throttling, and only after successes', () => {
    const pacer = after('throttled', 'throttled', 'throttled');
    expect(pacer.intervalMs).toBe(8_000);
    const won = Array.from({ length: 9 }, () => {
      pacer.messagesArrived();
      return pacer.intervalMs;
    });
    expect(won).toEqual([7_000, 6_000, 5_000, 4_000, 3_000, 2_000, 1_000, 1_000, 1_000]);
    fc.assert(
      fc.property(anyEvents, fc.constantFrom<Event>('wake', 'failed', 'throttled'), (events, event) => {
        const throttled = after(...events, 'throttled');
        const before = throttled.intervalMs;
        throttled[event]();
        expect(throttled.intervalMs).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  const quiet = Array.from({ length: QUIET_POLLS_MAX }, (): Event => 'nothingNew');

  test.each<[Event, Event[]]>([
    ['nothingNew', quiet],
    ['failed', []],
  ])('doubles with each %s, and returns to a second with the first message', (event, before) => {
    const pacer = after(...before);
    expect(pacer.intervalMs).toBe(1_000);
    const slower = Array.from({ length: 5 }, () => {
      pacer[event]();
      return pacer.intervalMs;
    });
    expect(slower).toEqual([2_000, 4_000, 8_000, 15_000, 15_000]);
    pacer.messagesArrived();
    expect(pacer.intervalMs).toBe(1_000);
    // The first quiet polls after a message do not double the interval yet.
    for (const quietOnes of quiet) pacer[quietOnes]();
    expect(pacer.intervalMs).toBe(1_000);
  });

  test('returns to a second when a listener arrives, but not after throttling', () => {
    expect(after(...quiet, 'nothingNew', 'nothingNew', 'wake').intervalMs).toBe(1_000);
    expect(after('failed', 'throttled', 'wake').intervalMs).toBe(4_000);
  });

  test('is never shorter than the shared budget requires, even if that is above 15 s', () => {
    fc.assert(
      fc.property(anyEvents, fc.nat(120_000), anyEvents, (before, leastMs, later) => {
        const pacer = after(...before);
        pacer.paced(Math.max(leastMs, pacer.ownIntervalMs));
        const isStretched = leastMs > pacer.ownIntervalMs;
        for (const event of later) pacer[event]();
        const alone = after(...before, ...later);
        expect(pacer.intervalMs).toBe(Math.max(isStretched ? leastMs : 0, alone.intervalMs));
        expect(pacer.ownIntervalMs).toBe(alone.intervalMs);
        pacer.paced(pacer.ownIntervalMs);
        expect(pacer.intervalMs).toBe(alone.intervalMs);
      }),
    );
  });

  test('is shortened for silent executions if the shared budget has room, but not after failures', () => {
    const silent = (): Pacer => {
      const pacer = after(...quiet, ...quiet, 'nothingNew');
      expect(pacer.ownIntervalMs).toBe(POLL_INTERVAL_MAX_MS);
      pacer.paced(2_500);
      return pacer;
    };
    expect(silent().intervalMs).toBe(2_500);
    const failing = silent();
    const slower = Array.from({ length: 4 }, () => {
      failing.failed();
      failing.paced(2_500);
      return failing.intervalMs;
    });
    expect(slower).toEqual([5_000, 10_000, 15_000, 15_000]);
    failing.nothingNew();
    expect(failing.intervalMs).toBe(2_500);
    const throttled = silent();
    throttled.throttled();
    throttled.paced(2_500);
    expect(throttled.intervalMs).toBe(5_000);
    const active = silent();
    active.messagesArrived();
    expect(active.intervalMs).toBe(1_000);
  });

  test('never grows when messages arrive', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        expect(after(...events, 'messagesArrived').intervalMs).toBeLessThanOrEqual(
          after(...events).intervalMs,
        );
      }),
    );
  });
});
