/**
 * Tests how much memory all caches of one isolate or process use while one key reads much over HTTP. The test
 * measures the bytes of all cached values as the engine serializes them. So it fails if a cache underestimates the
 * size of its values, or if MEMORIES_BYTES_MAX leaves out a large cache.
 */
import { readFileSync } from 'node:fs';
import { serialize } from 'node:v8';
import { afterEach, expect, test, vi } from 'vitest';

import { KEYS_REMEMBERED_BYTES_MAX, WRITES_BYTES_MAX } from '../../src/access/keys/credential-cache.ts';
import { ARCHIVE_BYTES_MAX } from '../../src/archive/archive-memory.ts';
import { ARCHIVED_PAGES_BYTES_MAX } from '../../src/archive/archived-pages.ts';
import { LruMap } from '../../src/core/lru-map.ts';
import { FRAMES_BYTES_MAX } from '../../src/executions/following/event-frames.ts';
import { FULL_PAGES_BYTES_MAX } from '../../src/executions/serving/full-pages.ts';
import { ENCODED_PAGES_BYTES_MAX } from '../../src/executions/serving/running-pages.ts';
import { UPSTREAM_PAGES_BYTES_MAX } from '../../src/executions/upstream/page-memory.ts';
import { ADDRESSES_BYTES_MAX } from '../../src/http/request-address.ts';
import { LIST_PAGES_BYTES_MAX } from '../../src/lists/upstream-list.ts';
import { openService, path, type ServiceUnderTest } from '../http/service-under-test.ts';
import { answered, bearer, EVENTS } from './tenants.ts';

const MIB = 1024 * 1024;
/**
 * The bound on all caches together. Frames have three caches, one for each level of access to payloads: one of the
 * full size, and two of a quarter of it.
 */
const MEMORIES_BYTES_MAX =
  KEYS_REMEMBERED_BYTES_MAX +
  WRITES_BYTES_MAX +
  ARCHIVE_BYTES_MAX +
  ARCHIVED_PAGES_BYTES_MAX +
  1.5 * FRAMES_BYTES_MAX +
  FULL_PAGES_BYTES_MAX +
  ENCODED_PAGES_BYTES_MAX +
  UPSTREAM_PAGES_BYTES_MAX +
  LIST_PAGES_BYTES_MAX +
  ADDRESSES_BYTES_MAX;

/**
 * Tracks every map that is written to. When a map drops a value, the maps inside that value are no longer
 * tracked.
 */
function watchMemories(): Set<LruMap<unknown, unknown>> {
  const maps = new Set<LruMap<unknown, unknown>>();
  const within = (value: unknown) => Object.values(Object(value)).filter((part) => part instanceof LruMap);
  const { set, delete: drop } = LruMap.prototype;
  vi.spyOn(LruMap.prototype, 'set').mockImplementation(function (this: LruMap<unknown, unknown>, ...entry) {
    maps.add(this);
    set.apply(this, entry);
    for (const part of within(entry[1])) maps.add(part);
  });
  vi.spyOn(LruMap.prototype, 'delete').mockImplementation(function (this: LruMap<unknown, unknown>, key) {
    for (const part of within(this.peek(key))) maps.delete(part);
    drop.call(this, key);
  });
  return maps;
}

const isContainer = (value: unknown): boolean =>
  Object.values(Object(value)).some((part) => part instanceof LruMap);

/**
 * The bytes that a cache of small values is allowed to use. Such a cache bounds its number of entries instead of its
 * bytes.
 */
const SMALL_BYTES = MIB;

/** Returns the bytes in all maps. Also expects that no map underestimates the size of its values. */
function bytesIn(maps: ReadonlySet<LruMap<unknown, unknown>>): number {
  let sum = 0;
  for (const map of maps) {
    const values = [...map.values()].filter((value) => !isContainer(value));
    const bytes = values.reduce<number>((all, value) => all + bytesOf(value), 0);
    expect(bytes).toBeLessThan(Math.max(map.size * 1.1, SMALL_BYTES));
    sum += bytes;
  }
  return sum;
}

function bytesOf(value: unknown): number {
  try {
    return serialize(value).byteLength;
  } catch {
    // Objects that cannot be serialized belong to the service. They are not cached data.
    return 0;
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

const PAYLOAD_BYTES = 200_000;
const LENGTH = 25;

const messages = (id: string, isEnded: boolean) =>
  Array.from({ length: LENGTH }, (_, n) => ({
    messageId: `${id}-${n}`,
    eventType: isEnded && n === LENGTH - 1 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
    timestamp: '2025-01-01T00:00:00Z',
    payload: 'x'.repeat(PAYLOAD_BYTES),
  }));

async function readAll(service: ServiceUnderTest, key: string, id: string): Promise<void> {
  for (const n of [3, 8, 19]) {
    for (const query of [`maxResults=${n}`, `last=${n}`, `maxResults=${n}&eventTypes=STEP_STARTED`]) {
      const response = await answered(service, service.fetch(path(id, query), { headers: bearer(key) }));
      await response.arrayBuffer();
      expect(response.status).toBe(200);
    }
  }
}

test('all caches together hold no more bytes than their stated bound', async () => {
  const maps = watchMemories();
  const service = await openService();
  const key = await service.key();
  const streams: Response[] = [];
  for (let n = 0; n < 8; n++) {
    const [archived, running] = [`archived-${n}`, `running-${n}`];
    const lines = messages(archived, true).map((message) => JSON.stringify(message));
    const response = await service.admin('PUT', `/executions/${archived}/messages`, lines.join('\n'));
    expect(response.status).toBe(200);
    await service.script(running, messages(running, false));
    for (const id of [archived, running]) {
      await readAll(service, key, id);
      const headers = { ...bearer(key), ...EVENTS };
      for (let m = 0; m < 2; m++) streams.push(await answered(service, service.fetch(path(id), { headers })));
    }
  }
  const held = bytesIn(maps);
  await Promise.all(streams.map(async (stream) => stream.body?.cancel()));
  expect(held).toBeLessThan(MEMORIES_BYTES_MAX);
  // The test is only meaningful if the caches were used.
  expect(held).toBeGreaterThan(MEMORIES_BYTES_MAX / 2);
});

test('docs/security.md states the bound on all caches together', () => {
  expect(readFileSync('docs/security.md', 'utf8')).toContain(`${MEMORIES_BYTES_MAX / MIB} MiB`);
});
