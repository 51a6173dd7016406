/**
 * Deletions from a full disk, simulated in memory. As in SQLite, every write needs free space first, and so
 * does a deletion.
 */
import { expect, test } from 'vitest';

import type { LogRecord } from '../../src/core/log.ts';
import type { KeyValueStore } from '../../src/storage/key-value.ts';
import { type SpaceReserve, withReservedSpace } from '../../src/storage/reserved-space.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { testLog } from '../support/secret-search.ts';

const DISK_BYTES = 1_000;
const RESERVE_BYTES = 100;
/** The space that a deletion needs before it frees any. */
const DELETION_BYTES = 50;

function underTest() {
  const entries = new Map<string, number>();
  let reserved = 0;
  const free = () => DISK_BYTES - reserved - [...entries.values()].reduce((sum, bytes) => sum + bytes, 0);
  const need = (bytes: number) => {
    if (free() < bytes) throw new Error('database or disk is full');
  };
  const memory = createMemoryStore({ clock: new ManualClock(), oneWritePerSecond: false });
  const disk: KeyValueStore = {
    get: (key) => memory.get(key),
    getMany: (keys) => memory.getMany(keys),
    list: (options) => memory.list(options),
    async put(key, value, options) {
      need(value.length);
      await memory.put(key, value, options);
      entries.set(key, value.length);
    },
    async delete(key) {
      need(DELETION_BYTES);
      await memory.delete(key);
      entries.delete(key);
    },
  };
  const reserve: SpaceReserve = {
    release: async () => {
      reserved = 0;
    },
    restore: async () => {
      reserved = Math.max(0, Math.min(RESERVE_BYTES, reserved + free()));
      return reserved === RESERVE_BYTES;
    },
  };
  const logged: LogRecord[] = [];
  const isUrgent = (key: string) => key.startsWith('urgent/');
  const store = withReservedSpace({ store: disk, reserve, isUrgent, log: testLog(logged) });
  return { store, reserve, logged, reserved: () => reserved };
}

async function filled() {
  const under = underTest();
  await under.reserve.restore();
  const { store } = under;
  for (let n = 0; n < 9; n++) await store.put(`archive/${n}`, 'x'.repeat(100));
  await expect(store.put('archive/9', 'x')).rejects.toThrow('full');
  return under;
}

test('an entry of a full store can be deleted, and its space can be used for new entries', async () => {
  const { store, reserved, logged } = await filled();
  await store.delete('archive/0');
  expect(await store.get('archive/0')).toBeUndefined();
  expect(reserved()).toBe(RESERVE_BYTES);
  expect(logged).toMatchObject([{ event: 'store-full', level: 'error' }]);
  await store.put('archive/9', 'x'.repeat(50));
});

test('all entries of a full store can be deleted at the same time', async () => {
  const { store } = await filled();
  await Promise.all(Array.from({ length: 9 }, (_, n) => store.delete(`archive/${n}`)));
  expect((await store.list({ prefix: '' })).keys).toEqual([]);
});

test('a full store accepts urgent entries and refuses all other entries', async () => {
  const { store } = await filled();
  await store.put('urgent/1', 'x'.repeat(10));
  expect(await store.get('urgent/1')).toMatchObject({ value: 'x'.repeat(10) });
  await expect(store.put('other', 'x')).rejects.toThrow('full');
});

test('a failure other than a full disk is passed on, and the reserve is kept', async () => {
  const under = underTest();
  await under.reserve.restore();
  await expect(under.store.delete('')).rejects.toThrow('empty');
  expect(under.reserved()).toBe(RESERVE_BYTES);
  expect(under.logged).toEqual([]);
});
