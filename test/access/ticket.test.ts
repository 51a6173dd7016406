import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Caller } from '../../src/access/caller.ts';
import { parseTicketRequest } from '../../src/access/create-ticket.ts';
import { signTicket, ticketKeys, verifyTicket } from '../../src/access/ticket.ts';
import { deriveKey } from '../../src/core/derive-key.ts';
import type { NEW_KEY } from './access-under-test.ts';
import {
  type AccessUnderTest,
  createKey,
  EXECUTION,
  executionOf,
  failureOf,
  openAccess,
  OTHER_EXECUTION,
  pageRequest,
  SIGNING_SECRET,
  urlOf,
  valueOf,
} from './access-under-test.ts';
import { runs } from '../support/seeded-random.ts';

/** Any UTF-16 unit, including lone surrogates. Setting up fast-check's own `binary` takes most of a second. */
const anyUnit = fc.nat(0xffff).map((unit) => String.fromCharCode(unit));

const callerOf = async (access: AccessUnderTest, input: Partial<typeof NEW_KEY> = {}): Promise<Caller> =>
  valueOf(await access.authenticator.authenticate(pageRequest((await createKey(access, input)).text)));

const withTicket = (ticket: string, more = {}) =>
  pageRequest(undefined, { url: urlOf(`/v1/executions/x/messages?ticket=${ticket}`), ...more });

const newTicket = async (access: AccessUnderTest, caller: Caller, request: unknown = {}) =>
  valueOf(await access.createTicket(caller, EXECUTION, valueOf(parseTicketRequest(request))));

const TICKET_KEY = Buffer.from(deriveKey(SIGNING_SECRET, 'ticket')).toString('hex');

