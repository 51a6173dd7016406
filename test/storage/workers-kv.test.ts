/**
 * Tests what miniflare's KV cannot show: the retry after a 429, and which expiry and cache times are passed to
 * KV. The key-value contract is tested inside workerd.
 */
import { describe, expect, test } from 'vitest';

import { createWorkersKvStore, type KvNamespace, WRITE_RETRIES_MAX } from '../../src/storage/workers-kv.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** A namespace that refuses its first `refusals` writes and records all calls. */
function namespaceRefusing(refusals: number, message = 'KV PUT failed: 429 Too Many Requests') {
  const asked: unknown[] = [];
  let left = refusals;
  const write = async (...args: unknown[]) => {
    asked.push(args);
    if (left-- > 0) throw new Error(message);
  };
  const namespace = {
    put: write,
    delete: write,
    getWithMetadata: async (...args: unknown[]) => {
      asked.push(args);
      return { value: null, metadata: null };
    },
    list: async () => ({ keys: [], list_complete: true }),
    // Safety: these tests call getWithMetadata only with a single key.
  } as unknown as KvNamespace;
  return { namespace, asked };
}

describe('writing to Workers KV', () => {
  test('a write that is refused because its key was just written is retried after a second', async () => {
    const clock = new ManualClock();
    const { namespace, asked } = namespaceRefusing(1);
    const done = createWorkersKvStore(namespace, clock).put('k', 'v');
    await clock.advance(999);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await done;
    expect(asked).toEqual([
      ['k', 'v', {}],
      ['k', 'v', {}],
    ]);
  });

  test("a write fails with KV's error after a limited number of retries", async () => {
    const clock = new ManualClock();
    const { namespace, asked } = namespaceRefusing(Number.POSITIVE_INFINITY);
    const failed = expect(createWorkersKvStore(namespace, clock).delete('k')).rejects.toThrow('429');
    await clock.advance(60_000);
    await failed;
    expect(asked).toHaveLength(1 + WRITE_RETRIES_MAX);
    expect(clock.sleepers).toBe(0);
  });

  test('a failure other than 429 is thrown without a retry', async () => {
    const { namespace, asked } = namespaceRefusing(1, 'KV PUT failed: 500 Internal Server Error');
    await expect(createWorkersKvStore(namespace, new ManualClock()).put('k', 'v')).rejects.toThrow('500');
    expect(asked).toHaveLength(1);
  });

  test("expiry and cache times below KV's minimums are raised to them", async () => {
    const { namespace, asked } = namespaceRefusing(0);
    const store = createWorkersKvStore(namespace, new ManualClock());
    await store.put('k', 'v', { ttlSeconds: 5 });
    await store.get('k');
    await store.get('k', { cacheTtlSeconds: 3 });
    await store.get('k', { cacheTtlSeconds: 3600 });
    expect(asked).toEqual([
      ['k', 'v', { expirationTtl: 60 }],
      ['k', { type: 'text', cacheTtl: 30 }],
      ['k', { type: 'text', cacheTtl: 30 }],
      ['k', { type: 'text', cacheTtl: 3600 }],
    ]);
  });
});
