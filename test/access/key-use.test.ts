import { describe, expect, test } from 'vitest';

import { USE_NOTED_EVERY_MS } from '../../src/access/keys/key-use.ts';
import { createKey, openAccess, valueOf } from './access-under-test.ts';

describe("the note of a key's last use", () => {
  test('is stored in a record of its own, at most once an hour across all isolates', async () => {
    const access = openAccess();
    const isolates = [access, access.another(), access.another()];
    const { view } = await createKey(access);
    const noteAll = async () => {
      for (const { noteUse } of [...isolates, ...isolates]) await noteUse(view.id);
    };
    await isolates[0]?.noteUse(view.id);
    await noteAll();
    expect(access.store.writes('key/used/')).toBe(1);
    await access.clock.advance(USE_NOTED_EVERY_MS - 1);
    await noteAll();
    expect(access.store.writes('key/used/')).toBe(1);
    await access.clock.advance(1);
    await isolates[0]?.noteUse(view.id);
    await noteAll();
    expect(access.store.writes('key/used/')).toBe(2);
    expect(valueOf(await access.keys.get(view.id)).lastUsedAt).toBe('2026-01-01T01:00:00.000Z');
  });

  test('causes no work when it was stored recently', async () => {
    const access = openAccess();
    await access.noteUse('abcdefgh');
    expect(access.noteUse('abcdefgh')).toBeUndefined();
  });

  test('never undoes a concurrent revocation', async () => {
    const access = openAccess();
    const { view } = await createKey(access);
    await access.clock.advance(1000);
    const noting = access.noteUse(view.id);
    valueOf(await access.keys.revoke(view.id));
    await noting;
    expect(valueOf(await access.keys.get(view.id)).status).toBe('revoked');
  });

  test('is lost when the store fails, which is logged and does not fail the request', async () => {
    const access = openAccess();
    access.store.failAfterWrites(0);
    await access.noteUse('abcdefgh');
    expect(access.logged).toMatchObject([{ event: 'key-use-not-noted', level: 'warn', keyId: 'abcdefgh' }]);
    expect(access.noteUse('abcdefgh')).toBeUndefined();
  });
});
