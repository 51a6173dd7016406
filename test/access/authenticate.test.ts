import { describe, expect, test } from 'vitest';

import { callerAllows } from '../../src/access/caller.ts';
import { RATE_TIERS } from '../../src/access/limits/rate-limit.ts';
import {
  createKey,
  EXECUTION,
  executionOf,
  failureOf,
  openAccess,
  OTHER_EXECUTION,
  pageRequest,
  sessionTokenRequest,
  urlOf,
  valueOf,
} from './access-under-test.ts';

describe('a caller with a valid key', () => {
  test('is identified, and may read exactly the executions that the key matches', async () => {
    const access = openAccess();
    const { text, view, credentialId } = await createKey(access, {
      owner: 'Ada',
      streamLimit: 7,
      totalStreamLimit: 8,
      tier: 'high',
    });
    const caller = valueOf(await access.authenticator.authenticate(pageRequest(text)));
    expect(caller).toEqual({
      keyId: view.id,
      credentialId,
      name: 'partner',
      owner: 'Ada',
      tenant: 'owner/Ada',
      executions: ['*:Workflow:SecurityFlow_*'],
      payloads: 'full',
      tier: 'high',
      streamLimit: 7,
      totalStreamLimit: 8,
      mayCreateTickets: true,
    });
    expect(callerAllows(caller, EXECUTION)).toBe(true);
    expect(callerAllows(caller, OTHER_EXECUTION)).toBe(false);
    const other = pageRequest(text, { execution: executionOf(OTHER_EXECUTION) });
    expect(failureOf(await access.authenticator.authenticate(other))).toBe('execution-forbidden');
  });

  test('shares limits with the keys of the same owner, and has limits of its own without an owner', async () => {
    const access = openAccess();
    const tenantOf = async (changes: Parameters<typeof createKey>[1]) => {
      const { text, view } = await createKey(access, changes);
      const { tenant } = valueOf(await access.authenticator.authenticate(pageRequest(text)));
      return { tenant, id: view.id };
    };
    expect((await tenantOf({ owner: 'Ada' })).tenant).toBe((await tenantOf({ owner: 'Ada' })).tenant);
    const alone = await tenantOf({});
    expect(alone.tenant).toBe(`key/${alone.id}`);
    expect((await tenantOf({ owner: alone.id })).tenant).not.toBe(alone.tenant);
  });

  test('is plain data that can cross an RPC boundary', async () => {
    const access = openAccess();
    const { text } = await createKey(access, { expiresAt: '2027-01-01T00:00:00.000Z' });
    const caller = valueOf(await access.authenticator.authenticate(pageRequest(text)));
    expect(structuredClone(caller)).toEqual(caller);
    expect(caller.expiresAtMs).toBe(Date.UTC(2027, 0, 1));
  });

  test('can use routes that concern no execution, even if the key may read no execution', async () => {
    const access = openAccess();
    const { text } = await createKey(access, { executions: [] });
    const { url, headers, clientAddress } = pageRequest(text);
    const request = { url, headers, clientAddress, accepts: 'key' as const };
    expect(failureOf(await access.authenticator.authenticate(request))).toBe('no failure');
  });

  test('can send the key as X-API-Key, or as an AWS session token', async () => {
    const access = openAccess();
    const { text } = await createKey(access);
    const headers = new Headers({ 'X-API-Key': text });
    expect(failureOf(await access.authenticator.authenticate(pageRequest(undefined, { headers })))).toBe(
      'no failure',
    );
    const asSessionToken = (token: string) => access.authenticator.authenticate(sessionTokenRequest(token));
    expect(failureOf(await asSessionToken(text))).toBe('no failure');
    expect(failureOf(await asSessionToken('AWS session token'))).toBe('invalid-key');
  });
});

describe('the order of checks', () => {
  test('a key in the URL is refused before the credential is checked', async () => {
    const access = openAccess();
    const { text } = await createKey(access);
    const url = urlOf(`/v1/executions/x/messages?key=${text}`);
    expect(failureOf(await access.authenticator.authenticate(pageRequest(text, { url })))).toBe('key-in-url');
    expect(failureOf(await access.authenticator.authenticate(pageRequest(undefined)))).toBe(
      'missing-credentials',
    );
  });

  test('revocation is checked before expiry, and expiry before the execution', async () => {
    const access = openAccess();
    const { text, view } = await createKey(access, { expiresAt: '2026-01-01T00:00:05.000Z' });
    const request = pageRequest(text, { execution: executionOf(OTHER_EXECUTION) });
    expect(failureOf(await access.authenticator.authenticate(request))).toBe('execution-forbidden');
    await access.clock.advance(5000);
    expect(failureOf(await access.authenticator.authenticate(request))).toBe('expired-key');
    valueOf(await access.keys.revoke(view.id));
    expect(failureOf(await access.authenticator.authenticate(request))).toBe('revoked-key');
  });

  test('the key of a ticket is checked before the permission for the route', async () => {
    const access = openAccess();
    const { text, view } = await createKey(access);
    const caller = valueOf(await access.authenticator.authenticate(pageRequest(text)));
    const { ticket } = valueOf(await access.createTicket(caller, EXECUTION, { ttlSeconds: 600 }));
    const elsewhere = pageRequest(undefined, { url: urlOf(`/v1/key?ticket=${ticket}`), accepts: 'key' });
    expect(failureOf(await access.authenticator.authenticate(elsewhere))).toBe('operation-forbidden');
    await access.clock.advance(1000);
    valueOf(await access.keys.revoke(view.id));
    expect(failureOf(await access.authenticator.authenticate(elsewhere))).toBe('revoked-key');
  });

  test('every execution that the key may not read gets the same refusal', async () => {
    const access = openAccess();
    const { text } = await createKey(access, { executions: [] });
    const answers = new Set<string>();
    for (const executionId of [EXECUTION, OTHER_EXECUTION, 'no such execution', '*', '']) {
      answers.add(
        JSON.stringify(
          await access.authenticator.authenticate(pageRequest(text, { execution: executionOf(executionId) })),
        ),
      );
    }
    expect([...answers]).toEqual([JSON.stringify({ ok: false, failure: { type: 'execution-forbidden' } })]);
  });
});

describe('the rate limit of a key', () => {
  test.each(['standard', 'high'] as const)(
    'of the tier %s is shared by all its credentials, but not by other keys',
    async (tier) => {
      const access = openAccess();
      const { text, view } = await createKey(access, { tier });
      const other = await createKey(access, { tier });
      await access.clock.advance(1000);
      const second = valueOf(await access.keys.rotate(view.id, { overlapSeconds: 3600 }));
      for (let request = 0; request < RATE_TIERS[tier].requests; request++) {
        valueOf(await access.authenticator.authenticate(pageRequest(request % 2 === 0 ? text : second.text)));
      }
      expect(await access.authenticator.authenticate(pageRequest(text))).toEqual({
        ok: false,
        failure: { type: 'rate-limited', retryAfterSeconds: 10 },
      });
      expect(failureOf(await access.authenticator.authenticate(pageRequest(second.text)))).toBe(
        'rate-limited',
      );
      expect(failureOf(await access.authenticator.authenticate(pageRequest(other.text)))).toBe('no failure');
      await access.clock.advance(10_000);
      expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('no failure');
    },
  );
});

test('a failing store is reported as a failure of the service, not of the caller', async () => {
  const access = openAccess();
  const { text } = await createKey(access);
  access.store.failReads();
  const answer = await access.another().authenticator.authenticate(pageRequest(text));
  expect(failureOf(answer)).toBe('store-unavailable');
  expect(JSON.stringify(answer)).not.toContain(text);
});
