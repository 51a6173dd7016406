/**
 * Tenants that read large archives, over HTTP, beside one that reads little: requests alternate between
 * chunks, a request reads a bounded part, and streams read the archive a few at a time. Orders and counts, no
 * times.
 */
import { beforeEach, expect, test } from 'vitest';

import { PART_BYTES_MAX } from '../../src/archive/archive-record.ts';
import { ARCHIVE_READS_AT_ONCE } from '../../src/executions/following/archived-streams.ts';

import { SCANNED_BYTES_MAX } from '../../src/executions/scan.ts';
import type { KeyValueStore } from '../../src/storage/key-value.ts';
import { openService, pageOf, path, type ServiceUnderTest } from '../http/service-under-test.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { bearer, EVENTS } from './tenants.ts';

/** Those who wait look for their turn this often, and give a read up that takes 2 s. */
const TURN_MS = 250;
/** The first part of an archive is in its head. */
const PART = /^archive\/1\/(?:head|page)\/[^/]+\/([^/]+)/;

/** Delays the reads of parts of archives until the test answers them, and counts them. */
class HeldReads {
  readonly store: KeyValueStore;
  /** Ids of the archives that are being read, in the order of the reads. */
  readonly waiting: { readonly id: string; answer(): void }[] = [];
  isHolding = false;
  bytes = 0;

  constructor(inner: KeyValueStore) {
    const read = async (key: string) => {
      const id = PART.exec(key)?.[1];
      if (id === undefined || !this.isHolding) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.waiting.push({ id, answer: resolve });
      await promise;
    };
    const counted = <T extends { readonly value: string } | undefined>(entry: T): T => {
      this.bytes += entry?.value.length ?? 0;
      return entry;
    };
    this.store = {
      list: (options) => inner.list(options),
      put: (key, value, options) => inner.put(key, value, options),
      delete: (key) => inner.delete(key),
      get: async (key, options) => {
        await read(key);
        return counted(await inner.get(key, options));
      },
      getMany: async (keys, options) => {
        await Promise.all(keys.map(read));
        return (await inner.getMany(keys, options)).map(counted);
      },
    };
  }
}

let reads: HeldReads;
let service: ServiceUnderTest;
let [greedy, victim]: string[] = [];

beforeEach(async () => {
  const clock = new ManualClock();
  reads = new HeldReads(createMemoryStore({ clock }));
  service = await openService({}, { clock, store: reads.store });
  greedy = await service.key({ owner: 'greedy', payloads: 'none' });
  victim = await service.key({ owner: 'victim' });
});

async function archive(id: string, length: number, payloadBytes: number): Promise<void> {
  const lines = Array.from({ length }, (_, n) =>
    JSON.stringify({
      messageId: `${n}`,
      eventType: n === length - 1 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
      timestamp: '2025-01-01T00:00:00Z',
      payload: 'x'.repeat(payloadBytes),
    }),
  );
  const response = await service.admin('PUT', `/executions/${id}/messages`, lines.join('\n'));
  expect(response.status).toBe(200);
}

const read = (id: string, query: string, key: string | undefined, headers: Record<string, string> = {}) =>
  service.fetch(path(id, query), { headers: { ...bearer(key ?? ''), ...headers } });

test('a page is answered before the scans that began earlier', async () => {
  // 20 chunks.
  await archive('large', 5_000, 800);
  await archive('small', 2, 10);
  let scanned = 0;
  const scans = Array.from({ length: 50 }, async () => {
    await pageOf(read('large', 'eventTypes=EXECUTION_ABORTED', greedy));
    scanned++;
  });
  await service.clock.turn();
  expect(await pageOf(read('small', 'maxResults=1', victim))).toMatchObject({
    messages: [{ messageId: '0' }],
  });
  expect(scanned).toBe(0);
  await Promise.all(scans);
});

test('a request reads no further part of an archive after 4 MiB, and the next one continues there', async () => {
  const [length, payloadBytes] = [100, 200_000];
  await archive('large', length, payloadBytes);
  let requests = 0;
  for (let token = ''; ; requests++) {
    reads.bytes = 0;
    const page = await pageOf(read('large', `eventTypes=EXECUTION_ABORTED${token}`, greedy));
    expect(page.messages).toEqual([]);
    expect(reads.bytes).toBeLessThan(SCANNED_BYTES_MAX + PART_BYTES_MAX);
    if (page.nextToken === undefined) break;
    token = `&nextToken=${page.nextToken}`;
  }
  expect(requests).toBeGreaterThanOrEqual(Math.floor((length * payloadBytes) / (2 * SCANNED_BYTES_MAX)));
});

test('more streams read an archive than may at once: the others wait, one for each tenant in turn', async () => {
  for (let n = 0; n < 10; n++) await archive(`greedy-${n}`, 600, 10);
  await archive('victim', 600, 10);
  const open = async (id: string, key: string | undefined) => {
    const response = await read(id, '', key, EVENTS);
    void response.body?.pipeTo(new WritableStream()).catch(() => undefined);
  };
  reads.isHolding = true;
  for (let n = 0; n < 10; n++) void open(`greedy-${n}`, greedy);
  await settle();
  expect(reads.waiting).toHaveLength(ARCHIVE_READS_AT_ONCE);
  void open('victim', victim);
  await service.clock.advance(TURN_MS);
  expect(reads.waiting).toHaveLength(ARCHIVE_READS_AT_ONCE);
  const order: (string | undefined)[] = [];
  while (!order.includes('victim')) {
    reads.waiting.shift()?.answer();
    await service.clock.advance(TURN_MS);
    expect(reads.waiting.length).toBeLessThanOrEqual(ARCHIVE_READS_AT_ONCE);
    order.push(reads.waiting.at(-1)?.id);
  }
  // One read of the other tenant, whose turn it was when the victim's arrived.
  expect(order.length).toBeLessThanOrEqual(2);
});
