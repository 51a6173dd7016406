import { describe, expect, test } from 'vitest';

import { createAuthenticateAdmin } from '../../src/access/admin-token.ts';
import { FAILED_AUTHENTICATIONS } from '../../src/access/limits/rate-limit.ts';
import { ADMIN_TOKEN, createKey, failureOf, openAccess, urlOf } from './access-under-test.ts';

const request = (authorization: string | undefined, url = '/v1/admin/keys') => ({
  url: urlOf(url),
  headers: new Headers(authorization === undefined ? {} : { Authorization: authorization }),
  clientAddress: () => '192.0.2.1',
});

const check = async (access: ReturnType<typeof openAccess>, authorization?: string, url?: string) => {
  const answer = await access.authenticateAdmin?.(request(authorization, url));
  return answer === undefined ? 'off' : failureOf(answer);
};

describe('the admin API', () => {
  test('is off without a token of at least 32 characters', () => {
    expect(openAccess({ adminToken: 'x'.repeat(32) }).authenticateAdmin).toBeDefined();
    expect(openAccess({ adminToken: 'x'.repeat(31) }).authenticateAdmin).toBeUndefined();
    const never = { lockoutSeconds: () => undefined, lookUp: () => undefined, charge: async () => undefined };
    expect(createAuthenticateAdmin(undefined, never)).toBeUndefined();
  });

  test('accepts exactly its token, even one that contains commas', async () => {
    const access = openAccess();
    expect(ADMIN_TOKEN).toContain(',');
    expect(await check(access, `Bearer ${ADMIN_TOKEN}`)).toBe('no failure');
    expect(await check(access, `bearer  ${ADMIN_TOKEN} `)).toBe('no failure');
    expect(await check(access)).toBe('missing-credentials');
    expect(await check(access, `Basic ${ADMIN_TOKEN}`)).toBe('missing-credentials');
    const { text } = await createKey(access);
    for (const wrong of ['x', ADMIN_TOKEN.slice(1), `${ADMIN_TOKEN}x`, ADMIN_TOKEN.toUpperCase(), text]) {
      expect(await check(access, `Bearer ${wrong}`)).toBe('invalid-key');
    }
    expect(await check(access, `Bearer ${ADMIN_TOKEN}`, `/v1/admin/keys/${text}`)).toBe('key-in-url');
  });

  test('locks out a guessing address for the rest of the minute, even if it then sends the right token', async () => {
    const access = openAccess();
    for (let guess = 0; guess < FAILED_AUTHENTICATIONS.requests; guess++) {
      expect(await check(access, `Bearer ${guess}`)).toBe('invalid-key');
    }
    expect(await check(access, 'Bearer guess')).toBe('rate-limited');
    // Otherwise an attacker could keep guessing and would notice the right token.
    expect(await check(access, `Bearer ${ADMIN_TOKEN}`)).toBe('rate-limited');
    await access.clock.advance(60_000);
    expect(await check(access, `Bearer ${ADMIN_TOKEN}`)).toBe('no failure');
  });

  test('does not lock out an operator who has authenticated from the same address before', async () => {
    const access = openAccess();
    expect(await check(access, `Bearer ${ADMIN_TOKEN}`)).toBe('no failure');
    for (let guess = 0; guess <= FAILED_AUTHENTICATIONS.requests; guess++)
      await check(access, `Bearer ${guess}`);
    expect(await check(access, 'Bearer guess')).toBe('rate-limited');
    expect(await check(access, `Bearer ${ADMIN_TOKEN}`)).toBe('no failure');
  });
});
