import { describe, expect, test } from 'vitest';

import { ManualClock } from '../support/manual-clock.ts';
import { createKey, failureOf, NEW_KEY, openAccess, pageRequest, valueOf } from './access-under-test.ts';

describe('creating a key', () => {
  test('returns a key that works immediately in this isolate, without reading the store', async () => {
    const access = openAccess();
    const { text, view } = await createKey(access);
    expect(access.store.reads()).toBe(0);
    const caller = valueOf(await access.authenticator.authenticate(pageRequest(text)));
    expect(caller).toMatchObject({
      keyId: view.id,
      name: 'partner',
      payloads: 'full',
      mayCreateTickets: true,
    });
    expect(access.store.reads()).toBe(0);
  });

  test('returns a key that works in another isolate, too', async () => {
    const access = openAccess();
    const { text } = await createKey(access);
    expect(failureOf(await access.another().authenticator.authenticate(pageRequest(text)))).toBe(
      'no failure',
    );
  });

  test('lets admins read everything but the secret afterwards', async () => {
    const access = openAccess();
    const input = { owner: 'Ada', expiresAt: '2027-01-01T00:00:00.000Z', tier: 'high' } as const;
    const { text, credentialId, view } = await createKey(access, input);
    const { executions, payloads, tickets, streamLimit, totalStreamLimit, name } = NEW_KEY;
    expect(view).toEqual({
      id: text.slice(4, 12),
      status: 'active',
      name,
      ...input,
      createdAt: '2026-01-01T00:00:00.000Z',
      executions,
      payloads,
      tickets,
      streamLimit,
      totalStreamLimit,
      credentials: [{ id: credentialId, createdAt: '2026-01-01T00:00:00.000Z' }],
    });
    expect(await access.keys.get(view.id)).toEqual({ ok: true, value: view });
    expect(await access.keys.get(credentialId)).toEqual({ ok: true, value: view });
  });

  test('that fails half-way creates no working key', async () => {
    for (const writes of [0, 1, 2, 3]) {
      const access = openAccess();
      access.store.failAfterWrites(writes);
      expect(failureOf(await access.keys.create(NEW_KEY))).toBe('store-unavailable');
      expect(await access.store.get('key/credential/any')).toBeUndefined();
      expect((await access.store.list({ prefix: 'key/credential/' })).keys).toEqual([]);
      expect(access.logged).toEqual([]);
    }
  });
});

describe('changing a key', () => {
  test('changes the given members, immediately in this isolate and within 10 s in others', async () => {
    const access = openAccess();
    const elsewhere = access.another();
    const { text, view } = await createKey(access, { owner: 'Ada' });
    valueOf(await elsewhere.authenticator.authenticate(pageRequest(text)));
    await access.clock.advance(2000);
    const changed = valueOf(await access.keys.change(view.id, { executions: ['other'], owner: null }));
    expect(changed).toEqual({
      ...view,
      owner: undefined,
      executions: ['other'],
      changedAt: '2026-01-01T00:00:02.000Z',
    });
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('execution-forbidden');
    await access.clock.advance(8000);
    expect(failureOf(await elsewhere.authenticator.authenticate(pageRequest(text)))).toBe(
      'execution-forbidden',
    );
  });

  test('can set and remove an expiry', async () => {
    const access = openAccess();
    const { text, view } = await createKey(access);
    await access.clock.advance(1000);
    valueOf(await access.keys.change(view.id, { expiresAt: '2026-01-01T00:00:05.000Z' }));
    await access.clock.advance(4000);
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('expired-key');
    expect(valueOf(await access.keys.get(view.id)).status).toBe('expired');
    valueOf(await access.keys.change(view.id, { expiresAt: null }));
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('no failure');
  });

  test('that fails changes nothing, not even in the cache', async () => {
    const access = openAccess();
    const { text, view } = await createKey(access);
    await access.clock.advance(1000);
    access.store.failAfterWrites(0);
    expect(failureOf(await access.keys.change(view.id, { executions: [] }))).toBe('store-unavailable');
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('no failure');
  });
});

