import { describe, expect, test } from 'vitest';

import { createMemoryStore } from '../support/memory-store.ts';
import { FaultyStore } from '../support/faulty-store.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { describeKeyValueContract } from './key-value-contract.ts';

const assertEquals = (actual: unknown, expected: unknown) => expect(actual).toEqual(expected);

describeKeyValueContract('a faulty store without a fault', { describe, test, assertEquals }, async () => {
  const clock = new ManualClock();
  return {
    store: new FaultyStore(createMemoryStore({ clock })),
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms),
  };
});

describe('a faulty store', () => {
  const faulty = () => new FaultyStore(createMemoryStore({ clock: new ManualClock() }));

  test('fails every write after the n-th and stores nothing more', async () => {
    const store = faulty();
    store.failAfterWrites(1);
    await store.put('a', '1');
    await expect(store.put('b', '1')).rejects.toThrow();
    await expect(store.put('c', '1')).rejects.toThrow();
    expect((await store.list({ prefix: '' })).keys.map(({ name }) => name)).toEqual(['a']);
  });

  test('answers no call while stalled, and all of them once released', async () => {
    const store = faulty();
    store.stall();
    let answers = 0;
    const calls = [store.put('a', '1'), store.get('b'), store.list({ prefix: '' })].map((call) =>
      call.then(() => answers++),
    );
    await settle();
    expect(answers).toBe(0);
    store.release();
    await Promise.all(calls);
    expect(answers).toBe(3);
  });

  test('fails reads on demand, and counts calls by key prefix, including failed ones', async () => {
    const store = faulty();
    await store.put('p/1', '1');
    store.failReads();
    await expect(store.get('p/1')).rejects.toThrow();
    await expect(store.getMany(['p/1', 'q/1'])).rejects.toThrow();
    await expect(store.list({ prefix: 'p/' })).rejects.toThrow();
    store.failReads(false);
    expect((await store.get('p/1'))?.value).toBe('1');
    expect([store.reads('p/'), store.reads('q/'), store.reads(), store.writes('p/'), store.lists]).toEqual([
      3, 1, 4, 1, 1,
    ]);
  });
});
