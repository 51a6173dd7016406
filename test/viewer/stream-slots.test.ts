import { expect, test } from 'vitest';

import { browserModule } from '../../src/site/browser-module.ts';
import { STREAMS_MAX, StreamSlots, type slotsFor } from '../../src/viewer/store/stream-slots.ts';

test('slots are granted up to the limit, and freed slots are granted in the order of the requests', async () => {
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

test('a request that is released while it waits leaves the queue', () => {
  const slots = new StreamSlots();
  const taken = Array.from({ length: STREAMS_MAX }, () => slots.request());
  const [gone, next] = [slots.request(), slots.request()];
  gone.release();
  taken[0]?.release();
  expect([gone.isGranted, next.isGranted]).toEqual([false, true]);
  next.release();
  expect(slots.request().isGranted).toBe(true);
});

/** Loads the module from its own bundle, as a second script on the page does. */
async function fromBundle(name: string): Promise<{ readonly slotsFor: typeof slotsFor }> {
  const script = `${await browserModule('src/viewer/store/stream-slots.ts')}// ${name}`;
  // Safety: the bundle has the exports of the module.
  return (await import(`data:text/javascript,${encodeURIComponent(script)}`)) as {
    readonly slotsFor: typeof slotsFor;
  };
}

test('all bundles on a page share the slots of a service', async () => {
  const [one, other] = await Promise.all([fromBundle('one'), fromBundle('another')]);
  expect(one.slotsFor).not.toBe(other.slotsFor);
  expect(one.slotsFor('https://one.example')).toBe(other.slotsFor('https://one.example'));
  expect(one.slotsFor('https://one.example')).not.toBe(other.slotsFor('https://two.example'));
});
