import { describe, expect, test } from 'vitest';

import { generateApiKey } from '../../src/access/keys/api-key.ts';
import {
  KEY_FRESH_MS,
  KEY_STALE_WHILE_FAILING_MS,
  CredentialCache,
  KEYS_REMEMBERED_MAX,
  UNKNOWN_FRESH_MS,
} from '../../src/access/keys/credential-cache.ts';
import { streamGrantOf } from '../../src/access/caller.ts';
import { testLog } from '../support/secret-search.ts';
import {
  createKey,
  EXECUTION,
  failureOf,
  NEW_KEY,
  openAccess,
  pageRequest,
  valueOf,
} from './access-under-test.ts';

/** Makes every generated key the same, so that a test can try the key before it is created. */
const fixedRandom = (length: number) => new Uint8Array(length).fill(7);

describe('a cached key', () => {
  test('is read from the store once, and not again for 10 s', async () => {
    const access = openAccess();
    const { text } = await createKey(access);
    const isolate = access.another();
    for (let request = 0; request < 20; request++) {
      valueOf(await isolate.authenticator.authenticate(pageRequest(text)));
    }
    expect(access.store.reads('key/credential/')).toBe(1);
    expect(access.store.calls).toBe(4 + 4);
    await access.clock.advance(KEY_FRESH_MS - 1);
    valueOf(await isolate.authenticator.authenticate(pageRequest(text)));
    expect(access.store.reads('key/credential/')).toBe(1);
    await access.clock.advance(1);
    valueOf(await isolate.authenticator.authenticate(pageRequest(text)));
    expect(access.store.reads('key/credential/')).toBe(2);
  });

  test('expires on time, even if its cached record is fresh', async () => {
    const access = openAccess();
    const { text } = await createKey(access, { expiresAt: '2026-01-01T00:00:01.000Z' });
    await access.clock.advance(999);
    valueOf(await access.authenticator.authenticate(pageRequest(text)));
    await access.clock.advance(1);
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('expired-key');
    expect(access.store.reads()).toBe(0);
  });

  test('that is unknown is refused for 5 s without another read, and then works if it was created meanwhile', async () => {
    const access = openAccess();
    const { text } = generateApiKey(fixedRandom);
    for (let request = 0; request < 3; request++) {
      expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('invalid-key');
    }
    expect(access.store.reads('key/credential/')).toBe(1);
    await createKey(access.another({ random: fixedRandom }));
    await access.clock.advance(UNKNOWN_FRESH_MS - 1);
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('invalid-key');
    await access.clock.advance(1);
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('no failure');
  });

  test('that was tried before its creation works immediately in the isolate that creates it', async () => {
    const access = openAccess({ random: fixedRandom });
    const { text } = generateApiKey(fixedRandom);
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('invalid-key');
    expect((await createKey(access)).text).toBe(text);
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('no failure');
  });

  test('stays valid while the store fails, but for less than a minute', async () => {
    const access = openAccess();
    const { text } = await createKey(access);
    access.store.failReads();
    await access.clock.advance(KEY_STALE_WHILE_FAILING_MS - 1);
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('no failure');
    await access.clock.advance(1);
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('store-unavailable');
    expect(KEY_STALE_WHILE_FAILING_MS).toBeLessThan(60_000);
  });

  test('is evicted after 1,000 other keys were used more recently', async () => {
    const access = openAccess();
    const first = await createKey(access);
    for (let other = 0; other < KEYS_REMEMBERED_MAX; other++) await createKey(access);
    expect(access.store.reads()).toBe(0);
    valueOf(await access.authenticator.authenticate(pageRequest(first.text)));
    expect(access.store.reads('key/credential/')).toBe(1);
  });

  test('counts by its size, so that all cached keys together stay under 8 MiB', async () => {
    const access = openAccess();
    const executions = Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(512, 'x'));
    const first = await createKey(access, { executions: [EXECUTION, ...executions.slice(1)] });
    for (let other = 0; other < 160; other++) await createKey(access, { executions });
    valueOf(await access.authenticator.authenticate(pageRequest(first.text)));
    expect(access.store.reads('key/credential/')).toBe(1);
    valueOf(await access.authenticator.authenticate(pageRequest(first.text)));
    expect(access.store.reads('key/credential/')).toBe(1);
  });

  test('stays revoked even when the store returns an older state', async () => {
    const access = openAccess();
    const { text, view } = await createKey(access);
    const state = await access.store.get(`key/state/${view.id}`);
    await access.clock.advance(1000);
    valueOf(await access.keys.revoke(view.id));
    await access.clock.advance(1000);
    await access.store.put(`key/state/${view.id}`, state?.value ?? '');
    await access.clock.advance(KEY_FRESH_MS);
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('revoked-key');
  });
});

