/**
 * The key-value contract on Deno KV, and how values are split into parts. Deno runs this file (`deno task
 * test`), and deno-kv.test.ts runs it as part of `npm test`.
 */
import { deepStrictEqual } from 'node:assert';

import { createDenoKvStore, INLINE_BYTES_MAX } from '../../src/storage/deno-kv.ts';
import type { KeyValueStore } from '../../src/storage/key-value.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { describeKeyValueContract } from './key-value-contract.ts';

interface Opened {
  readonly kv: Deno.Kv;
  readonly store: KeyValueStore;
  readonly clock: ManualClock;
  readonly now: () => number;
  readonly advance: (ms: number) => Promise<void>;
}

let open: Deno.Kv[] = [];

async function openStore(path = ':memory:'): Promise<Opened> {
  const kv = await Deno.openKv(path);
  open.push(kv);
  const clock = new ManualClock();
  return {
    kv,
    clock,
    store: await createDenoKvStore(kv, clock),
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms),
  };
}

/** Closes the stores of each test, because Deno checks that no resource stays open. */
function test(name: string, body: () => Promise<void>): void {
  Deno.test(name, async () => {
    try {
      await body();
    } finally {
      for (const kv of open) kv.close();
      open = [];
    }
  });
}

const assertEquals = (actual: unknown, expected: unknown) => deepStrictEqual(actual, expected);

describeKeyValueContract('Deno KV', { describe: (_name, body) => body(), test, assertEquals }, () =>
  openStore(),
);

/** Counts the rows of one kind. */
async function rows(kv: Deno.Kv, kind: 'entry' | 'part' | 'pending'): Promise<number> {
  let count = 0;
  for await (const _ of kv.list({ prefix: [kind] })) count++;
  return count;
}

const PART_BYTES = 60_000;

test('values of any size around the limits are read back unchanged, whatever characters they contain', async () => {
  const { store } = await openStore();
  const edges = [0, 1, INLINE_BYTES_MAX, 40_000, PART_BYTES, 65_536, 10 * PART_BYTES, 11 * PART_BYTES];
  for (const edge of edges) {
    for (const size of [edge - 1, edge, edge + 1].filter((bytes) => bytes >= 0)) {
      // A single character outside Latin-1 doubles the size of the whole string in Deno KV.
      for (const letter of ['', 'é', '\u{1f600}']) {
        const value = `${letter}${'a'.repeat(size)}${letter}`;
        await store.put('k', value, { metadata: '\u{1f600}'.repeat(250) });
        assertEquals((await store.get('k'))?.value === value, true);
      }
    }
  }
});

test('a character whose bytes are split between two parts is read back intact', async () => {
  const { store } = await openStore();
  const value = `a${'é\u{1f600}'.repeat(30_000)}`;
  await store.put('k', value);
  assertEquals((await store.get('k'))?.value === value, true);
});

test('a replaced or deleted value leaves no parts', async () => {
  const { kv, store } = await openStore();
  await store.put('k', 'a'.repeat(300_000));
  assertEquals(await rows(kv, 'part'), 5);
  await store.put('k', 'b'.repeat(130_000), { ttlSeconds: 60 });
  assertEquals(await rows(kv, 'part'), 3);
  await store.put('k', 'small');
  assertEquals(await rows(kv, 'part'), 0);
  await store.put('k', 'c'.repeat(70_000));
  await store.delete('k');
  assertEquals([await rows(kv, 'entry'), await rows(kv, 'part'), await rows(kv, 'pending')], [0, 0, 0]);
});

test('a value left half-written by a killed process is invisible, and is deleted when the store is opened', async () => {
  const { kv, clock, store } = await openStore();
  await store.put('k', 'a'.repeat(70_000));
  const left = crypto.randomUUID();
  await kv.set(['pending', left], true);
  for (let index = 0; index < 30; index++) await kv.set(['part', left, index], new Uint8Array(10));
  assertEquals((await store.get('k'))?.value.length, 70_000);
  assertEquals(
    (await store.list({ prefix: '' })).keys.map(({ name }) => name),
    ['k'],
  );
  const again = await createDenoKvStore(kv, clock);
  assertEquals([await rows(kv, 'part'), await rows(kv, 'pending')], [2, 0]);
  assertEquals((await again.get('k'))?.value.length, 70_000);
});

