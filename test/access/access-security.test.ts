/** Attacks on access: junk keys, guessed secrets, and floods of wrong keys. No secret reaches storage or log. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { generateApiKey } from '../../src/access/keys/api-key.ts';
import { base62OfNumber, randomBase62 } from '../../src/core/base62.ts';
import { crc32 } from '../../src/access/keys/crc32.ts';
import { parseTicketRequest } from '../../src/access/create-ticket.ts';
import { FAILED_AUTHENTICATIONS } from '../../src/access/limits/rate-limit.ts';
import {
  ADMIN_TOKEN,
  createKey,
  EXECUTION,
  failureOf,
  openAccess,
  pageRequest,
  SIGNING_SECRET,
  valueOf,
  sessionTokenRequest,
  urlOf,
} from './access-under-test.ts';
import { runs } from '../support/seeded-random.ts';

/** Returns a well-formed key for this credential id, with a random secret. */
function guessFor(credentialId: string): string {
  const body = `ftk_${credentialId}_${randomBase62(randomBytes, 32)}`;
  return body + base62OfNumber(crc32(body), 6);
}

const LIMIT = FAILED_AUTHENTICATIONS.requests;

describe('junk keys', () => {
  test('cost no storage read, whether they are random text or a valid key with one changed character', async () => {
    const access = openAccess();
    const { text } = await createKey(access);
    const before = access.store.calls;
    const mutated = fc
      .record({
        index: fc.nat(text.length - 1),
        character: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }),
      })
      .map(({ index, character }) => text.slice(0, index) + character + text.slice(index + 1));
    let address = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, fc.string({ minLength: 1 })), async (junk) => {
        fc.pre(junk !== text);
        // Each request has its own address. Otherwise the address would be locked out before all keys are checked.
        address += 1;
        const request = sessionTokenRequest(junk, { clientAddress: () => `junk ${address}` });
        expect(failureOf(await access.authenticator.authenticate(request))).toBe('invalid-key');
      }),
      { numRuns: runs(2000) },
    );
    expect(access.store.calls).toBe(before);
  });

  test('get the same answer as unknown keys and as known ids with a wrong secret', async () => {
    const access = openAccess();
    const { credentialId } = await createKey(access);
    const guess = guessFor(credentialId);
    const answers = new Set<string>();
    for (const text of ['junk', generateApiKey(randomBytes).text, guess]) {
      answers.add(JSON.stringify(await access.authenticator.authenticate(pageRequest(text))));
    }
    expect([...answers]).toEqual([JSON.stringify({ ok: false, failure: { type: 'invalid-key' } })]);
  });

  test('with wrong secrets for one known id share one storage read', async () => {
    const access = openAccess();
    const { credentialId } = await createKey(access);
    const isolate = access.another();
    for (let guess = 0; guess < 100; guess++) {
      const request = sessionTokenRequest(guessFor(credentialId), {
        clientAddress: () => `guesser ${guess}`,
      });
      expect(failureOf(await isolate.authenticator.authenticate(request))).toBe('invalid-key');
    }
    expect(access.store.reads('key/credential/')).toBe(1);
  });
});

