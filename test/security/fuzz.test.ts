/**
 * Sends 10,000 random requests. Each must get a documented answer, never a 500, and nothing that the caller is not
 * allowed to see.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ADMIN_TOKEN, path, type ServiceUnderTest } from '../http/service-under-test.ts';
import { runs } from '../support/seeded-random.ts';
import { type MadeUp, madeUp, madeUpByAdmin, type SecretName } from './requests.ts';
import {
  answered,
  everythingIn,
  everythingStored,
  logText,
  openTenants,
  OTHER,
  OWN,
  OWN_FLOWS,
  OWN_PATTERN,
  OWN_RUNS_PATTERN,
  PAYLOAD,
  ticketFor,
  VICTIM,
  warm,
} from './tenants.ts';

const RUNS = runs(10_000);
/**
 * The number of requests with the admin token. It is lower, because these requests write to the store, which is slow,
 * and there are only about twenty kinds of them.
 */
const ADMIN_RUNS = runs(1_000);

/** All pairs `status code` in the tables of docs/http-api.md. */
const DOCUMENTED: ReadonlySet<string> = new Set(
  readFileSync(new URL('../../docs/http-api.md', import.meta.url), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, status, codes] = /^\| (\d{3}) +\| (.*?) +\| /.exec(line) ?? [];
      return [...(codes ?? '').matchAll(/`(\w+)`/g)].map(([, code]) => `${status} ${code}`);
    }),
);
const SUCCESSES = [200, 201, 204, 304, 307];
const PROBLEM_MEMBERS = [
  'type',
  'title',
  'status',
  'detail',
  'code',
  'requestId',
  'errors',
  'retryAfterSeconds',
];

type Values = Readonly<Record<string, string>>;

/** Changes the second-to-last character, because decoding ignores some bits of the last character of a signature. */
const bent = (text: string): string =>
  `${text.slice(0, -2)}${text.at(-2) === 'A' ? 'B' : 'A'}${text.slice(-1)}`;

async function attacker(service: ServiceUnderTest): Promise<Record<SecretName, string>> {
  const mine = { executions: [OWN_PATTERN, OWN_RUNS_PATTERN], tickets: true };
  const full = await service.key(mine);
  const none = await service.key({ ...mine, payloads: 'none' });
  const cursorOf = async (id: string, query = 'maxResults=1') =>
    // Safety: the answer is a page.
    ((await (await service.get(path(id, query))).json()) as { cursor: string }).cursor;
  const own = await cursorOf(OWN.ended);
  const list = await service.get(`/v1/executions?flow=${OWN_FLOWS.machine}&maxResults=1`);
  // Safety: the answer is a page of a list.
  const { nextToken } = (await list.json()) as { nextToken: string };
  const ticket = await ticketFor(service, full, OWN.ended, { ttlSeconds: 3600 });
  const claims = ticket.split('.')[1] ?? '';
  const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  const revoked = await service.key(mine);
  const expired = await service.key({
    ...mine,
    expiresAt: new Date(service.clock.now() + 60_000).toISOString(),
  });
  await service.clock.advance(61_000);
  await service.admin('POST', `/keys/${revoked.slice(4, 12)}/revoke`);
  return {
    'key:full': full,
    'key:none': none,
    'key:nothing': await service.key({ executions: [], tickets: true }),
    'key:revoked': revoked,
    'key:expired': expired,
    'key:bent': bent(full),
    'ticket:full': ticket,
    'ticket:none': await ticketFor(service, none, OWN.ended, { ttlSeconds: 3600 }),
    'ticket:bent': bent(ticket),
    'ticket:unsigned': `${header}.${claims}.`,
    'cursor:own': own,
    'cursor:end': await cursorOf(OWN.ended, ''),
    'cursor:other': await cursorOf(OTHER.ended),
    'cursor:bent': bent(own),
    'cursor:list': nextToken,
  };
}

const fill = (text: string, values: Values): string =>
  text.replaceAll(/\{\{([\w:]+)\}\}/g, (slot, name: string) => values[name] ?? slot);

/**
 * Builds the request to send. Returns undefined if the runtime itself refuses to build it. Tests skip such requests.
 */
function requestOf({ method, path: rawPath, query, headers, body }: MadeUp, values: Values) {
  const search = query
    .map(([name, value]) => `${encode(fill(name, values))}=${encode(fill(value, values))}`)
    .join('&');
  const address = `${fill(rawPath, values)}${search === '' ? '' : `?${search}`}`;
  const init: RequestInit = { method };
  try {
    const all = new Headers();
    for (const [name, value] of headers) all.append(name, fill(value, values));
    const takesBody = !['GET', 'HEAD', 'get'].includes(method);
    Object.assign(init, {
      headers: all,
      ...(takesBody && body !== undefined && { body: fill(body, values) }),
    });
    const { pathname } = new URL(new Request(`https://flowtap.example${address}`, init).url);
    return { address, init, pathname };
  } catch {
    return undefined;
  }
}

const encode = (text: string): string => {
  try {
    return encodeURIComponent(text);
  } catch {
    return '%ED%A0%80';
  }
};