describe('rotating a key', () => {
  test('adds a credential that works immediately in every isolate, even where the key is cached', async () => {
    const access = openAccess();
    const elsewhere = access.another();
    const { text, view } = await createKey(access);
    valueOf(await elsewhere.authenticator.authenticate(pageRequest(text)));
    await access.clock.advance(1000);
    const issued = valueOf(await access.keys.rotate(view.id, { overlapSeconds: 60 }));
    expect(issued.text).not.toBe(text);
    expect(issued.view.id).toBe(view.id);
    for (const place of [access, elsewhere]) {
      const caller = valueOf(await place.authenticator.authenticate(pageRequest(issued.text)));
      expect(caller).toMatchObject({ keyId: view.id, credentialId: issued.credentialId });
    }
  });

  test('keeps the old credential valid for exactly the overlap', async () => {
    const access = openAccess();
    const { text, view, credentialId } = await createKey(access);
    await access.clock.advance(1000);
    const issued = valueOf(await access.keys.rotate(view.id, { overlapSeconds: 60 }));
    expect(issued.view.credentials).toEqual([
      { id: issued.credentialId, createdAt: '2026-01-01T00:00:01.000Z' },
      { id: credentialId, createdAt: view.createdAt, expiresAt: '2026-01-01T00:01:01.000Z' },
    ]);
    await access.clock.advance(59_999);
    const caller = valueOf(await access.authenticator.authenticate(pageRequest(text)));
    expect(caller).toMatchObject({ expiresAtMs: access.clock.now() + 1 });
    await access.clock.advance(1);
    for (const place of [access, access.another()]) {
      expect(failureOf(await place.authenticator.authenticate(pageRequest(text)))).toBe('expired-key');
      expect(failureOf(await place.authenticator.authenticate(pageRequest(issued.text)))).toBe('no failure');
    }
  });

  test('with no overlap ends every older credential immediately, however many there are', async () => {
    const access = openAccess();
    const { text, view } = await createKey(access);
    await access.clock.advance(1000);
    const second = valueOf(await access.keys.rotate(view.id, { overlapSeconds: 3600 }));
    await access.clock.advance(1000);
    const third = valueOf(await access.keys.rotate(second.credentialId, { overlapSeconds: 0 }));
    for (const old of [text, second.text]) {
      expect(failureOf(await access.authenticator.authenticate(pageRequest(old)))).toBe('expired-key');
    }
    expect(failureOf(await access.authenticator.authenticate(pageRequest(third.text)))).toBe('no failure');
  });

  test('on a machine whose clock is behind ends the old credential, not the new one', async () => {
    const access = openAccess();
    const { text, view } = await createKey(access);
    await access.clock.advance(1000);
    const behind = new ManualClock(access.clock.now() - 60_000);
    const { text: second } = valueOf(
      await access.another({ clock: behind }).keys.rotate(view.id, { overlapSeconds: 0 }),
    );
    const elsewhere = access.another();
    expect(failureOf(await elsewhere.authenticator.authenticate(pageRequest(text)))).toBe('expired-key');
    expect(failureOf(await elsewhere.authenticator.authenticate(pageRequest(second)))).toBe('no failure');
  });

  test('that fails half-way leaves the old credential unchanged', async () => {
    for (const writes of [0, 1]) {
      const access = openAccess();
      const { text, view } = await createKey(access);
      await access.clock.advance(1000);
      access.store.failAfterWrites(writes);
      expect(failureOf(await access.keys.rotate(view.id, { overlapSeconds: 0 }))).toBe('store-unavailable');
      expect(failureOf(await access.another().authenticator.authenticate(pageRequest(text)))).toBe(
        'no failure',
      );
    }
  });
});

