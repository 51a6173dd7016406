import { describe, expect, test } from 'vitest';

import { createMemoryStore } from '../support/memory-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { describeKeyValueContract } from './key-value-contract.ts';

const assertEquals = (actual: unknown, expected: unknown) => expect(actual).toEqual(expected);

describeKeyValueContract('memory', { describe, test, assertEquals }, async () => {
  const clock = new ManualClock();
  return { store: createMemoryStore({ clock }), now: () => clock.now(), advance: (ms) => clock.advance(ms) };
});

describe('the memory store', () => {
  test('refuses a second write of a key within a second with 429, like Workers KV, and keeps the first value', async () => {
    const clock = new ManualClock();
    const store = createMemoryStore({ clock });
    await store.put('k', 'first');
    await clock.advance(999);
    await expect(store.put('k', 'second')).rejects.toMatchObject({ name: 'StoreRefusal', status: 429 });
    await expect(store.delete('k')).rejects.toMatchObject({ status: 429 });
    expect((await store.get('k'))?.value).toBe('first');
    await store.put('other', 'is another key');
    await clock.advance(1);
    await store.put('k', 'second');
    expect((await store.get('k'))?.value).toBe('second');
  });

  test('accepts any number of writes of a key if that limit is turned off', async () => {
    const store = createMemoryStore({ clock: new ManualClock(), oneWritePerSecond: false });
    await store.put('k', '1');
    await store.put('k', '2');
    expect((await store.get('k'))?.value).toBe('2');
  });

  test('returns copies of metadata, so no reader can change what is stored', async () => {
    const store = createMemoryStore({ clock: new ManualClock() });
    const metadata = { list: [1] };
    await store.put('k', 'v', { metadata });
    metadata.list.push(2);
    // Safety: this is the metadata that was put above.
    const handedOut = (await store.get('k'))?.metadata as typeof metadata | undefined;
    handedOut?.list.push(3);
    expect((await store.get('k'))?.metadata).toEqual({ list: [1] });
  });

  test('refuses a list cursor that it did not issue', async () => {
    const store = createMemoryStore({ clock: new ManualClock() });
    for (const cursor of ['', '!', 'a b']) {
      await expect(store.list({ prefix: '', cursor })).rejects.toMatchObject({ status: 400 });
    }
  });
});
