/** POST /v1/admin/probe shows problems with AWS or the store, but only to the admin. */
import { beforeEach, describe, expect, test } from 'vitest';

import { parseAllowedAccounts } from '../../src/sources/step-functions/allowed-accounts.ts';
import { LISTED_PLACES_MAX, PROBES_MAX } from '../../src/sources/probe.ts';
import type { Settings } from '../../src/config.ts';
import { type ServiceUnderTest, openService } from './service-under-test.ts';

const SECRET = 'not the secret of the upstream';
const WRONG_SECRET: Partial<Settings> = {
  credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: SECRET },
};
const ACCOUNTS = 'us-west-2:123456789012,us-west-2:210987654321';

const allowing = (accounts: string): Partial<Settings> => ({
  stepFunctionsAllowed: parseAllowedAccounts(accounts) ?? new Set(),
});

async function probe(service: ServiceUnderTest) {
  const response = await service.admin('POST', '/probe');
  expect(response.status).toBe(200);
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  const text = await response.text();
  // Safety: the route answers in this shape. Tests check the other members.
  const report = JSON.parse(text) as {
    readonly sources: readonly { readonly source: string; readonly [member: string]: unknown }[];
    readonly skipped?: number;
    readonly lists: readonly { readonly action: string; readonly [member: string]: unknown }[];
    readonly store: object;
  };
  return { text, ...report };
}

let service: ServiceUnderTest;
beforeEach(async () => {
  service = await openService(allowing(ACCOUNTS));
});

