/**
 * Uses secrets in every correct and incorrect way. Then searches the whole log and every stored value for each
 * secret and for parts of it.
 */
import { expect, test } from 'vitest';

import { ADMIN_TOKEN, ORIGIN, path, type ServiceUnderTest } from '../http/service-under-test.ts';
import {
  answered,
  awsCall,
  bearer,
  EVENTS,
  everythingIn,
  everythingStored,
  logText,
  openStream,
  openTenants,
  OWN,
  OWN_PATTERN,
  ticketFor,
  warm,
} from './tenants.ts';

const SIGNING_SECRET = 'a signing secret of more than thirty-two characters';
const UPSTREAM_SECRET = 'the secret of the upstream';
const MINE = { executions: [OWN_PATTERN, 'ftk*', '*.*'], tickets: true };

/**
 * Returns the texts to search for: for a key, its secret part and the start of that part; for other secrets, the
 * whole text and its end.
 */
const tracesOf = (secret: string): string[] =>
  secret.startsWith('ftk_') ? [secret.slice(15), secret.slice(15, 35)] : [secret, secret.slice(-24)];

/** Sends requests with the text in every part of a request that can contain it. Returns the answers. */
async function putEverywhere(service: ServiceUnderTest, text: string, good: string): Promise<string[]> {
  const encoded = encodeURIComponent(text);
  const half = encodeURIComponent(text.slice(0, -20));
  const requests: [string, RequestInit][] = [
    [path(OWN.ended, `ticket=${encoded}`), {}],
    [path(OWN.ended, `ticket=${encoded}&ticket=${half}`), {}],
    [
      path(OWN.ended, `Ticket=${encoded}&token=${encoded}&${encoded}=1&maxResults=1`),
      { headers: bearer(good) },
    ],
    [path(OWN.ended, `api_key=${encoded}`), {}],
    [path(OWN.ended, `cursor=${encoded}`), { headers: bearer(good) }],
    [path(OWN.ended, `eventTypes=${encoded}&from=${encoded}`), { headers: bearer(good) }],
    [path(OWN.ended, `maxResults=${encoded}`), { headers: bearer(good) }],
    [`/v1/key?flowExecutionId=${encoded}`, { headers: bearer(good) }],
    [`/${encoded}`, { headers: bearer(good) }],
    [`/v1/admin/keys/${encoded}`, { headers: bearer(ADMIN_TOKEN) }],
    [`/v1/admin/keys?cursor=${encoded}`, { headers: bearer(ADMIN_TOKEN) }],
    [`/v1/admin/executions?cursor=${encoded}&status=${encoded}`, { headers: bearer(ADMIN_TOKEN) }],
    [path(OWN.ended), { headers: bearer(text) }],
    [path(OWN.ended), { headers: { Authorization: `Basic ${text}` } }],
    [path(OWN.ended), { headers: { 'X-API-Key': text } }],
    [path(OWN.ended), { headers: { 'X-API-Key': text, ...bearer(`${text}x`) } }],
    [path(OWN.ended), { headers: { ...bearer(good), 'Last-Event-ID': text, ...EVENTS } }],
    [path(OWN.ended), { headers: { ...bearer(good), 'If-None-Match': text, 'X-Request-Id': text } }],
    [path(OWN.ended), { headers: { ...bearer(good), Origin: `https://${half}.example`, Referer: text } }],
    [path(OWN.ended), { method: text.replaceAll(/[^\w-]/g, '-'), headers: bearer(good) }],
    [path(OWN.ended, '', '/tickets'), { method: 'POST', headers: { ...bearer(good), 'Content-Type': text } }],
    ['/', { method: 'POST', headers: { 'X-Amz-Target': text, 'X-Amz-Security-Token': text } }],
  ];
  for (const body of [{ [text]: 1 }, { payloads: text }, { ttlSeconds: text }, text, [text]]) {
    const init = { method: 'POST', body: JSON.stringify(body) };
    const json = { 'Content-Type': 'application/json' };
    requests.push([path(OWN.ended, '', '/tickets'), { ...init, headers: { ...bearer(good), ...json } }]);
    requests.push(['/v1/admin/keys', { ...init, headers: { ...bearer(ADMIN_TOKEN), ...json } }]);
  }
  const texts: string[] = [];
  for (const [url, init] of requests) {
    const response = await answered(service, service.fetch(url, init));
    texts.push(await everythingIn(response));
    await service.clock.advance(1_001);
  }
  for (const body of [
    { flowExecutionId: text },
    { flowExecutionId: OWN.ended, nextToken: text },
    { [text]: 1 },
    text,
  ]) {
    texts.push(await everythingIn(await answered(service, awsCall(service, good, body))));
    await answered(service, awsCall(service, text, { flowExecutionId: OWN.ended }));
  }
  return texts;
}