describe('a flood of wrong keys from one address', () => {
  test('is refused with a retry time after it has exceeded the limit, and then costs no storage reads', async () => {
    const access = openAccess();
    const seen: string[] = [];
    for (let request = 0; request < 10_000; request++) {
      seen.push(
        failureOf(await access.authenticator.authenticate(pageRequest(generateApiKey(randomBytes).text))),
      );
    }
    expect(seen.slice(0, LIMIT)).toEqual(Array.from({ length: LIMIT }, () => 'invalid-key'));
    expect(new Set(seen.slice(LIMIT))).toEqual(new Set(['rate-limited']));
    expect(access.store.reads('key/credential/')).toBe(LIMIT + 1);
    expect(await access.authenticator.authenticate(pageRequest('junk'))).toEqual({
      ok: false,
      failure: { type: 'rate-limited', retryAfterSeconds: 60, because: 'wrong-credentials' },
    });
  });

  test('does not lock out a key that the address has used before, even after its cached record has expired', async () => {
    const access = openAccess();
    const { text } = await createKey(access);
    const isolate = access.another();
    valueOf(await isolate.authenticator.authenticate(pageRequest(text)));
    await access.clock.advance(30_000);
    for (let request = 0; request < LIMIT * 2; request++)
      await isolate.authenticator.authenticate(pageRequest('junk'));
    expect(failureOf(await isolate.authenticator.authenticate(pageRequest('junk')))).toBe('rate-limited');
    expect(failureOf(await isolate.authenticator.authenticate(pageRequest(text)))).toBe('no failure');
  });

  test('does not lock out tickets or other addresses', async () => {
    const access = openAccess();
    const { text } = await createKey(access);
    const caller = valueOf(await access.authenticator.authenticate(pageRequest(text)));
    const { ticket } = valueOf(await access.createTicket(caller, EXECUTION, valueOf(parseTicketRequest({}))));
    const isolate = access.another();
    for (let request = 0; request < LIMIT * 2; request++)
      await isolate.authenticator.authenticate(pageRequest('junk'));
    const url = urlOf(`/v1/executions/x/messages?ticket=${ticket}`);
    expect(failureOf(await isolate.authenticator.authenticate(pageRequest(undefined, { url })))).toBe(
      'no failure',
    );
    const elsewhere = pageRequest(text, { clientAddress: () => '192.0.2.2' });
    expect(failureOf(await isolate.authenticator.authenticate(elsewhere))).toBe('no failure');
  });

  test('locks the address out until the period ends', async () => {
    const access = openAccess();
    const { text } = await createKey(access);
    const isolate = access.another();
    for (let request = 0; request < LIMIT * 2; request++)
      await isolate.authenticator.authenticate(pageRequest('junk'));
    expect(failureOf(await isolate.authenticator.authenticate(pageRequest(text)))).toBe('rate-limited');
    await access.clock.advance(60_000);
    expect(failureOf(await isolate.authenticator.authenticate(pageRequest(text)))).toBe('no failure');
  });

  test('includes forged tickets, but neither revoked keys nor requests without a credential', async () => {
    const access = openAccess();
    const { text, view } = await createKey(access);
    await access.clock.advance(1000);
    valueOf(await access.keys.revoke(view.id));
    for (let request = 0; request < LIMIT * 2; request++) {
      expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('revoked-key');
      expect(failureOf(await access.authenticator.authenticate(pageRequest(undefined)))).toBe(
        'missing-credentials',
      );
    }
    const forged = pageRequest(undefined, { url: urlOf('/v1/executions/x/messages?ticket=a.b.c') });
    for (let request = 0; request < LIMIT; request++) {
      expect(failureOf(await access.authenticator.authenticate(forged))).toBe('invalid-ticket');
    }
    expect(failureOf(await access.authenticator.authenticate(forged))).toBe('rate-limited');
    expect(failureOf(await access.authenticator.authenticate(pageRequest('junk')))).toBe('rate-limited');
  });
});

test('no key, ticket or secret is ever stored or logged, and no hash is ever logged', async () => {
  const access = openAccess();
  const { text, view } = await createKey(access, { owner: 'Ada' });
  const caller = valueOf(await access.authenticator.authenticate(pageRequest(text)));
  const { ticket } = valueOf(await access.createTicket(caller, EXECUTION, { ttlSeconds: 60 }));
  await access.authenticator.authenticate(pageRequest(undefined, { url: urlOf(`/x?ticket=${ticket}`) }));
  await access.noteUse(view.id);
  await access.clock.advance(1000);
  const second = valueOf(await access.keys.rotate(view.id, { overlapSeconds: 60 }));
  valueOf(await access.keys.change(view.id, { name: 'new' }));
  await access.authenticator.authenticate(pageRequest(`${text.slice(0, -1)}!`));
  valueOf(await access.keys.revoke(view.id));
  await access.clock.advance(1000);
  await access.store.put(`key/facts/${view.id}`, '{"v":2}');
  await access.another().authenticator.authenticate(pageRequest(text));

  const { keys } = await access.store.list({ prefix: '' });
  const stored = await access.store.getMany(keys.map(({ name }) => name));
  const secrets = [text, second.text].flatMap((key) => [key, key.slice(15), key.slice(15, 31)]);
  const everything = JSON.stringify([keys, stored, access.logged]);
  for (const secret of [...secrets, ticket, ADMIN_TOKEN, SIGNING_SECRET])
    expect(everything).not.toContain(secret);
  expect(access.logged.length).toBeGreaterThan(4);
  expect(JSON.stringify(access.logged)).not.toMatch(/[0-9a-f]{64}/);
});
