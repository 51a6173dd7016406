/**
 * Every record that is written can be read back. Otherwise reads would refuse the record, and its key would stop
 * working without an explanation.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';

import { factsName, keyFactsSchema } from '../../src/access/keys/key-record.ts';
import { parseKeyChange, parseNewKey } from '../../src/access/keys/key-input.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { createKey, NEW_KEY, openAccess, pageRequest, valueOf } from './access-under-test.ts';
import { runs } from '../support/seeded-random.ts';

test('every key that create and change accept can be read back, with any times and names', async () => {
  const pad = (n: number, width = 2) => String(n).padStart(width, '0');
  const expiresAt = fc
    .record({
      year: fc.oneof(fc.constantFrom(9998, 9999), fc.integer({ min: 2026, max: 9999 })),
      edge: fc.boolean(),
      sign: fc.constantFrom('+', '-'),
      hours: fc.integer({ min: 0, max: 23 }),
    })
    .map(({ year, edge, sign, hours }) => {
      return `${pad(year, 4)}-${edge ? '12-31T23:59:59.999' : '01-01T00:00:00'}${sign}${pad(hours)}:00`;
    });
  const body = fc.record(
    { name: fc.string({ unit: 'binary', minLength: 1 }), owner: fc.string({ unit: 'binary' }), expiresAt },
    { requiredKeys: ['name'] },
  );
  await fc.assert(
    fc.asyncProperty(body, body, async (first, second) => {
      const clock = new ManualClock();
      const access = openAccess({ clock, store: createMemoryStore({ clock, oneWritePerSecond: false }) });
      const input = parseNewKey({ payloads: 'none', ...first }, clock.now());
      fc.pre(input.ok);
      const { view } = valueOf(await access.keys.create(valueOf(input)));
      expect(valueOf(await access.keys.get(view.id))).toEqual(view);
      const change = parseKeyChange(second, clock.now());
      if (change.ok) valueOf(await access.keys.change(view.id, change.value));
      expect(valueOf(await access.keys.list()).keys).toHaveLength(1);
    }),
    { numRuns: runs(300) },
  );
});

test('if one record would be refused when read back, no record of the key is written', async () => {
  const access = openAccess();
  const { view } = await createKey(access);
  const writes = access.store.writes();
  const expiresAt = '+010000-01-01T00:00:00.000Z';
  await expect(access.keys.create({ ...NEW_KEY, expiresAt })).rejects.toThrow();
  await expect(access.keys.change(view.id, { expiresAt })).rejects.toThrow();
  expect(access.store.writes()).toBe(writes);
  expect(valueOf(await access.keys.get(view.id))).toEqual(view);
});

test.each(['full', 'names', 'none'] as const)(
  'a key keeps the level %s, and an older release, which knows only full and none, never allows more',
  async (payloads) => {
    const access = openAccess();
    const { view } = await createKey(access, { payloads });
    const stored: unknown = JSON.parse((await access.store.get(factsName(view.id)))?.value ?? '');
    expect(valueOf(await access.another().keys.get(view.id)).payloads).toBe(payloads);
    const older = z.parse(z.omit(keyFactsSchema, { payloadNames: true }), stored);
    expect(older.payloads).toBe(payloads === 'full' ? 'full' : 'none');
    // When the older release changes the key, it drops the member that it does not know.
    await access.clock.advance(1_000);
    await access.store.put(factsName(view.id), JSON.stringify(older));
    await access.clock.advance(60_000);
    expect(valueOf(await access.keys.get(view.id)).payloads).toBe(older.payloads);
  },
);

test('a record without totalStreamLimit gets the default, and an older release can read a record with totalStreamLimit', async () => {
  const access = openAccess();
  const { view, text } = await createKey(access, { totalStreamLimit: 7 });
  const stored: unknown = JSON.parse((await access.store.get(factsName(view.id)))?.value ?? '');
  expect(stored).toMatchObject({ totalStreamLimit: 7 });
  const olderSchema = z.omit(keyFactsSchema, { totalStreamLimit: true });
  const older = z.parse(olderSchema, stored);
  await access.clock.advance(1_000);
  await access.store.put(factsName(view.id), JSON.stringify(older));
  await access.clock.advance(60_000);
  expect(valueOf(await access.keys.get(view.id))).toMatchObject({ totalStreamLimit: 1_000 });
  expect(valueOf(await access.authenticator.authenticate(pageRequest(text)))).toMatchObject({
    totalStreamLimit: 1_000,
  });
});