const isToAws = ({ headers }: MadeUp, pathname: string): boolean =>
  pathname === '/' || headers.some(([name]) => name === 'X-Amz-Target');

function expectWellFormed(response: Response, text: string, isAws: boolean): void {
  const { status, headers } = response;
  const requestId = headers.get('X-Request-Id');
  expect(requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
  expect(headers.get('Access-Control-Allow-Credentials')).toBeNull();
  expect(headers.get('Set-Cookie')).toBeNull();
  expect(headers.get('X-Injected')).toBeNull();
  if (SUCCESSES.includes(status)) return;
  expect(status).not.toBe(500);
  const body = text.slice(text.indexOf(']]') + 2);
  if (body === '') return;
  // Safety: the members are checked below.
  const json = JSON.parse(body) as Record<string, unknown>;
  if (isAws && headers.get('Content-Type') === 'application/x-amz-json-1.1') {
    expect({ status, members: Object.keys(json) }).toEqual({ status: 400, members: ['__type', 'message'] });
    return;
  }
  expect(headers.get('Content-Type')).toBe('application/problem+json');
  expect(DOCUMENTED).toContain(`${status} ${String(json['code'])}`);
  expect(json).toMatchObject({ status, requestId, type: `/docs/problems#${String(json['code'])}` });
  expect(PROBLEM_MEMBERS).toEqual(expect.arrayContaining(Object.keys(json)));
}

test('docs/http-api.md has tables of statuses and codes that this test can read', () => {
  expect(DOCUMENTED.size).toBeGreaterThan(25);
  expect(DOCUMENTED).toContain('403 AccessDeniedException');
});

test('every request of an attacker gets a documented answer without secrets or data of others', async () => {
  const service = await openTenants();
  await warm(service);
  let values = await attacker(service);
  let madeAtMs = service.clock.now();
  const used = new Set(
    Object.entries(values).flatMap(([name, text]) => (name.startsWith('cursor') ? [] : [text])),
  );
  const seen = new Map<number, number>();
  let address = 0;

  const check = async (request: MadeUp) => {
    // Waiting requests advance the clock. Renew keys and tickets before the tickets expire.
    if (service.clock.now() - madeAtMs > 3_000_000) {
      values = await attacker(service);
      madeAtMs = service.clock.now();
      for (const [name, text] of Object.entries(values)) if (!name.startsWith('cursor')) used.add(text);
    }
    const sent = requestOf(request, values);
    fc.pre(sent !== undefined);
    address += 1;
    // Each request comes from its own address, to stay below the limit for wrong keys.
    const response = await answered(service, service.fetch(sent.address, sent.init, `attacker ${address}`));
    const text = await everythingIn(response);
    seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
    expectWellFormed(response, text, isToAws(request, sent.pathname));
    expect(text).not.toContain(VICTIM);
    const written = JSON.stringify(request);
    if (!/key:full|ticket:full/.test(written)) expect(text).not.toContain(PAYLOAD);
    // No answer contains a secret that was used. (`used` does not contain the tickets that answers create.)
    for (const secret of used) {
      for (const part of partsOf(secret)) expect(text.includes(part)).toBe(false);
    }
  };
  await fc.assert(fc.asyncProperty(madeUp, check), { numRuns: RUNS, interruptAfterTimeLimit: 600_000 });

  const log = logText(service.logged);
  const stored = await everythingStored(service);
  for (const secret of [...used, ADMIN_TOKEN]) {
    for (const part of partsOf(secret)) {
      expect(log.includes(part)).toBe(false);
      expect(stored.includes(part)).toBe(false);
    }
  }
  expect(log).not.toContain(PAYLOAD);
  // Every kind of answer occurred.
  for (const status of [200, 201, 204, 400, 401, 403, 404, 405]) expect([...seen.keys()]).toContain(status);
}, 600_000);

/** Returns the texts that must not leak: the whole key and its secret part, or the whole ticket. */
const partsOf = (secret: string): string[] =>
  secret.startsWith('ftk_') ? [secret, secret.slice(15, 47)] : secret.length > 40 ? [secret] : [];

test('no request with the admin token causes a 500', async () => {
  const service = await openTenants();
  const values: Record<string, string> = { ...(await attacker(service)), admin: `Bearer ${ADMIN_TOKEN}` };
  values['id:key'] = (values['key:none'] ?? '').slice(4, 12);
  await fc.assert(
    fc.asyncProperty(madeUpByAdmin, async (request) => {
      // The store accepts one write per name and second.
      await service.clock.advance(1_001);
      const sent = requestOf(request, values);
      fc.pre(sent !== undefined);
      const response = await answered(service, service.fetch(sent.address, sent.init));
      const text = await everythingIn(response);
      // A path with `..` can lead out of /v1/admin, where AWS clients get answers in the AWS protocol.
      expectWellFormed(response, text, isToAws(request, sent.pathname));
      expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
      expect(text).not.toContain(ADMIN_TOKEN);
    }),
    { numRuns: ADMIN_RUNS },
  );
  expect(await everythingStored(service)).not.toContain(ADMIN_TOKEN);
  expect(logText(service.logged)).not.toContain(ADMIN_TOKEN);
}, 600_000);