test('a write that fails half-way leaves the previous value and nothing else', async () => {
  const { kv, clock, store } = await openStore();
  await store.put('k', 'a'.repeat(700_000));
  let commits = 0;
  const failing = new Proxy(kv, {
    get(target, name) {
      if (name !== 'atomic') {
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      }
      return () => {
        const atomic = target.atomic();
        // Fails the second batch of parts, as on a full disk.
        if (++commits === 2) atomic.commit = () => Promise.reject(new Error('database or disk is full'));
        return atomic;
      };
    },
  });
  const onFullDisk = await createDenoKvStore(failing, clock);
  let refused = '';
  await onFullDisk.put('k', 'b'.repeat(900_000)).catch((error: unknown) => (refused = String(error)));
  assertEquals(refused, 'Error: database or disk is full');
  assertEquals([await rows(kv, 'part'), await rows(kv, 'pending')], [12, 0]);
  assertEquals((await store.get('k'))?.value === 'a'.repeat(700_000), true);
});

test('one of many concurrent writes of a key wins completely, and no parts of the other writes remain', async () => {
  const { kv, store } = await openStore();
  const values = Array.from({ length: 12 }, (_, index) =>
    String.fromCharCode(97 + index).repeat(50_000 * (index % 4)),
  );
  await Promise.all(values.map((value, n) => store.put('k', value, { metadata: n })));
  const { value = '', metadata } = (await store.get('k')) ?? {};
  assertEquals(value, values[Number(metadata)]);
  assertEquals(
    await rows(kv, 'part'),
    value.length <= INLINE_BYTES_MAX ? 0 : Math.ceil(value.length / PART_BYTES),
  );
  assertEquals(await rows(kv, 'pending'), 0);
});

test('a reader sees either the old or the new value while a value is being replaced', async () => {
  const { store } = await openStore();
  await store.put('k', '0'.repeat(200_000));
  let writing = true;
  const writer = (async () => {
    for (let n = 1; n <= 30; n++) await store.put('k', String(n % 10).repeat(200_000));
    writing = false;
  })();
  let read = 0;
  while (writing) {
    const value = (await store.get('k'))?.value ?? '';
    assertEquals(value === value.charAt(0).repeat(200_000), true);
    read++;
  }
  await writer;
  assertEquals(read > 3, true);
});

test('entries get their expiry in Deno KV, parts expire after their entry, and a later write without an expiry removes it', async () => {
  const { DatabaseSync } = await import('node:sqlite');
  const directory = await Deno.makeTempDir();
  try {
    const { kv, store } = await openStore(`${directory}/kv`);
    const beganAtMs = Date.now();
    await store.put('small', '1', { ttlSeconds: 90 });
    await store.put('large', 'a'.repeat(70_000), { ttlSeconds: 90 });
    await store.put('later', '1', { ttlSeconds: 90 });
    await store.put('later', '2');
    const endedAtMs = Date.now();
    const database = new DatabaseSync(`${directory}/kv`, { readOnly: true });
    const lifeSeconds = (at: number) =>
      [90, 180].find((seconds) => at >= beganAtMs + seconds * 1_000 && at <= endedAtMs + seconds * 1_000);
    const expirations = database
      .prepare('select expiration_ms as at from kv')
      .all()
      .map(({ at }) => (at === -1 ? 'never' : lifeSeconds(Number(at))));
    database.close();
    assertEquals(
      expirations.map(String).toSorted((a, b) => a.localeCompare(b)),
      ['180', '180', '90', '90', 'never'],
    );
    kv.close();
    open = [];
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