describe('a probe', () => {
  test('calls each region and account in the settings, and reports that all can be read and listed', async () => {
    const before = service.calls();
    const { sources, lists, store, skipped } = await probe(service);
    expect(sources).toEqual([
      { source: 'things-graph', region: 'us-west-2', ok: true, ms: expect.any(Number) },
      {
        source: 'step-functions',
        region: 'us-west-2',
        account: '123456789012',
        ok: true,
        ms: expect.any(Number),
      },
      {
        source: 'step-functions',
        region: 'us-west-2',
        account: '210987654321',
        ok: true,
        ms: expect.any(Number),
      },
    ]);
    expect(store).toEqual({ ok: true, ms: expect.any(Number) });
    expect(skipped).toBeUndefined();
    const action = (name: string, account: string) => ({
      source: 'step-functions',
      region: 'us-west-2',
      account,
      action: `states:${name}`,
      ok: true,
      ms: expect.any(Number),
    });
    const accounts = ['123456789012', '210987654321'];
    const actions = ['ListStateMachines', 'ListExecutions'];
    expect(lists).toEqual(accounts.flatMap((of) => actions.map((name) => action(name, of))));
    expect(service.calls() - before).toBe(3 + 4);
  });

  test("shows AWS's code and reason for a wrong AWS secret, but not the secret", async () => {
    service = await openService({ ...allowing(ACCOUNTS), ...WRONG_SECRET });
    const { sources, text } = await probe(service);
    expect(sources.map(({ ok, code }) => ({ ok, code }))).toEqual(
      Array.from({ length: 3 }, () => ({ ok: false, code: 'InvalidSignatureException' })),
    );
    expect(sources[0]?.['reason']).toMatch(
      /^ListFlowExecutionMessages: HTTP 4\d\d, InvalidSignatureException.*: ./,
    );
    expect(text).not.toContain(SECRET);
    // For the same fault, other callers get a 502 without AWS's text.
    const page = await service.get('/v1/executions/x/messages');
    expect(page.status).toBe(502);
    expect(await page.text()).not.toContain('Signature');
  });

  test.each([
    ['AccessDeniedException', 'AccessDeniedException', 'User: x is not authorized to perform: y'],
    ['ExpiredTokenException', 'com.amazon.coral.service#ExpiredTokenException', 'The security token expired'],
  ])("reports %s with AWS's code and message", async (code, type, message) => {
    const upstream = async () => Response.json({ __type: type, message }, { status: 400 });
    service = await openService(allowing(ACCOUNTS), { upstream });
    for (const source of (await probe(service)).sources) {
      expect(source).toMatchObject({ ok: false, code, reason: expect.stringContaining(message) });
    }
  });

  test('reports a role that cannot be assumed, with the code from STS', async () => {
    const roles = { roleArn: 'arn:aws:iam::*:role/flowtap', stsEndpoint: 'http://upstream.example' };
    const denied =
      '<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to assume it</Message></Error></ErrorResponse>';
    service = await openService(
      { ...allowing(ACCOUNTS), ...roles },
      {
        upstream: async (request) =>
          request.headers.has('X-Amz-Target')
            ? Response.json({ __type: 'ResourceNotFoundException' }, { status: 400 })
            : new Response(denied, { status: 403 }),
      },
    );
    const { sources } = await probe(service);
    expect(sources.map(({ ok, code }) => [ok, code])).toEqual([
      [true, undefined],
      [false, 'AccessDenied'],
      [false, 'AccessDenied'],
    ]);
    expect(sources[1]?.['reason']).toMatch(/^AssumeRole: HTTP 403, AccessDenied/);
  });

  test('reports that AWS cannot be reached', async () => {
    service.stopUpstream();
    const probing = probe(service);
    await service.clock.advance(30_000);
    for (const source of (await probing).sources) {
      expect(source).toMatchObject({ ok: false, code: 'upstream-internal' });
    }
  });

  test('names the missing permission for lists, and reports that executions can be read', async () => {
    await service.faults({ denied: ['ListExecutions'] });
    const { sources, lists } = await probe(service);
    expect(sources.every(({ ok }) => ok === true)).toBe(true);
    expect(lists.map(({ action, ok, code }) => ({ action, ok, code })).slice(0, 2)).toEqual([
      { action: 'states:ListStateMachines', ok: true, code: undefined },
      { action: 'states:ListExecutions', ok: false, code: 'AccessDeniedException' },
    ]);
    expect(lists[1]?.['reason']).toContain('states:ListExecutions');
  });

  test('reports that the store cannot be written, and still calls the sources', async () => {
    service.store.failAfterWrites(0);
    const { sources, store } = await probe(service);
    expect(store).toMatchObject({ ok: false, reason: expect.stringContaining('500') });
    expect(sources.every(({ ok }) => ok === true)).toBe(true);
  });

  test(`makes at most ${PROBES_MAX} calls, and reports how many entries it skipped`, async () => {
    const accounts = Array.from({ length: PROBES_MAX + 4 }, (_, n) => `us-west-2:${100_000_000_000 + n}`);
    service = await openService(allowing(accounts.join()));
    const before = service.calls();
    const { sources, skipped } = await probe(service);
    expect({ asked: sources.length, skipped }).toEqual({ asked: PROBES_MAX, skipped: 5 });
    expect(service.calls() - before).toBe(PROBES_MAX + 2 * LISTED_PLACES_MAX);
  });

  test('uses an ARN in the partition of the region', async () => {
    const asked: string[] = [];
    const upstream = async (request: Request) => {
      asked.push(await request.text());
      return Response.json({ __type: 'ExecutionDoesNotExist' }, { status: 400 });
    };
    const accounts = ['us-gov-west-1', 'cn-north-1', 'eu-west-1'].map((region) => `${region}:123456789012`);
    service = await openService(allowing(accounts.join()), { upstream });
    await probe(service);
    const partitions = asked.map((body) => /arn:([^:]+):/.exec(body)?.[1]);
    expect(new Set(partitions)).toEqual(new Set([undefined, 'aws-us-gov', 'aws-cn', 'aws']));
  });

  test('can be repeated within a second', async () => {
    for (let n = 0; n < 2; n++) expect((await probe(service)).store).toMatchObject({ ok: true });
  });

  test('writes no text of AWS to the log', async () => {
    service = await openService({ ...allowing(ACCOUNTS), ...WRONG_SECRET });
    await probe(service);
    expect(service.requests().at(-1)).toMatchObject({ route: 'admin-probe', status: 200 });
    expect(JSON.stringify(service.requests())).not.toContain('Signature');
  });
});