/** Assembles a JWT from its parts, by default signed with the real key. */
function jwt(header: unknown, claims: unknown, key = TICKET_KEY, digest = 'sha256') {
  const part = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac(digest, key).update(signed).digest('base64url')}`;
}

describe('a ticket', () => {
  test('allows reading its one execution, by default for ten minutes', async () => {
    const access = openAccess();
    const caller = await callerOf(access);
    const { ticket, expiresAt } = await newTicket(access, caller);
    expect(expiresAt).toBe('2026-01-01T00:10:00.000Z');
    const { ticket: shown, ...holder } = valueOf(await access.authenticator.authenticate(withTicket(ticket)));
    expect(shown).toEqual({
      id: expect.stringMatching(/^\w{16}$/),
      executionId: EXECUTION,
      endsAtMs: Date.parse(expiresAt),
    });
    expect(holder).toEqual({ ...caller, mayCreateTickets: false });
  });

  test('is a standard HS256 JWT without secrets', async () => {
    const access = openAccess();
    const { ticket } = await newTicket(access, await callerOf(access));
    const [header = '', claims = ''] = ticket.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' });
    const parsed: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString());
    expect(parsed).toMatchObject({ iss: 'flowtap', aud: 'flowtap/executions', exe: EXECUTION, pay: 'full' });
    expect(jwt({ alg: 'HS256', typ: 'JWT' }, parsed)).toBe(ticket);
  });

  test('stays valid for reconnects until its absolute expiry', async () => {
    const access = openAccess();
    const { ticket } = await newTicket(access, await callerOf(access), { ttlSeconds: 60 });
    for (let second = 0; second < 59; second++) {
      valueOf(await access.authenticator.authenticate(withTicket(ticket)));
      await access.clock.advance(1000);
    }
    await access.clock.advance(999);
    valueOf(await access.authenticator.authenticate(withTicket(ticket)));
    await access.clock.advance(1);
    expect(failureOf(await access.authenticator.authenticate(withTicket(ticket)))).toBe('expired-ticket');
  });

  test('allows no other execution, not even another one that its key may read', async () => {
    const access = openAccess();
    const { ticket } = await newTicket(access, await callerOf(access, { executions: ['*'] }));
    const other = withTicket(ticket, { execution: executionOf(OTHER_EXECUTION) });
    expect(failureOf(await access.authenticator.authenticate(other))).toBe('execution-forbidden');
  });

  test('is accepted on the ticket routes of its execution, and nowhere else', async () => {
    const access = openAccess();
    const { ticket } = await newTicket(access, await callerOf(access));
    const elsewhere = withTicket(ticket, { accepts: 'key' });
    expect(failureOf(await access.authenticator.authenticate(elsewhere))).toBe('operation-forbidden');
    const { url, headers, clientAddress } = withTicket(ticket);
    const ofNoExecution = { url, headers, clientAddress, accepts: 'key-or-ticket' as const };
    expect(failureOf(await access.authenticator.authenticate(ofNoExecution))).toBe('operation-forbidden');
  });

  test('ends when its key is revoked, expires, or loses the execution or the right to create tickets', async () => {
    for (const [change, failure] of [
      [{ expiresAt: '2026-01-01T00:00:05.000Z' }, 'expired-key'],
      [{ executions: ['other'] }, 'execution-forbidden'],
      [{ tickets: false }, 'invalid-ticket'],
    ] as const) {
      const access = openAccess();
      const caller = await callerOf(access);
      const { ticket } = await newTicket(access, caller);
      await access.clock.advance(1000);
      valueOf(await access.keys.change(caller.keyId, change));
      await access.clock.advance(5000);
      expect(failureOf(await access.authenticator.authenticate(withTicket(ticket)))).toBe(failure);
    }
    const access = openAccess();
    const caller = await callerOf(access);
    const { ticket } = await newTicket(access, caller);
    await access.clock.advance(1000);
    valueOf(await access.keys.revoke(caller.keyId));
    expect(failureOf(await access.authenticator.authenticate(withTicket(ticket)))).toBe('revoked-key');
  });

  test('ends with the credential that created it', async () => {
    const access = openAccess();
    const caller = await callerOf(access);
    const { ticket } = await newTicket(access, caller);
    await access.clock.advance(1000);
    valueOf(await access.keys.rotate(caller.keyId, { overlapSeconds: 0 }));
    expect(failureOf(await access.authenticator.authenticate(withTicket(ticket)))).toBe('expired-key');
  });

  test('expires no later than its key', async () => {
    const access = openAccess();
    const caller = await callerOf(access, { expiresAt: '2026-01-01T00:00:30.500Z' });
    expect((await newTicket(access, caller, { ttlSeconds: 3600 })).expiresAt).toBe(
      '2026-01-01T00:00:30.000Z',
    );
  });

  test('can allow less than its key but never more, even if the key is restricted later', async () => {
    const access = openAccess();
    const full = await callerOf(access);
    const narrow = await newTicket(access, full, { payloads: 'none' });
    expect(valueOf(await access.authenticator.authenticate(withTicket(narrow.ticket))).payloads).toBe('none');
    const wide = await newTicket(access, full, { payloads: 'full' });
    await access.clock.advance(1000);
    valueOf(await access.keys.change(full.keyId, { payloads: 'none' }));
    expect(valueOf(await access.authenticator.authenticate(withTicket(wide.ticket))).payloads).toBe('none');
    const none = await callerOf(access, { payloads: 'none' });
    expect(failureOf(await access.createTicket(none, EXECUTION, { ttlSeconds: 60, payloads: 'full' }))).toBe(
      'operation-forbidden',
    );
    expect(
      valueOf(await access.authenticator.authenticate(withTicket((await newTicket(access, none)).ticket)))
        .payloads,
    ).toBe('none');
  });

  test('is not created for another execution, by a key without permission, or by a ticket', async () => {
    const access = openAccess();
    const caller = await callerOf(access);
    const request = { ttlSeconds: 60 };
    expect(failureOf(await access.createTicket(caller, OTHER_EXECUTION, request))).toBe(
      'execution-forbidden',
    );
    const holder = valueOf(
      await access.authenticator.authenticate(withTicket((await newTicket(access, caller)).ticket)),
    );
    expect(failureOf(await access.createTicket(holder, EXECUTION, request))).toBe('operation-forbidden');
    const mayNot = await callerOf(access, { tickets: false });
    expect(failureOf(await access.createTicket(mayNot, EXECUTION, request))).toBe('operation-forbidden');
  });

  test('can be valid for 1 s to 1 h', () => {
    expect(parseTicketRequest(undefined)).toEqual({ ok: true, value: { ttlSeconds: 600 } });
    expect(parseTicketRequest({ ttlSeconds: 3600, payloads: 'none' }).ok).toBe(true);
    for (const wrong of [
      { ttlSeconds: 0 },
      { ttlSeconds: 3601 },
      { ttlSeconds: '60' },
      { payloads: 'all' },
      { ttl: 1 },
      [],
    ]) {
      expect(failureOf(parseTicketRequest(wrong))).toBe('invalid-input');
    }
  });

  test('is accepted if signed with the current or previous secret, and refused otherwise', async () => {
    const access = openAccess();
    const caller = await callerOf(access);
    const { ticket } = await newTicket(access, caller);
    const next = { signingSecret: 'the next secret, just as long as the last' };
    const rotated = access.another({ ...next, signingSecretPrevious: SIGNING_SECRET });
    expect(failureOf(await rotated.authenticator.authenticate(withTicket(ticket)))).toBe('no failure');
    const later = access.another(next);
    expect(failureOf(await later.authenticator.authenticate(withTicket(ticket)))).toBe('invalid-ticket');
  });
});

describe('a forged ticket is refused', () => {
  const keys = ticketKeys(SIGNING_SECRET);
  const now = Date.UTC(2026, 0, 1);
  const iat = now / 1000;
  const claims = {
    sub: 'k',
    cid: 'k00',
    exe: EXECUTION,
    pay: 'full',
    iat,
    exp: iat + 600,
    jti: 'j',
  } as const;
  const whole = { iss: 'flowtap', aud: 'flowtap/executions', ...claims };
  const header = { alg: 'HS256', typ: 'JWT' };
  const check = async (text: string) => failureOf(verifyTicket(text, keys, now));

  test('if it names another algorithm or none, or is signed with another key', async () => {
    expect(await check(jwt(header, whole))).toBe('no failure');
    for (const alg of ['none', 'None', 'HS384', 'HS512', 'RS256', 'ES256', '', undefined]) {
      expect(await check(jwt({ ...header, alg }, whole))).toBe('invalid-ticket');
    }
    expect(await check(jwt({ ...header, alg: 'HS512' }, whole, TICKET_KEY, 'sha512'))).toBe('invalid-ticket');
    const unsigned = jwt({ ...header, alg: 'none' }, whole).replace(/\.[^.]*$/, '.');
    expect(await check(unsigned)).toBe('invalid-ticket');
    expect(await check(jwt(header, whole, SIGNING_SECRET))).toBe('invalid-ticket');
    expect(await check(jwt(header, whole, ''))).toBe('invalid-ticket');
  });

  test.each([
    ['another issuer', { iss: 'other' }],
    ['another audience', { aud: 'flowtap/other' }],
    ['a list of audiences', { aud: ['flowtap/executions'] }],
    ['no execution', { exe: undefined }],
    ['no key', { sub: undefined }],
    ['no credential', { cid: undefined }],
    ['no expiry', { exp: undefined }],
    ['an expiry that is not a number', { exp: '9999999999' }],
    ['a lifetime of more than an hour', { exp: iat + 3601 }],
    ['an unknown payload level', { pay: 'all' }],
  ])('if it has %s, even if it is correctly signed', async (_, wrong) => {
    expect(await check(jwt(header, { ...whole, ...wrong }))).toBe('invalid-ticket');
  });

  test('when any significant character is changed', async () => {
    const ticket = signTicket(claims, keys);
    const bytesOf = (text: string) =>
      text.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex'));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(ticket.length - 1),
        fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
        async (index, character) => {
          const changed = ticket.slice(0, index) + character + ticket.slice(index + 1);
          fc.pre(changed !== ticket && String(bytesOf(changed)) !== String(bytesOf(ticket)));
          expect(await check(changed)).toBe('invalid-ticket');
        },
      ),
      { numRuns: runs(300) },
    );
  });

  test('when it spells a genuine ticket differently: padded, or with other unused bits at its end', async () => {
    const access = openAccess();
    const { ticket } = await newTicket(access, await callerOf(access));
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twins = alphabet
      .split('')
      .map((character) => ticket.slice(0, -1) + character)
      .filter((text) => text !== ticket);
    for (const text of [...twins, `${ticket}=`, `${ticket}.`, ` ${ticket}`, ticket.replaceAll('-', '+')]) {
      if (text === ticket) continue;
      expect(failureOf(verifyTicket(text, ticketKeys(SIGNING_SECRET), access.clock.now()))).toBe(
        'invalid-ticket',
      );
    }
    valueOf(verifyTicket(ticket, ticketKeys(SIGNING_SECRET), access.clock.now()));
  });

  test('when it is any other text, however long', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.string({ unit: anyUnit }), fc.base64String()),
        async (text) => {
          expect(await check(text)).toBe('invalid-ticket');
          expect(await check(`${text}.${text}.${text}`)).toBe('invalid-ticket');
        },
      ),
    );
    expect(await check('a.'.repeat(1_000_000))).toBe('invalid-ticket');
  });

  test('but a genuine ticket for the longest id is accepted, even if its characters take the most bytes', async () => {
    expect(await check(signTicket({ ...claims, exe: '\u{ffff}'.repeat(512) }, keys))).toBe('no failure');
    expect(await check(signTicket({ ...claims, exe: '"'.repeat(512) }, keys))).toBe('no failure');
  });
});