describe('untrusted records', () => {
  const record = async (kind: string, edit: (value: Record<string, unknown>) => unknown) => {
    const access = openAccess();
    const { text, view, credentialId } = await createKey(access);
    const name = `key/${kind}/${kind === 'credential' ? credentialId : view.id}`;
    const entry = await access.store.get(name);
    await access.clock.advance(1000);
    await access.store.put(name, JSON.stringify(edit(JSON.parse(entry?.value ?? ''))));
    access.logged.length = 0;
    return { access, text, view, name };
  };

  test.each([
    ['state', 'newer version', (value: object) => ({ ...value, v: 2 })],
    ['credential', 'newer version', (value: object) => ({ ...value, v: 9 })],
    ['facts', 'damaged', (value: object) => ({ ...value, executions: '*' })],
    ['facts', 'damaged', (value: object) => ({ ...value, payloads: 'all' })],
    ['facts', 'damaged', (value: object) => ({ ...value, expiresAt: 'never' })],
    ['state', 'damaged', () => []],
    ['state', 'damaged', () => null],
    ['rotation', 'damaged', (value: object) => ({ ...value, cutoffs: [{}] })],
    ['credential', 'damaged', (value: object) => ({ ...value, hash: '' })],
    ['facts', 'of another key', (value: object) => ({ ...value, keyId: 'another0' })],
    ['credential', 'of another credential', (value: object) => ({ ...value, id: 'another000' })],
  ])('grant nothing, and are logged without a secret: %s record, %s', async (kind, reason, edit) => {
    const { access, text, name } = await record(kind, edit);
    expect(failureOf(await access.another().authenticator.authenticate(pageRequest(text)))).toBe(
      'store-unavailable',
    );
    expect(access.logged).toEqual([{ event: 'key-record-refused', level: 'error', record: name, reason }]);
  });

  test('that are incomplete grant nothing', async () => {
    for (const kind of ['facts', 'state', 'rotation']) {
      const access = openAccess();
      const { text, view } = await createKey(access);
      await access.clock.advance(1000);
      await access.store.delete(`key/${kind}/${view.id}`);
      expect(failureOf(await access.another().authenticator.authenticate(pageRequest(text)))).toBe(
        'store-unavailable',
      );
      expect(access.logged.at(-1)).toMatchObject({ event: 'key-record-refused', reason: 'missing' });
    }
  });

  test.each(['facts', 'rotation', 'state'])('invalidate cached records that were valid: %s', async (kind) => {
    const { access, text, name } = await record(kind, (value) => value);
    const caller = valueOf(await access.authenticator.authenticate(pageRequest(text)));
    await access.clock.advance(KEY_FRESH_MS);
    await access.store.put(name, 'nonsense');
    const refused = await access.authenticator.authenticate(pageRequest(text));
    expect(refused).toMatchObject({ failure: { type: 'store-unavailable', refused: true } });
    const stream = await access.stillAllowed(streamGrantOf(caller), EXECUTION);
    expect(stream).toMatchObject({ failure: { type: 'store-unavailable', refused: true } });
  });

  test.each([
    ['facts', 'nonsense'],
    ['facts', undefined],
    ['rotation', 'nonsense'],
    ['state', 'nonsense'],
  ])('do not prevent a revocation: %s', async (kind, damaged) => {
    const { access, text, view, name } = await record(kind, (value) => value);
    await access.clock.advance(1000);
    const whole = await access.store.get(name);
    await (damaged === undefined ? access.store.delete(name) : access.store.put(name, damaged));
    await access.clock.advance(1000);
    const revoked = valueOf(await access.keys.revoke(view.id));
    expect(revoked).toMatchObject({ id: view.id, status: 'revoked', revokedAt: '2026-01-01T00:00:03.000Z' });
    // The key stays revoked even if an operator repairs the record.
    await access.clock.advance(1000);
    if (kind !== 'state') await access.store.put(name, whole?.value ?? '');
    for (const place of [access, access.another()]) {
      expect(failureOf(await place.authenticator.authenticate(pageRequest(text)))).toBe('revoked-key');
      expect(valueOf(await place.keys.revoke(view.id))).toMatchObject({ revokedAt: revoked.revokedAt });
    }
  });

  test('are left out of the list, and their key cannot be changed', async () => {
    const { access, view } = await record('rotation', () => 'nonsense');
    const { view: other } = await createKey(access);
    expect(valueOf(await access.keys.list()).keys.map(({ id }) => id)).toEqual([other.id]);
    expect(failureOf(await access.keys.change(view.id, { name: 'x' }))).toBe('store-unavailable');
  });
});

describe('a read in progress', () => {
  test('does not undo a revocation that was made meanwhile', async () => {
    const access = openAccess();
    const { text, view } = await createKey(access);
    await access.clock.advance(KEY_FRESH_MS);
    access.store.stall();
    const slow = access.authenticator.authenticate(pageRequest(text));
    const reading = access.keys.revoke(view.id);
    access.store.release();
    await Promise.all([slow, reading]);
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('revoked-key');
  });

  test('does not overwrite a change that the cache has noted meanwhile', async () => {
    const { store, clock, keys } = openAccess();
    const { credentialId, view } = valueOf(await keys.create(NEW_KEY));
    const credentials = new CredentialCache({ store, clock, log: testLog() });
    const records = valueOf(await credentials.read(credentialId));
    if (records === undefined) throw new Error('the key was not found');
    await clock.advance(KEY_FRESH_MS);
    const slow = credentials.read(credentialId);
    credentials.noteKey(view.id, { facts: { ...records.facts, executions: [] } });
    expect(valueOf(await slow)?.facts.executions).toEqual([]);
    await clock.advance(KEY_FRESH_MS);
    expect(valueOf(await credentials.read(credentialId))?.facts).toEqual(records.facts);
  });
});