describe('revoking a key', () => {
  test('makes every credential fail as revoked, immediately in this isolate and within 10 s in others', async () => {
    const access = openAccess();
    const elsewhere = access.another();
    const { text, view } = await createKey(access);
    await access.clock.advance(1000);
    const { text: second } = valueOf(await access.keys.rotate(view.id, { overlapSeconds: 3600 }));
    for (const key of [text, second]) valueOf(await elsewhere.authenticator.authenticate(pageRequest(key)));
    await access.clock.advance(1000);
    const revoked = valueOf(await access.keys.revoke(view.id));
    expect(revoked).toMatchObject({ status: 'revoked', revokedAt: '2026-01-01T00:00:02.000Z' });
    for (const key of [text, second]) {
      expect(failureOf(await access.authenticator.authenticate(pageRequest(key)))).toBe('revoked-key');
    }
    await access.clock.advance(10_000);
    for (const key of [text, second]) {
      expect(failureOf(await elsewhere.authenticator.authenticate(pageRequest(key)))).toBe('revoked-key');
    }
  });

  test('deletes no record of the key, and has no effect when repeated', async () => {
    const access = openAccess();
    const { view } = await createKey(access);
    await access.clock.advance(1000);
    const first = valueOf(await access.keys.revoke(view.id));
    const entries = (await access.store.list({ prefix: 'key/' })).keys.length;
    const audited = access.logged.length;
    expect(valueOf(await access.keys.revoke(view.id))).toEqual(first);
    expect(entries).toBe(4);
    expect(access.logged).toHaveLength(audited);
  });

  test('is final: the key can no longer be changed or rotated', async () => {
    const access = openAccess();
    const { view } = await createKey(access);
    await access.clock.advance(1000);
    valueOf(await access.keys.revoke(view.id));
    expect(failureOf(await access.keys.change(view.id, { name: 'again' }))).toBe('conflict');
    expect(failureOf(await access.keys.rotate(view.id, { overlapSeconds: 0 }))).toBe('conflict');
  });
});

describe('looking keys up', () => {
  test('lists each key once over any number of pages, with the time of its last use', async () => {
    const access = openAccess();
    const made = await Promise.all(
      Array.from({ length: 60 }, (_, index) => createKey(access, { name: `${index}` })),
    );
    await access.noteUse(made[0]?.view.id ?? '');
    const names: string[] = [];
    const uses: string[] = [];
    let cursor: string | undefined;
    do {
      const page = valueOf(await access.keys.list({ limit: 27, ...(cursor !== undefined && { cursor }) }));
      names.push(...page.keys.map(({ name }) => name));
      uses.push(...page.keys.flatMap(({ lastUsedAt }) => lastUsedAt ?? []));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(names.toSorted((a, b) => Number(a) - Number(b))).toEqual(made.map((_, index) => `${index}`));
    expect(uses).toEqual(['2026-01-01T00:00:00.000Z']);
  });

  test('finds no record for an unknown or malformed id', async () => {
    const access = openAccess();
    for (const id of ['abcdefgh', 'abcdefgh12', '', '../x', 'x'.repeat(10_000)]) {
      expect(failureOf(await access.keys.get(id))).toBe('no-such-record');
      expect(failureOf(await access.keys.change(id, { name: 'x' }))).toBe('no-such-record');
      expect(failureOf(await access.keys.rotate(id, { overlapSeconds: 0 }))).toBe('no-such-record');
      expect(failureOf(await access.keys.revoke(id))).toBe('no-such-record');
    }
    expect(access.store.writes()).toBe(0);
  });

  test('fails with invalid-input for an invalid cursor, and with store-unavailable for a failing store', async () => {
    const access = openAccess();
    expect(failureOf(await access.keys.list({ cursor: '!' }))).toBe('invalid-input');
    access.store.failReads();
    expect(failureOf(await access.keys.list())).toBe('store-unavailable');
    expect(failureOf(await access.keys.get('abcdefgh'))).toBe('store-unavailable');
  });
});

describe('the audit log', () => {
  test('has one line for each change, with the id of its request', async () => {
    const access = openAccess();
    const { view, credentialId } = valueOf(await access.keys.create(NEW_KEY, { requestId: 'r1' }));
    await access.clock.advance(1000);
    valueOf(await access.keys.change(view.id, { tier: 'high', name: 'new' }, { requestId: 'r2' }));
    const second = valueOf(await access.keys.rotate(view.id, { overlapSeconds: 60 }, { requestId: 'r3' }));
    valueOf(await access.keys.revoke(view.id, { requestId: 'r4' }));
    const keyId = view.id;
    expect(access.logged).toEqual([
      { event: 'key-created', keyId, credentialId, requestId: 'r1' },
      { event: 'key-changed', keyId, changed: 'name tier', requestId: 'r2' },
      { event: 'key-rotated', keyId, credentialId: second.credentialId, overlapSeconds: 60, requestId: 'r3' },
      { event: 'key-revoked', keyId, requestId: 'r4' },
    ]);
  });
});
