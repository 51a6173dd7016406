import { describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/server/emulator.ts';
import type { Roles } from '../../src/emulator/role-sessions.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { staticCredentials } from '../../src/sources/aws/aws-credentials.ts';
import type { Fetch } from '../../src/sources/aws/aws-json.ts';
import {
  ASSUME_MS_MAX,
  createRoleCredentials,
  FAILURE_MS,
  isExternalId,
  isRoleArn,
  REFRESH_BEFORE_MS,
  UNUSABLE_BEFORE_MS,
} from '../../src/sources/aws/sts.ts';
import { parseAssumedRole } from '../../src/sources/aws/sts-answer.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { letBackoffPass } from './things-graph-under-test.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const HOUR_MS = 3_600_000;

interface UnderTest {
  readonly roles?: Roles;
  readonly roleArn?: string;
  readonly externalId?: string;
  readonly secretAccessKey?: string;
  /**
   * Answers calls to STS in place of the emulator, or passes them on with `call`. `calls` is the number of calls so
   * far.
   */
  readonly through?: (call: () => Promise<Response>, calls: number) => Promise<Response>;
}

function underTest(options: UnderTest = {}) {
  const clock = new ManualClock();
  const emulator = createEmulator({
    clock,
    credentials: KEYS,
    ...(options.roles && { roles: options.roles }),
  });
  const records: LogRecord[] = [];
  const bodies: URLSearchParams[] = [];
  const fetch: Fetch = (url, init) => {
    bodies.push(new URLSearchParams(String(init.body)));
    const call = () => emulator.fetch(new Request(url, init));
    return options.through ? options.through(call, bodies.length) : call();
  };
  const credentialsFor = createRoleCredentials({
    roleArn: options.roleArn ?? 'arn:aws:iam::*:role/flowtap-reader',
    ...(options.externalId !== undefined && { externalId: options.externalId }),
    credentials: staticCredentials({ ...KEYS, ...options }),
    region: 'us-west-2',
    fetch,
    clock,
    log: testLog(records),
  });
  return { clock, records, bodies, credentialsFor, ask: credentialsFor('111122223333') };
}

const keyIdOf = async (answer: ReturnType<ReturnType<typeof underTest>['ask']>) => {
  const result = await answer;
  return result.ok ? result.value.accessKeyId : result.failure.type;
};

describe('credentials of a role', () => {
  test('are requested from STS once, and reused until shortly before they expire', async () => {
    const { ask, clock, bodies } = underTest();
    const first = await keyIdOf(ask());
    expect(first).toMatch(/^ASIA/);
    await clock.advance(HOUR_MS - REFRESH_BEFORE_MS - 1);
    expect(await keyIdOf(ask())).toBe(first);
    expect(bodies).toHaveLength(1);
    await clock.advance(2);
    expect(await keyIdOf(ask())).not.toBe(first);
    expect(bodies).toHaveLength(2);
  });

  test('are requested for the account that is read, if the role ARN has `*` as its account', async () => {
    const { credentialsFor, bodies } = underTest();
    await credentialsFor('111122223333')();
    await credentialsFor('444455556666')();
    await credentialsFor('111122223333')();
    expect(bodies.map((body) => body.get('RoleArn'))).toEqual([
      'arn:aws:iam::111122223333:role/flowtap-reader',
      'arn:aws:iam::444455556666:role/flowtap-reader',
    ]);
  });

  test('are the same for all accounts, if the role ARN names an account', async () => {
    const { credentialsFor, bodies } = underTest({ roleArn: 'arn:aws:iam::111122223333:role/team/reader' });
    expect(await keyIdOf(credentialsFor('111122223333')())).toBe(
      await keyIdOf(credentialsFor('444455556666')()),
    );
    expect(bodies).toHaveLength(1);
  });

  test('are given only for the external id that the role requires', async () => {
    const roleArn = 'arn:aws:iam::111122223333:role/reader';
    const roles = { [roleArn]: { externalId: 'partner/42' } };
    expect(await keyIdOf(underTest({ roles, roleArn, externalId: 'partner/42' }).ask())).toMatch(/^ASIA/);
    expect(await keyIdOf(underTest({ roles, roleArn, externalId: 'partner/41' }).ask())).toBe(
      'upstream-broken',
    );
    expect(await keyIdOf(underTest({ roles, roleArn }).ask())).toBe('upstream-broken');
  });

  test('are requested once for many simultaneous callers, and all callers get them', async () => {
    const gate = Promise.withResolvers<void>();
    const { ask, clock, bodies } = underTest({
      through: async (call) => {
        await gate.promise;
        return call();
      },
    });
    const asked = Promise.all(Array.from({ length: 50 }, () => keyIdOf(ask())));
    await settle();
    gate.resolve();
    expect(new Set(await letBackoffPass(clock, asked)).size).toBe(1);
    expect(bodies).toHaveLength(1);
  });

  test('stay in use while new ones are requested and while STS is down, until shortly before they expire', async () => {
    const { ask, clock, bodies, records } = underTest({
      through: (call, calls) =>
        calls === 1 ? call() : Promise.resolve(new Response('<html>down</html>', { status: 503 })),
    });
    const first = await keyIdOf(ask());
    await clock.advance(HOUR_MS - REFRESH_BEFORE_MS + 1);
    expect([await keyIdOf(ask()), await keyIdOf(ask())]).toEqual([first, first]);
    expect(bodies).toHaveLength(2);
    expect(records.map(({ event, failure }) => [event, failure])).toEqual([
      ['assume-role-failed', 'upstream-internal'],
    ]);
    await clock.advance(REFRESH_BEFORE_MS - UNUSABLE_BEFORE_MS - 2);
    expect(await keyIdOf(ask())).toBe(first);
    await clock.advance(1);
    expect(await keyIdOf(ask())).toBe('upstream-internal');
  });

  test('are not requested again for some time after STS has failed', async () => {
    const { ask, clock, bodies } = underTest({
      through: () => Promise.resolve(new Response('', { status: 500 })),
    });
    const answers = await letBackoffPass(clock, Promise.all([keyIdOf(ask()), keyIdOf(ask())]));
    expect(answers).toEqual(['upstream-internal', 'upstream-internal']);
    expect(await keyIdOf(ask())).toBe('upstream-internal');
    expect(bodies).toHaveLength(1);
    await clock.advance(FAILURE_MS);
    await ask();
    expect(bodies).toHaveLength(2);
  });

  test('are missing with the failure upstream-timeout if STS does not answer in time', async () => {
    const { ask, clock } = underTest({ through: () => new Promise(() => undefined) });
    const answer = keyIdOf(ask());
    await clock.advance(ASSUME_MS_MAX);
    expect(await answer).toBe('upstream-timeout');
  });
});

describe('if STS gives no credentials', () => {
  const answered = (status: number, body: string, headers: Record<string, string> = {}) =>
    underTest({ through: () => Promise.resolve(new Response(body, { status, headers })) });
  const error = (code: string) =>
    `<ErrorResponse xmlns="x">\n <Error><Type>Sender</Type><Code>${code}</Code><Message>No ${KEYS.secretAccessKey}</Message></Error></ErrorResponse>`;

  test.each([
    ['AccessDenied', 403, 'upstream-broken'],
    ['ExpiredToken', 403, 'upstream-broken'],
    ['InvalidClientTokenId', 403, 'upstream-broken'],
    ['SignatureDoesNotMatch', 403, 'upstream-broken'],
    ['RegionDisabledException', 403, 'upstream-broken'],
    ['Throttling', 400, 'upstream-throttled'],
    ['InternalFailure', 500, 'upstream-internal'],
    ['ServiceUnavailable', 503, 'upstream-internal'],
  ])('%s (%i) becomes the failure %s', async (code, status, type) => {
    const result = await answered(status, error(code)).ask();
    expect(result).toMatchObject({ ok: false, failure: { type } });
    expect(JSON.stringify(result)).toContain(code);
    expect(JSON.stringify(result)).not.toContain(KEYS.secretAccessKey);
  });

  test.each([
    ['a redirect', 307, ''],
    ['HTML', 200, '<html>hello</html>'],
    ['JSON', 200, '{"Credentials":{}}'],
    ['nothing', 200, ''],
    ['an error with status 200', 200, error('AccessDenied')],
  ])('%s is upstream-broken', async (_, status, body) => {
    expect(await keyIdOf(answered(status, body, { location: 'http://elsewhere.invalid/' }).ask())).toBe(
      'upstream-broken',
    );
  });

  test('a request with a wrong secret key is upstream-broken', async () => {
    expect(await keyIdOf(underTest({ secretAccessKey: 'another' }).ask())).toBe('upstream-broken');
  });
});

describe('the XML of AssumeRole', () => {
  const xml = (inner: string) =>
    `<AssumeRoleResponse><AssumeRoleResult><Credentials>${inner}</Credentials></AssumeRoleResult></AssumeRoleResponse>`;
  const good = {
    AccessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    SecretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY',
    SessionToken: 'AQoD==&amp;x',
    Expiration: '2026-11-09T13:34:41Z',
  };
  const of = (members: Record<string, string>) =>
    xml(
      Object.entries(members)
        .map(([tag, text]) => `\n  <${tag}>${text}</${tag}>`)
        .join(''),
    );

  test('gives keys, token and expiry in any order, with entities decoded', () => {
    const read = {
      credentials: {
        accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
        secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY',
        sessionToken: 'AQoD==&x',
      },
      expiresAtMs: Date.UTC(2026, 10, 9, 13, 34, 41),
    };
    expect(parseAssumedRole(of(good))).toEqual(read);
    expect(parseAssumedRole(of(Object.fromEntries(Object.entries(good).toReversed())))).toEqual(read);
  });

  test.each([
    ['without a token', { ...good, SessionToken: '' }],
    ['with a line break in the token', { ...good, SessionToken: 'a\nb' }],
    ['with an element in the token', { ...good, SessionToken: 'a<b>c</b>' }],
    ['with two keys', { ...good, Other: '<SecretAccessKey>x</SecretAccessKey>' }],
    ['with an expiry that is not a time', { ...good, Expiration: 'soon' }],
    ['with a 13th month', { ...good, Expiration: '2026-13-09T13:34:41Z' }],
  ])('%s is rejected', (_, members) => {
    expect(parseAssumedRole(of(members))).toBeUndefined();
  });
});

test.each([
  ['arn:aws:iam::123456789012:role/reader', true],
  ['arn:aws:iam::*:role/path/reader', true],
  ['arn:aws-us-gov:iam::*:role/reader', true],
  ['arn:aws-eusc:iam::*:role/reader', true],
  ['arn:aws-nowhere:iam::*:role/reader', false],
  ['arn:aws:iam::12345*:role/reader', false],
  ['arn:aws:iam::123456789012:user/reader', false],
  ['reader', false],
])('%s is a valid role ARN: %s', (arn, is) => expect(isRoleArn(arn)).toBe(is));

test.each([
  ['partner:42/a', true],
  ['a', false],
  ['two words', false],
])('%s is a valid external id: %s', (id, is) => expect(isExternalId(id)).toBe(is));
