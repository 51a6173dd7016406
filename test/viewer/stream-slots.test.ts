import { expect, test } from 'vitest';

import { STREAMS_MAX, StreamSlots, slotsFor } from '../../src/viewer/store/stream-slots.ts';

test('slots are granted up to the limit, then in the order of the requests', async () => {
  const slots = new StreamSlots();
  const taken = Array.from({ length: STREAMS_MAX }, () => slots.request());
  const waiting = [slots.request(), slots.request()];
  expect([...taken, ...waiting].map(({ isGranted }) => isGranted)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
  taken[0]?.release();
  taken[0]?.release();
  await waiting[0]?.granted;
  expect(waiting.map(({ isGranted }) => isGranted)).toEqual([true, false]);
});

test('a request that is given up leaves the queue', () => {
  const slots = new StreamSlots();
  const taken = Array.from({ length: STREAMS_MAX }, () => slots.request());
  const [gone, next] = [slots.request(), slots.request()];
  gone.release();
  taken[0]?.release();
  expect([gone.isGranted, next.isGranted]).toEqual([false, true]);
  next.release();
  expect(slots.request().isGranted).toBe(true);
});

test('the slots of a service are the same for every bundle on a page', () => {
  expect(slotsFor('https://one.example')).toBe(slotsFor('https://one.example'));
  expect(slotsFor('https://one.example')).not.toBe(slotsFor('https://two.example'));
});
