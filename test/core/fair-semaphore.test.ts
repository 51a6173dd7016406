/** Work of many tenants runs a few pieces at once, and no tenant waits for all the work of another. */
import { expect, test } from 'vitest';

import { FairSemaphore } from '../../src/core/fair-semaphore.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';

const TURN_MS_MAX = 5_000;

function underTest(atOnce: number) {
  const clock = new ManualClock();
  const turns = new FairSemaphore({ clock, atOnce, permitMsMax: TURN_MS_MAX });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  /** Work that runs until `endOne`. */
  const ask = (tenant: string) =>
    turns.run(tenant, async () => {
      begun.push(tenant);
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running--;
    });
  const endOne = async () => {
    ends.shift()?.();
    // The longest time between two checks of a waiter.
    await clock.advance(250);
  };
  return { clock, turns, begun, ask, endOne, most: () => most };
}

test('no more pieces run at once than permitted, and all of them run in the end', async () => {
  const { begun, ask, endOne, most } = underTest(3);
  const all = Promise.all(Array.from({ length: 50 }, () => ask('one')));
  await settle();
  expect(begun).toHaveLength(3);
  for (let n = 0; n < 50; n++) await endOne();
  await all;
  expect([begun.length, most()]).toEqual([50, 3]);
});

test('a tenant that comes later waits for one turn, not for the thousand pieces of another', async () => {
  const { begun, ask, endOne } = underTest(1);
  for (let n = 0; n < 1_000; n++) void ask('many');
  await settle();
  void ask('late');
  void ask('late');
  void ask('other');
  for (let n = 0; n < 6; n++) await endOne();
  expect(begun).toEqual(['many', 'many', 'late', 'other', 'many', 'late', 'many']);
});

test('a piece that fails frees its turn, and its caller gets the failure', async () => {
  const { turns, begun, ask } = underTest(1);
  await expect(turns.run('one', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  void ask('one');
  await settle();
  expect(begun).toEqual(['one']);
});

test('a turn whose request has vanished ends by itself', async () => {
  const { clock, begun, ask } = underTest(1);
  void ask('vanished');
  await settle();
  void ask('next');
  await clock.advance(TURN_MS_MAX);
  expect(begun).toEqual(['vanished']);
  await clock.advance(1_000);
  expect(begun).toEqual(['vanished', 'next']);
});

test('a turn ends at once if its request is cancelled', async () => {
  const { clock, turns, begun, ask } = underTest(1);
  const cancelled = new AbortController();
  void turns.run('cancelled', () => new Promise<never>(() => {}), cancelled.signal);
  await settle();
  void ask('next');
  cancelled.abort();
  await clock.advance(250);
  expect(begun).toEqual(['next']);
});
