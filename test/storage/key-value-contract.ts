/**
 * The contract of key-value adapters. It runs on each of them: memory (Node), Workers KV (workerd) and Deno
 * KV (Deno). The test functions are parameters, because Deno does not use vitest.
 */
import type { KeyValueStore } from '../../src/storage/key-value.ts';
import {
  GET_MANY_KEYS_MAX,
  KEY_BYTES_MAX,
  LIST_KEYS_MAX,
  METADATA_BYTES_MAX,
  VALUE_BYTES_MAX,
} from '../../src/storage/key-value.ts';

export interface StoreUnderTest {
  readonly store: KeyValueStore;
  /** The store's time, in milliseconds. */
  readonly now: () => number;
  /** Advances the store's time. Absent if tests cannot advance it. */
  readonly advance?: (ms: number) => Promise<void>;
  /** The seconds until the key expires, as the store reports them. Used where a test cannot advance time. */
  readonly secondsLeft?: (key: string) => Promise<number | undefined>;
}

export interface TestWords {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => Promise<void>): void;
  /** Throws unless both are deeply equal. */
  assertEquals(actual: unknown, expected: unknown): void;
}

export function describeKeyValueContract(
  adapter: string,
  words: TestWords,
  open: () => Promise<StoreUnderTest>,
): void {
  const { describe, test, assertEquals } = words;

  const assertRefused = async (work: Promise<unknown>) => {
    const outcome = await work.then(
      () => 'accepted',
      () => 'refused',
    );
    assertEquals(outcome, 'refused');
  };

  const namesIn = async (store: KeyValueStore, prefix: string, limit?: number) => {
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list({
        prefix,
        ...(limit !== undefined && { limit }),
        ...(cursor !== undefined && { cursor }),
      });
      pages.push(page.keys.map(({ name }) => name));
      cursor = page.cursor;
    } while (cursor !== undefined);
    return pages;
  };

  describe(`the key-value contract, ${adapter}`, () => {
    test('a value and its metadata are read back unchanged', async () => {
      const { store } = await open();
      await store.put('a', 'välue \u{1f600}', { metadata: { n: 1, deep: ['x', null] } });
      assertEquals(await store.get('a'), {
        value: 'välue \u{1f600}',
        metadata: { n: 1, deep: ['x', null] },
      });
    });

    test('an entry with an empty value and without metadata is read back as such', async () => {
      const { store } = await open();
      await store.put('empty', '');
      assertEquals(await store.get('empty'), { value: '', metadata: undefined });
    });

    test('a key that was never written, or was deleted, is not found', async () => {
      const { store, advance } = await open();
      assertEquals(await store.get('never'), undefined);
      await store.put('gone', '1');
      await advance?.(1000);
      await store.delete('gone');
      assertEquals(await store.get('gone'), undefined);
    });

    test('deleting a missing key succeeds', async () => {
      const { store } = await open();
      await store.delete('never');
    });

    test('a later write replaces both value and metadata', async () => {
      const { store, advance } = await open();
      await store.put('k', 'old', { metadata: { old: true } });
      await advance?.(1000);
      await store.put('k', 'new');
      assertEquals(await store.get('k'), { value: 'new', metadata: undefined });
    });

    test('one call reads several keys in the requested order, and reading no keys succeeds', async () => {
      const { store } = await open();
      await store.put('one', '1', { metadata: 1 });
      await store.put('two', '2');
      assertEquals(await store.getMany(['two', 'never', 'one', 'two']), [
        { value: '2', metadata: undefined },
        undefined,
        { value: '1', metadata: 1 },
        { value: '2', metadata: undefined },
      ]);
      assertEquals(await store.getMany([]), []);
    });

    test('one call reads as many keys as the limit, and one more key is refused', async () => {
      const { store } = await open();
      const keys = Array.from({ length: GET_MANY_KEYS_MAX }, (_, index) => `k${index}`);
      assertEquals((await store.getMany(keys)).length, GET_MANY_KEYS_MAX);
      await assertRefused(store.getMany([...keys, 'one too many']));
    });

    test('a key of the maximum length in bytes is accepted, and a longer one is refused', async () => {
      const { store } = await open();
      const longest = 'é'.repeat(KEY_BYTES_MAX / 2);
      await store.put(longest, '1');
      assertEquals((await store.get(longest))?.value, '1');
      await assertRefused(store.put(`${longest}x`, '1'));
      await assertRefused(store.get(`${longest}x`));
      await assertRefused(store.delete(`${longest}x`));
    });

    test("'.', '..' and the empty key are refused", async () => {
      const { store } = await open();
      for (const key of ['.', '..', '']) {
        await assertRefused(store.put(key, '1'));
        await assertRefused(store.get(key));
        await assertRefused(store.delete(key));
      }
    });

    test('metadata of the maximum size is accepted, and larger metadata is refused without writing anything', async () => {
      const { store } = await open();
      const most = 'm'.repeat(METADATA_BYTES_MAX - 2);
      await store.put('most', '1', { metadata: most });
      assertEquals((await store.get('most'))?.metadata, most);
      await assertRefused(store.put('more', '1', { metadata: `${most}m` }));
      assertEquals(await store.get('more'), undefined);
    });

    test('a value of the maximum size is stored, and a larger one is refused without writing anything', async () => {
      const { store } = await open();
      await store.put('most', 'v'.repeat(VALUE_BYTES_MAX));
      assertEquals((await store.get('most'))?.value.length, VALUE_BYTES_MAX);
      await assertRefused(store.put('more', 'v'.repeat(VALUE_BYTES_MAX + 1)));
      assertEquals(await store.get('more'), undefined);
    });

    test('keys are listed by prefix, in the order of their UTF-8 bytes and with their metadata', async () => {
      const { store } = await open();
      // U+FF41 sorts after U+1F600 in UTF-16, and before it in UTF-8.
      const inOrder = ['p/', 'p/1', 'p/10', 'p/2', 'p/B', 'p/a', 'p/é', 'p/\uff41', 'p/\u{1f600}'];
      for (const name of inOrder.toReversed()) await store.put(name, '1', { metadata: { name } });
      await store.put('q/1', '1');
      const page = await store.list({ prefix: 'p/' });
      assertEquals(
        page.keys,
        inOrder.map((name) => ({ name, metadata: { name } })),
      );
      assertEquals('cursor' in page, false);
    });

    test('following the cursor lists each key once, for any page size', async () => {
      const { store } = await open();
      const names = Array.from({ length: 7 }, (_, index) => `c/${index}`);
      for (const name of names) await store.put(name, '1');
      for (const limit of [1, 3, 6, 7, 8]) {
        const pages = await namesIn(store, 'c/', limit);
        assertEquals(pages.flat(), names);
        assertEquals(
          pages.every((page) => page.length <= limit),
          true,
        );
      }
      assertEquals(await namesIn(store, 'nothing/'), [[]]);
    });

    test('a cursor continues at the same place even if the key before that place has been deleted', async () => {
      const { store, advance } = await open();
      for (const name of ['d/1', 'd/2', 'd/3']) await store.put(name, '1');
      const first = await store.list({ prefix: 'd/', limit: 1 });
      await advance?.(1000);
      await store.delete('d/1');
      const rest = await store.list({
        prefix: 'd/',
        ...(first.cursor !== undefined && { cursor: first.cursor }),
      });
      assertEquals(
        rest.keys.map(({ name }) => name),
        ['d/2', 'd/3'],
      );
    });

    test('a list limit of zero, or above the maximum, is refused', async () => {
      const { store } = await open();
      await assertRefused(store.list({ prefix: '', limit: 0 }));
      await assertRefused(store.list({ prefix: '', limit: LIST_KEYS_MAX + 1 }));
    });

    test('an expired entry is neither read nor listed', async () => {
      const { store, advance, secondsLeft } = await open();
      await store.put('t/short', '1', { ttlSeconds: 90 });
      await store.put('t/long', '1', { ttlSeconds: 3600 });
      await store.put('t/ever', '1');
      if (advance === undefined) {
        const left = (await secondsLeft?.('t/short')) ?? 0;
        assertEquals(left > 80 && left <= 90, true);
        assertEquals(await secondsLeft?.('t/ever'), undefined);
        return;
      }
      await advance(89_000);
      assertEquals((await store.get('t/short'))?.value, '1');
      await advance(2000);
      assertEquals(await store.get('t/short'), undefined);
      assertEquals(await namesIn(store, 't/'), [['t/ever', 't/long']]);
    });

    test('a list shows when each key expires, to the second', async () => {
      const { store, now } = await open();
      await store.put('u/ever', '1');
      await store.put('u/short', '1', { ttlSeconds: 90 });
      const [ever, short] = (await store.list({ prefix: 'u/' })).keys;
      assertEquals(ever, { name: 'u/ever', metadata: undefined });
      const leftMs = (short?.expiresAtMs ?? 0) - now();
      assertEquals(leftMs > 80_000 && leftMs <= 91_000, true);
    });

    test('a time to live below the minimum is raised to the minimum, and a fraction is rounded up', async () => {
      const { store, advance, secondsLeft } = await open();
      await store.put('floor', '1', { ttlSeconds: 1 });
      await store.put('fraction', '1', { ttlSeconds: 61.5 });
      if (advance === undefined) {
        const left = (await secondsLeft?.('floor')) ?? 0;
        assertEquals(left > 50 && left <= 60, true);
        return;
      }
      await advance(59_000);
      assertEquals((await store.get('floor'))?.value, '1');
      await advance(2500);
      assertEquals(await store.get('floor'), undefined);
      assertEquals((await store.get('fraction'))?.value, '1');
    });

    test('an invalid time to live is refused, so that no entry lives forever by mistake', async () => {
      const { store } = await open();
      for (const ttlSeconds of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        await assertRefused(store.put('no-time', '1', { ttlSeconds }));
      }
      assertEquals(await store.get('no-time'), undefined);
    });

    test("any cache time is accepted, even one below the store's minimum", async () => {
      const { store } = await open();
      await store.put('cached', '1');
      for (const cacheTtlSeconds of [0, 1, 30, 86_400]) {
        assertEquals((await store.get('cached', { cacheTtlSeconds }))?.value, '1');
      }
    });
  });
}