test('no log line and no stored value contains a key, ticket, admin token or AWS secret, however callers use them', async () => {
  const service = await openTenants();
  await warm(service);
  const secrets = [ADMIN_TOKEN, SIGNING_SECRET, UPSTREAM_SECRET];
  const made = async (input: Record<string, unknown> = {}) => {
    const text = await service.key({ ...MINE, ...input });
    secrets.push(text);
    return text;
  };
  const good = await made({ executions: ['*'] });
  const revoked = await made();
  const blind = await made({ payloads: 'none' });
  const ticket = await ticketFor(service, good, OWN.ended, { ttlSeconds: 3600 });
  const short = await ticketFor(service, good, OWN.ended, { ttlSeconds: 1 });
  secrets.push(ticket, short);

  // A key is rotated, changed and revoked, and an admin makes mistakes.
  await service.clock.advance(1_001);
  const rotated = await service.admin('POST', `/keys/${blind.slice(4, 12)}/rotate`, { overlapSeconds: 60 });
  // Safety: the answer to a rotation has the new `key`.
  secrets.push(((await rotated.json()) as { key: string }).key);
  await service.admin('PATCH', `/keys/${blind.slice(4, 12)}`, {
    name: 'new',
    owner: 'Ada',
    executions: ['*'],
  });
  await service.clock.advance(1_001);
  await service.admin('POST', `/keys/${revoked.slice(4, 12)}/revoke`);
  for (const body of [
    { name: good, payloads: 'full' },
    { name: 'x', owner: good, payloads: 'full' },
  ]) {
    expect((await service.admin('POST', '/keys', body)).status).toBe(400);
  }
  const pattern = await service.admin('POST', '/keys', { name: 'x', payloads: 'full', executions: [good] });
  expect(pattern.status).toBe(400);
  await service.admin('GET', '/keys');
  await service.admin('GET', '/executions');
  await service.admin(
    'PUT',
    `/executions/${encodeURIComponent('imported')}/messages`,
    `{"messageId":"${good}"`,
  );
  await service.admin('DELETE', `/executions/${encodeURIComponent(OWN.ended)}`);

  // Correct use of keys and tickets.
  await openStream(service, path(OWN.running, `ticket=${await ticketFor(service, good, OWN.running)}`));
  await openStream(service, path(OWN.running), good);
  await service.fetch(path(OWN.ended, `ticket=${ticket}`));
  await service.fetch(path(OWN.ended, `ticket=${short}`));
  await service.fetch(path(OWN.ended), { headers: bearer(revoked) });

  // Incorrect use, first while all is well, then while the upstream fails, then while the store fails too.
  for (const state of ['well', 'upstream', 'store'] as const) {
    if (state === 'upstream') await service.faults({ xmlErrorRate: 0.5, internalErrorRate: 0.5 });
    if (state === 'store') service.store.failReads();
    for (const secret of [good, revoked, ticket]) {
      const answers = await putEverywhere(service, secret, good);
      for (const trace of tracesOf(secret)) {
        expect(answers.filter((text) => text.includes(trace) && !text.includes('streamUrl'))).toEqual([]);
      }
    }
  }
  service.store.failReads(false);
  await service.faults({});
  await service.clock.advance(60_000);

  const log = logText(service.logged);
  const stored = await everythingStored(service);
  expect(service.logged.length).toBeGreaterThan(200);
  for (const event of ['request', 'key-created', 'key-rotated', 'key-revoked', 'key-changed']) {
    expect(new Set(service.logged.map((record) => record.event))).toContain(event);
  }
  expect(stored).toContain('key/credential/');
  for (const secret of secrets) {
    for (const trace of tracesOf(secret)) {
      expect(log.includes(trace), `in the log: ${trace.slice(0, 6)}…`).toBe(false);
      expect(stored.includes(trace), `stored: ${trace.slice(0, 6)}…`).toBe(false);
    }
  }
  // The id of a credential is not a secret, but the log does not need it.
  expect(log).not.toMatch(/[0-9a-f]{64}/);
  expect(log).not.toMatch(/eyJ[\w-]{20,}/);
  expect(log).not.toContain(ORIGIN);
});
