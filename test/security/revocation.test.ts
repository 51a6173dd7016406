/**
 * Tests invariant 6 (docs/design.md) on the whole service in this process, with a clock that the tests advance.
 * Measures the delay that the service itself adds: keys are cached for 10 s, and open streams check their key
 * every 30 s.
 */
import { createHash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { generateApiKey } from '../../src/access/keys/api-key.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { openService, path, type ServiceUnderTest } from '../http/service-under-test.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { StreamReader } from '../support/sse-reader.ts';
import {
  archiveLong,
  bearer,
  EVENTS,
  openStream,
  openTenants,
  OWN,
  OWN_PATTERN,
  ticketFor,
} from './tenants.ts';

const MEMORY_MS = 10_000;
const CHECK_MS = 30_000;
/** How long a missing key is cached, as docs/storage.md states. */
const MISS_MS = 5_000;
const MINE = { executions: [OWN_PATTERN], tickets: true };

const idOf = (key: string): string => key.slice(4, 12);

async function revoke(service: ServiceUnderTest, key: string): Promise<void> {
  const response = await service.admin('POST', `/keys/${idOf(key)}/revoke`);
  expect(response.status).toBe(200);
}

/**
 * Returns the milliseconds until the stream closes. The clock advances in small steps, so that heartbeats are read.
 */
async function msUntilOver(clock: ManualClock, reader: StreamReader, atMostMs: number): Promise<number> {
  const fromMs = clock.now();
  while (!reader.ended && clock.now() - fromMs < atMostMs) await clock.advance(500);
  expect(reader.ended).toBe(true);
  return clock.now() - fromMs;
}

const problemIn = (reader: StreamReader): unknown =>
  // Safety: the test compares the content of `code`.
  (JSON.parse(reader.named('problem')[0]?.data ?? '{}') as { code?: unknown }).code;

describe('a revoked key', () => {
  test.each([0, 1, 9_999, 29_999])(
    'has its open streams closed with a problem within 30 s by the process that revoked it (%i ms after they opened)',
    async (afterMs) => {
      const service = await openTenants();
      const key = await service.key(MINE);
      await service.clock.advance(1_001);
      const ticket = await ticketFor(service, key, OWN.running);
      const streams = [
        await openStream(service, path(OWN.running), key),
        await openStream(service, path(OWN.running, `ticket=${ticket}`)),
      ];
      const bystander = await openStream(service, path(OWN.running), await service.key());
      await service.clock.advance(afterMs);
      await revoke(service, key);
      for (const { reader } of streams) {
        expect(await msUntilOver(service.clock, reader, 120_000)).toBeLessThanOrEqual(CHECK_MS);
        expect(problemIn(reader)).toBe('RevokedApiKey');
      }
      expect(bystander.reader.ended).toBe(false);
      await bystander.leave();
    },
  );

  test.each([0, 5_000, 15_000, 29_000])(
    'has its open streams closed within 40 s after the store shows that another process revoked it (%i ms after they opened)',
    async (afterMs) => {
      const clock = new ManualClock();
      const store = createMemoryStore({ clock });
      const here = await openTenants({ clock, store });
      const elsewhere = await openService({}, { clock, store });
      const key = await elsewhere.key(MINE);
      await clock.advance(1_001);
      const { reader } = await openStream(here, path(OWN.running), key);
      await clock.advance(afterMs);
      // Another request keeps the cached key as fresh as possible.
      expect((await here.fetch(path(OWN.running), { headers: bearer(key) })).status).toBe(200);
      await revoke(elsewhere, key);
      expect(await msUntilOver(clock, reader, 120_000)).toBeLessThanOrEqual(CHECK_MS + MEMORY_MS);
      expect(problemIn(reader)).toBe('RevokedApiKey');
      const refused = await here.fetch(path(OWN.running), { headers: { ...bearer(key), ...EVENTS } });
      expect(refused.status).toBe(401);
    },
  );

  test('is refused immediately by the process that revoked it, and by other processes once their cached key has expired', async () => {
    const clock = new ManualClock();
    const store = createMemoryStore({ clock });
    const here = await openTenants({ clock, store });
    const elsewhere = await openTenants({ clock, store });
    const key = await here.key(MINE);
    const ticket = await ticketFor(here, key, OWN.running);
    const urls = [path(OWN.running), path(OWN.running, '', ''), '/v1/key'];
    const statuses = async (service: ServiceUnderTest) => [
      ...(await Promise.all(urls.map((url) => service.fetch(url, { headers: bearer(key) })))).map(
        ({ status }) => status,
      ),
      (await service.fetch(path(OWN.running, `ticket=${ticket}`))).status,
    ];
    expect(await statuses(elsewhere)).toEqual([200, 200, 200, 200]);
    await clock.advance(1_001);
    await revoke(here, key);
    expect(await statuses(here)).toEqual([401, 401, 401, 401]);
    // The key of a ticket is checked before the route rejects tickets.
    expect((await here.fetch(`/v1/key?ticket=${ticket}`)).status).toBe(401);
    await clock.advance(MEMORY_MS);
    expect(await statuses(elsewhere)).toEqual([401, 401, 401, 401]);
  });

  test('also has the stream of an archived history closed if the reader is slow', async () => {
    const service = await openService();
    await archiveLong(service, 'long');
    const key = await service.key();
    const sleepersBefore = service.clock.sleepers;
    const response = await service.fetch(path('long'), { headers: { ...bearer(key), ...EVENTS } });
    const reader = new StreamReader(response.body);
    await service.clock.advance(1_001);
    await revoke(service, key);
    const revokedAtMs = service.clock.now();
    while (service.clock.now() - revokedAtMs < CHECK_MS) {
      expect(await reader.readOne()).toBe(true);
      await service.clock.advance(5_000);
    }
    await reader.readAll();
    expect(problemIn(reader)).toBe('RevokedApiKey');
    // The reader got only the messages that were queued before the stream was closed.
    expect(reader.messageIds.length).toBeLessThan(500);
    // The closed stream has left no timer behind.
    expect(service.clock.sleepers).toBe(sleepersBefore);
  });
});

describe('with a known end time,', () => {
  test.each([
    ['of a running execution', OWN.running],
    ['of an archived execution that is read slowly', 'long'],
  ])('a stream %s closes exactly when its ticket expires', async (_, id) => {
    const service = await openTenants();
    await archiveLong(service, 'long');
    const key = await service.key({ executions: ['*'], tickets: true });
    const ticket = await ticketFor(service, key, id, { ttlSeconds: 7 });
    const response = await service.fetch(path(id, `ticket=${ticket}`), { headers: EVENTS });
    const reader = new StreamReader(response.body);
    if (id === OWN.running) void reader.readAll();
    await service.clock.advance(6_999);
    expect(reader.ended).toBe(false);
    expect(reader.named('problem')).toEqual([]);
    await service.clock.advance(1);
    if (id !== OWN.running) await reader.readAll();
    await settle();
    expect(reader.ended).toBe(true);
    expect(problemIn(reader)).toBe('ExpiredTicket');
    expect((await service.fetch(path(id, `ticket=${ticket}`))).status).toBe(401);
  });

  test('streams close exactly when their key expires, or when the overlap of their rotated credential ends', async () => {
    const service = await openTenants();
    const expiresAt = new Date(service.clock.now() + 50_000).toISOString();
    const short = await service.key({ ...MINE, expiresAt });
    const rotated = await service.key(MINE);
    await service.clock.advance(1_001);
    const answer = await service.admin('POST', `/keys/${idOf(rotated)}/rotate`, { overlapSeconds: 20 });
    // Safety: the answer to a rotation has the new `key`.
    const { key: next } = (await answer.json()) as { key: string };
    const streams = [
      await openStream(service, path(OWN.running), short),
      await openStream(service, path(OWN.running), rotated),
      await openStream(service, path(OWN.running), next),
    ] as const;
    const endedAfterMs = async (index: 0 | 1) => msUntilOver(service.clock, streams[index].reader, 60_000);
    expect(await endedAfterMs(1)).toBe(20_000);
    expect(problemIn(streams[1].reader)).toBe('ExpiredApiKey');
    expect(await endedAfterMs(0)).toBe(29_000);
    expect(problemIn(streams[0].reader)).toBe('ExpiredApiKey');
    expect(streams[2].reader.ended).toBe(false);
    await streams[2].leave();
  });
});

describe('an end time that changes while a stream is open', () => {
  test.each([
    ['of a running execution', OWN.running],
    ['of an archived execution that is read slowly', 'long'],
  ])('applies to the stream %s: a later end keeps it open, an earlier end closes it', async (_, id) => {
    const service = await openTenants();
    await archiveLong(service, 'long');
    const inMs = (ms: number) => ({ expiresAt: new Date(service.clock.now() + ms).toISOString() });
    const key = await service.key({ executions: ['*'], ...inMs(50_000) });
    const response = await service.fetch(path(id), { headers: { ...bearer(key), ...EVENTS } });
    const reader = new StreamReader(response.body);
    if (id === OWN.running) void reader.readAll();
    // A reader that reads nothing would be disconnected as too slow.
    const pass = async (ms: number) => {
      for (let leftMs = ms; leftMs > 0; leftMs -= 5_000) {
        await service.clock.advance(Math.min(5_000, leftMs));
        if (id !== OWN.running) await reader.readOne();
      }
    };
    await pass(40_000);
    expect((await service.admin('PATCH', `/keys/${idOf(key)}`, inMs(300_000))).status).toBe(200);
    await pass(60_000);
    expect(reader.ended).toBe(false);
    expect(reader.named('problem')).toEqual([]);
    // The new end is after the next regular check, so the stream reads it at that check.
    expect((await service.admin('PATCH', `/keys/${idOf(key)}`, inMs(CHECK_MS + 5_001))).status).toBe(200);
    const endsAtMs = service.clock.now() + CHECK_MS + 5_001;
    await pass(CHECK_MS + 5_000);
    expect(reader.ended).toBe(false);
    await service.clock.advance(1);
    expect(service.clock.now()).toBe(endsAtMs);
    await reader.readAll();
    expect(problemIn(reader)).toBe('ExpiredApiKey');
  });
});

test('the open streams of a key that loses its patterns or payloads close within 30 s, as after a revocation', async () => {
  for (const change of [{ executions: ['something else'] }, { payloads: 'none' }]) {
    const service = await openTenants();
    const key = await service.key(MINE);
    await service.clock.advance(1_001);
    const { reader } = await openStream(service, path(OWN.running), key);
    expect((await service.admin('PATCH', `/keys/${idOf(key)}`, change)).status).toBe(200);
    expect(await msUntilOver(service.clock, reader, 120_000)).toBeLessThanOrEqual(CHECK_MS);
    expect(reader.named('problem')).toHaveLength(1);
  }
});

test('a key that was used before it existed works once the cached miss has expired, 5 s later', async () => {
  const { text } = generateApiKey((length) => new Uint8Array(length).fill(7));
  const service = await openTenants();
  expect((await service.fetch('/v1/key', { headers: bearer(text) })).status).toBe(401);
  const reads = service.store.reads('key/credential/');
  expect((await service.fetch('/v1/key', { headers: bearer(text) })).status).toBe(401);
  expect(service.store.reads('key/credential/')).toBe(reads);
  // The key is created by another process: only its records appear in the store.
  const other = await service.key(MINE);
  const records = await recordsOf(service, other, text);
  for (const [name, value] of records) await service.store.put(name, value);
  await service.clock.advance(MISS_MS - 1);
  expect((await service.fetch('/v1/key', { headers: bearer(text) })).status).toBe(401);
  await service.clock.advance(1);
  expect((await service.fetch('/v1/key', { headers: bearer(text) })).status).toBe(200);
});

/** Returns the records of the key `from`, rewritten for the key `to`. */
async function recordsOf(service: ServiceUnderTest, from: string, to: string): Promise<[string, string][]> {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const { keys } = await service.store.list({ prefix: 'key/' });
  const named = keys.map(({ name }) => name).filter((name) => name.includes(idOf(from)));
  const entries = await service.store.getMany(named);
  const renamed = (text: string) =>
    text
      .replaceAll(from.slice(4, 14), to.slice(4, 14))
      .replaceAll(idOf(from), idOf(to))
      .replaceAll(hash(from), hash(to));
  return named.map((name, index) => [renamed(name), renamed(entries[index]?.value ?? '')]);
}
