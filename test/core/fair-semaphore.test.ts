/** A few tasks of many tenants run at the same time, and no tenant waits for all tasks of another. */
import { describe, expect, test } from 'vitest';

import { FairSemaphore } from '../../src/core/fair-semaphore.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';

const TURN_MS_MAX = 5_000;

function underTest(atOnce: number, clock = new ManualClock()) {
  const turns = new FairSemaphore({ clock, atOnce, permitMsMax: TURN_MS_MAX });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  /** Queues a task that runs until `endOne` ends it. */
  const ask = (tenant: string) =>
    turns.run(tenant, async () => {
      begun.push(tenant);
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running--;
    });
  const endOne = async () => {
    ends.shift()?.();
    // Waiters check for a permit at least this often.
    await clock.advance(250);
  };
  return { clock, turns, begun, ask, endOne, most: () => most };
}

test('never more tasks than permitted run at the same time, and all tasks run in the end', async () => {
  const { begun, ask, endOne, most } = underTest(3);
  const all = Promise.all(Array.from({ length: 50 }, () => ask('one')));
  await settle();
  expect(begun).toHaveLength(3);
  for (let n = 0; n < 50; n++) await endOne();
  await all;
  expect([begun.length, most()]).toEqual([50, 3]);
});

test('a tenant that arrives later waits for one task of an earlier tenant, not for its thousand tasks', async () => {
  const { begun, ask, endOne } = underTest(1);
  for (let n = 0; n < 1_000; n++) void ask('many');
  await settle();
  void ask('late');
  void ask('late');
  void ask('other');
  for (let n = 0; n < 6; n++) await endOne();
  expect(begun).toEqual(['many', 'many', 'late', 'other', 'many', 'late', 'many']);
});

test('a task that fails frees its permit, and its caller gets the error', async () => {
  const { turns, begun, ask } = underTest(1);
  await expect(turns.run('one', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  void ask('one');
  await settle();
  expect(begun).toEqual(['one']);
});

test('a permit whose task never ends expires', async () => {
  const { clock, begun, ask } = underTest(1);
  void ask('vanished');
  await settle();
  void ask('next');
  await clock.advance(TURN_MS_MAX);
  expect(begun).toEqual(['vanished']);
  await clock.advance(1_000);
  expect(begun).toEqual(['vanished', 'next']);
});

test('a permit is freed immediately if its task is cancelled', async () => {
  const { clock, turns, begun, ask } = underTest(1);
  const cancelled = new AbortController();
  void turns.run('cancelled', () => new Promise<never>(() => {}), cancelled.signal);
  await settle();
  void ask('next');
  cancelled.abort();
  await clock.advance(250);
  expect(begun).toEqual(['next']);
});

/** While `stallMs` is set, sleeps last at least that long, as in a busy isolate. */
class StallingClock extends ManualClock {
  stallMs = 0;

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return super.sleep(Math.max(ms, this.stallMs), signal);
  }
}

describe('a waiter that could not poll for a while', () => {
  async function withStalled(stalled: readonly string[], stallMs: number) {
    const under = underTest(1, new StallingClock());
    const clock = under.clock as StallingClock;
    void under.ask('first');
    await settle();
    for (const tenant of stalled) {
      clock.stallMs = stallMs;
      void under.ask(tenant);
      await settle();
    }
    clock.stallMs = 0;
    return under;
  }

  test('gets its permit, even if a later waiter polls first', async () => {
    const { clock, begun, ask, endOne } = await withStalled(['stalled'], 3_000);
    void ask('later');
    await clock.advance(1_500);
    await endOne();
    expect(begun).toEqual(['first', 'later']);
    await clock.advance(1_500);
    await endOne();
    expect(begun).toEqual(['first', 'later', 'stalled']);
  });

  test('keeps its place before tenants and waiters that arrived later', async () => {
    const { clock, begun, ask, endOne } = await withStalled(['a', 'a', 'b'], 3_000);
    void ask('c');
    await clock.advance(1_500);
    await endOne();
    void ask('c');
    void ask('d');
    void ask('a');
    await clock.advance(1_500);
    for (let n = 0; n < 6; n++) await endOne();
    expect(begun).toEqual(['first', 'c', 'a', 'b', 'c', 'd', 'a', 'a']);
  });

  test('gets a permit even if many stall together, and each tenant gets one before any tenant gets a second', async () => {
    const { clock, begun, ask, endOne } = await withStalled(['a', 'a', 'a', 'b', 'c'], 2_000);
    void ask('late');
    await endOne();
    await clock.advance(2_000);
    for (let n = 0; n < 10; n++) await endOne();
    expect(begun).toHaveLength(7);
    expect(begun.slice(2).toSorted()).toEqual(['a', 'a', 'a', 'b', 'c']);
    expect(begun.slice(2, 5).toSorted()).toEqual(['a', 'b', 'c']);
  });
});
