import { expect, test } from 'vitest';

import { browserModule } from '../../src/site/browser-module.ts';
import { STREAMS_MAX, StreamSlots, type slotsFor } from '../../src/viewer/store/stream-slots.ts';

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

/** The module in a bundle of its own, evaluated on its own, as by another script of the page. */
async function fromBundle(name: string): Promise<{ readonly slotsFor: typeof slotsFor }> {
  const script = `${await browserModule('src/viewer/store/stream-slots.ts')}// ${name}`;
  // Safety: what the bundle exports.
  return (await import(`data:text/javascript,${encodeURIComponent(script)}`)) as {
    readonly slotsFor: typeof slotsFor;
  };
}

test('the slots of a service are the same for every bundle on a page', async () => {
  const [one, other] = await Promise.all([fromBundle('one'), fromBundle('another')]);
  expect(one.slotsFor).not.toBe(other.slotsFor);
  expect(one.slotsFor('https://one.example')).toBe(other.slotsFor('https://one.example'));
  expect(one.slotsFor('https://one.example')).not.toBe(other.slotsFor('https://two.example'));
});
