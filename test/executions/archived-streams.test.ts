/**
 * Streams of archived histories count against the same limits as live ones. Their queues share one bound in
 * bytes.
 */
import { expect, test } from 'vitest';

import {
  ArchivedStreams,
  FEW_QUEUED_BYTES,
  QUEUED_BYTES_MAX,
} from '../../src/executions/following/archived-streams.ts';
import { STALL_MS } from '../../src/executions/following/frame-queue.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { REF, valueOf } from './executions-under-test.ts';

const reader = (tenant: string, streamLimit = 1_000) => ({
  keyId: tenant,
  tenant,
  streamLimit,
  totalStreamLimit: 1_000,
});

const FRAME = 64 * 1024;

/** Fills the tenant's queues with frames of streams that nobody reads. */
function queueAll(streams: ArchivedStreams, tenant: string): void {
  for (;;) {
    const place = valueOf(streams.enter(REF, reader(tenant)));
    if (!place.hasRoom()) return place.leave();
    place.queued(FRAME);
  }
}

test('a key can open streams of one history up to its limit, and one more when a stream has ended', () => {
  const streams = new ArchivedStreams(new ManualClock());
  const [first] = [0, 1].map(() => valueOf(streams.enter(REF, reader('key', 2))));
  expect(streams.enter(REF, reader('key', 2))).toMatchObject({ failure: { type: 'too-many-streams' } });
  valueOf(streams.enter({ ...REF, executionId: 'other' }, reader('key', 2)));
  valueOf(streams.enter(REF, reader('other key', 2)));
  first?.leave();
  first?.leave();
  valueOf(streams.enter(REF, reader('key', 2)));
  expect(streams.enter(REF, reader('key', 2)).ok).toBe(false);
});

test('the queues of all streams share one bound, and a single tenant cannot use up the part reserved for others', () => {
  const streams = new ArchivedStreams(new ManualClock());
  queueAll(streams, 'large');
  expect(streams.queuedBytes).toBe((QUEUED_BYTES_MAX * 3) / 4);
  queueAll(streams, 'large');
  const small = valueOf(streams.enter(REF, reader('small')));
  expect(small.hasRoom()).toBe(true);
  small.queued(FEW_QUEUED_BYTES);
  expect(small.hasRoom()).toBe(false);
  for (let n = 0; n < 100; n++) queueAll(streams, `tenant ${n}`);
  expect(streams.queuedBytes).toBeLessThanOrEqual(QUEUED_BYTES_MAX + FRAME);
});

test('bytes that are read, or dropped with their stream, no longer count towards the bound', () => {
  const streams = new ArchivedStreams(new ManualClock());
  const places = [valueOf(streams.enter(REF, reader('a'))), valueOf(streams.enter(REF, reader('a')))];
  for (const place of places) place.queued(QUEUED_BYTES_MAX);
  places[0]?.queued(10);
  places[1]?.leave();
  // The stream has already left, so these bytes must not count.
  places[1]?.queued(1_000);
  expect(streams.queuedBytes).toBe(10);
});

test('a stream that stops without closing frees its slot and its queued bytes after a while', async () => {
  const clock = new ManualClock();
  const streams = new ArchivedStreams(clock);
  valueOf(streams.enter(REF, reader('vanished', 1))).queued(QUEUED_BYTES_MAX);
  const other = valueOf(streams.enter(REF, reader('other')));
  expect(streams.enter(REF, reader('vanished', 1)).ok).toBe(false);
  expect(other.hasRoom()).toBe(false);
  await clock.advance(2 * STALL_MS + 1);
  expect(other.hasRoom()).toBe(true);
  expect(streams.enter(REF, reader('vanished', 1)).ok).toBe(true);
});
