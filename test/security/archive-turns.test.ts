/**
 * Tests over HTTP that tenants that read large archives do not delay a tenant that reads little: requests yield to
 * each other between chunks, each request reads a bounded part, and only a few streams read the archive at the same
 * time. The tests measure order and counts, not time.
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

/**
 * The longest interval at which a waiting stream polls for its turn. Far shorter than the time-out of a store
 * read (2 s).
 */
const TURN_MS = 250;
/** Matches the keys of an archive's parts. The first part is stored in the archive's head. */
const PART = /^archive\/1\/(?:head|page)\/[^/]+\/([^/]+)/;

/** A store that holds back reads of archive parts until the test answers them, and counts the bytes read. */
class HeldReads {
  readonly store: KeyValueStore;
  /** The reads that are held back, oldest first, with the id of their archive. */
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

test('a small page is answered before large scans that started earlier', async () => {
  // The archive has about 20 chunks.
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

test('a request stops reading an archive after 4 MiB, and the next request continues where it stopped', async () => {
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

test('only a few streams read archives at the same time; other streams wait and are served round-robin over tenants', async () => {
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
  // At most one more read of the greedy tenant began before the victim's read.
  expect(order.length).toBeLessThanOrEqual(2);
});
