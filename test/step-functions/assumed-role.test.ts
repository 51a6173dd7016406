/**
 * AWS_ROLE_ARN and AWS_EXTERNAL_ID through the whole service. The emulator checks who assumes its roles, and
 * with which external id.
 */
import { describe, expect, test } from 'vitest';

import { type Settings, readSettings } from '../../src/config.ts';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/server/emulator.ts';
import { scenarioArn } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import { exceptionOf, callAws } from '../aws-protocol/aws-call.ts';
import { openService, pageOf, path, problemOf } from '../http/service-under-test.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { UUID } from './source-under-test.ts';

const ACCOUNTS = ['us-west-2:123456789012', 'eu-west-1:210987654321'];
const roleOf = (account: string) => `arn:aws:iam::${account.split(':')[1]}:role/flowtap/reader`;
const EXTERNAL_ID = 'an/external:id-that-nobody-guesses';
const SECRET = 'the secret of the upstream';

function settingsOf(more: Readonly<Record<string, string>>): Settings {
  const settings = readSettings({
    AWS_REGION: 'us-west-2',
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: SECRET,
    SFN_ALLOWED: ACCOUNTS.join(','),
    SIGNING_SECRET: 'a signing secret of more than thirty-two characters',
    ...more,
  });
  if (!settings.ok) throw new Error(JSON.stringify(settings.failure));
  return settings.value;
}

async function serviceWith(
  roles: NonNullable<EmulatorOptions['roles']>,
  more: Readonly<Record<string, string>>,
) {
  const { adminToken: _none, ...settings } = settingsOf(more);
  const clock = new ManualClock();
  const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: SECRET };
  const emulator: Emulator = createEmulator({ clock, credentials, roles });
  const sent: { host: string; accessKeyId: string | undefined; body: string }[] = [];
  const service = await openService(
    // By default, the service under test calls STS at another address. Use AWS's own address instead.
    { ...settings, stsEndpoint: 'https://sts.us-west-2.amazonaws.com' },
    {
      clock,
      upstream: async (request) => {
        sent.push({
          host: new URL(request.url).host,
          accessKeyId: /Credential=(\w+)/.exec(request.headers.get('authorization') ?? '')?.[1],
          body: await request.clone().text(),
        });
        return emulator.fetch(request);
      },
    },
  );
  return { service, clock, emulator, sent };
}

const anHourAgo = (clock: ManualClock, account = ACCOUNTS[0]) =>
  scenarioArn('CaughtError', clock.now() - 3_600_000, UUID, account);

const rolesOf = (externalId: string) =>
  Object.fromEntries(ACCOUNTS.map((account) => [roleOf(account), { externalId }]));

const withRole = { AWS_ROLE_ARN: 'arn:aws:iam::*:role/flowtap/reader', AWS_EXTERNAL_ID: EXTERNAL_ID };

async function inTime<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let over = false;
  void work.finally(() => (over = true)).catch(() => undefined);
  while (!over) {
    await settle();
    if (!over) await clock.advance(100);
  }
  return work;
}

describe('a role with * as its account', () => {
  test("is assumed in each execution's account with the external id, once for all readers", async () => {
    const { service, clock, sent, emulator } = await serviceWith(rolesOf(EXTERNAL_ID), withRole);
    for (const account of ACCOUNTS) {
      const arns = [anHourAgo(clock, account), `${anHourAgo(clock, account)}-b`];
      const pages = await inTime(
        clock,
        Promise.all(
          arns.flatMap((arn) => [service.get(path(arn)), service.get(path(arn, 'last=3'))]).map(pageOf),
        ),
      );
      expect(pages.every(({ messages }) => messages.length >= 3)).toBe(true);
    }
    const assumed = sent.filter(({ body }) => body.includes('Action=AssumeRole'));
    expect(assumed.map(({ host }) => host)).toEqual(ACCOUNTS.map(() => 'sts.us-west-2.amazonaws.com'));
    expect(assumed.map(({ body }) => new URLSearchParams(body).get('RoleArn'))).toEqual(ACCOUNTS.map(roleOf));
    expect(assumed.every(({ accessKeyId }) => accessKeyId === 'AKIAEXAMPLE')).toBe(true);
    const read = sent.filter(({ body }) => !body.includes('Action=AssumeRole'));
    // Only session credentials (ASIA…) read histories, and each account has its own session.
    expect(new Set(read.map(({ accessKeyId }) => accessKeyId?.slice(0, 4)))).toEqual(new Set(['ASIA']));
    expect(new Set(read.map(({ accessKeyId }) => accessKeyId)).size).toBe(ACCOUNTS.length);
    expect(emulator.stats().refused.calls).toBe(0);
  });

  test('gets a new session before the old one expires, without a failed read', async () => {
    const { service, clock, sent } = await serviceWith(rolesOf(EXTERNAL_ID), withRole);
    for (let quarter = 0; quarter < 9; quarter++) {
      const arn = scenarioArn('LambdaCalls', clock.now() - 60_000, UUID);
      expect((await inTime(clock, service.get(path(arn)))).status).toBe(200);
      await clock.advance(15 * 60_000);
    }
    const assumed = sent.filter(({ body }) => body.includes('Action=AssumeRole')).length;
    expect(assumed).toBeGreaterThanOrEqual(2);
    expect(assumed).toBeLessThanOrEqual(4);
  });
});

describe('a role that cannot be assumed', () => {
  test.each([
    ['it has another external id', rolesOf('something else'), withRole],
    ['no external id is set', rolesOf(EXTERNAL_ID), { AWS_ROLE_ARN: withRole.AWS_ROLE_ARN }],
    ['it does not exist', {}, withRole],
  ])(
    '(because %s) causes a 502 without details for callers, and the log shows the reason',
    async (_, roles, more) => {
      const { service, clock, sent } = await serviceWith(roles, more);
      const arn = anHourAgo(clock);
      const problem = await problemOf(inTime(clock, service.get(path(arn))));
      expect(problem).toMatchObject({ status: 502, code: 'BadUpstream' });
      const exception = await exceptionOf(
        inTime(clock, callAws(service, { key: await service.key(), input: { flowExecutionId: arn } })),
      );
      expect(exception).toMatchObject({ name: 'InternalFailureException', status: 500 });
      const stream = await inTime(clock, service.get(path(arn), { Accept: 'text/event-stream' }));
      expect(stream.status).toBe(200);
      const text = await inTime(clock, stream.text());
      expect(text).toContain('event: problem');
      for (const shown of [JSON.stringify(problem), exception.message, text]) {
        expect(shown).not.toMatch(/AssumeRole|AccessDenied|arn:aws:iam|sts|external|AKIA|not authorized/i);
      }
      expect(sent.every(({ body }) => body.includes('Action=AssumeRole'))).toBe(true);
      const log = JSON.stringify(service.logged);
      expect(log).toContain('assume-role-failed');
      for (const secret of [EXTERNAL_ID, SECRET]) expect(log).not.toContain(secret);
    },
  );

  test('does not affect Things Graph, which is read with the credentials of the AWS user', async () => {
    const { service, clock, sent } = await serviceWith({}, withRole);
    // The emulator does not have this flow. It only matters that the user's own credentials were used.
    await inTime(clock, service.get(path('no-such-flow')));
    expect(sent.at(-1)).toMatchObject({ accessKeyId: 'AKIAEXAMPLE' });
    expect(sent.some(({ body }) => body.includes('AssumeRole'))).toBe(false);
  });
});
