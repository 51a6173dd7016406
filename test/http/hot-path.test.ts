/**
 * A page is encoded once and then served from memory. The tests count the work of the service: hashes, MACs, JSON and
 * UTF-8 encodings, copies of bytes, and abort signals. Only the hash that authenticates the caller remains.
 */
import crypto, { Hash, Hmac } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { endedLongAgo, openService, pageOf, path, type ServiceUnderTest } from './service-under-test.ts';
import type { ScriptedMessage } from '../support/emulator-control.ts';

const ID = 'flow-1';

let service: ServiceUnderTest;
beforeEach(async () => {
  service = await openService();
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

interface Work {
  hashes: number;
  macs: number;
  json: number;
  encodings: number;
  copies: number;
  signals: number;
}

/** Counts only calls from src/, because the runtime and the tests call the same functions. */
function countWork(): Work {
  const work: Work = { hashes: 0, macs: 0, json: 0, encodings: 0, copies: 0, signals: 0 };
  const count = (kind: keyof Work) => {
    const caller = new Error().stack
      ?.split('\n')
      .find((line) => /\/(?:src|test)\//.test(line) && !line.includes('hot-path'));
    if (caller?.includes('/src/')) work[kind]++;
  };
  const watch = <K extends string>(
    of: Record<K, (...given: never[]) => unknown>,
    name: K,
    kind: keyof Work,
  ) => {
    const real = of[name];
    vi.spyOn(of as Record<string, () => unknown>, name).mockImplementation(function (
      this: unknown,
      ...given
    ) {
      count(kind);
      return Reflect.apply(real, this, given);
    });
  };
  watch(Hash.prototype as never, 'digest', 'hashes');
  watch(crypto as never, 'hash', 'hashes');
  // Makes the spy visible to src/, which imports `hash` by name.
  syncBuiltinESMExports();
  watch(Hmac.prototype as never, 'digest', 'macs');
  watch(JSON as never, 'stringify', 'json');
  watch(TextEncoder.prototype as never, 'encode', 'encodings');
  watch(Buffer as never, 'from', 'copies');
  const signalOf = Object.getOwnPropertyDescriptor(Request.prototype, 'signal')?.get;
  vi.spyOn(Request.prototype, 'signal', 'get').mockImplementation(function (this: Request) {
    count('signals');
    return signalOf?.call(this);
  });
  return work;
}

const NOTHING_BUT_THE_KEY = { hashes: 1, macs: 0, json: 0, encodings: 0, copies: 0, signals: 0 };

/** Archives the execution and reads it once, so that this isolate's memory has the page. */
async function archived(
  messages: readonly ScriptedMessage[] = endedLongAgo(service.clock, 300),
): Promise<void> {
  await service.script(ID, messages);
  await service.get(path(ID, 'last=1'));
  await service.clock.advance(1);
  service.restart();
  expect((await service.get(path(ID))).headers.get('Cache-Status')).toBe('flowtap; hit; detail=kv');
}

describe('an archived page', () => {
  test.each([
    ['the first page', async () => ''],
    ['the newest messages', async () => 'last=5'],
    ['a filtered page', async () => 'eventTypes=STEP_STARTED&maxResults=7'],
    ['a later page', async () => `cursor=${(await pageOf(service.get(path(ID)))).cursor}`],
  ])('is encoded once: for %s, the second read only hashes the key', async (_, queryOf) => {
    await archived();
    const url = path(ID, await queryOf());
    const first = await service.get(url);
    const work = countWork();
    const again = await service.get(url);
    expect(work).toEqual(NOTHING_BUT_THE_KEY);
    expect(await again.text()).toBe(await first.text());
    for (const name of ['ETag', 'Link', 'Cache-Control', 'Content-Type']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(again.headers.get('Cache-Status')).toBe('flowtap; hit; detail=memory');
    expect(again.headers.get('X-Request-Id')).not.toBe(first.headers.get('X-Request-Id'));
  });

  test('is shared by equal filters, however they are written, and its Link has the normalised filter', async () => {
    await archived();
    const first = await service.get(path(ID, 'maxResults=7&eventTypes=STEP_STARTED,EXECUTION_STARTED'));
    const work = countWork();
    const other = await service.get(
      path(ID, 'eventTypes=EXECUTION_STARTED,STEP_STARTED,EXECUTION_STARTED&maxResults=7'),
    );
    expect(work).toEqual(NOTHING_BUT_THE_KEY);
    expect(other.headers.get('ETag')).toBe(first.headers.get('ETag'));
    expect(other.headers.get('Link')).toBe(first.headers.get('Link'));
    expect(other.headers.get('Link')).toMatch(
      /^<\?maxResults=7&eventTypes=EXECUTION_STARTED%2CSTEP_STARTED&cursor=[\w-]+>; rel="next"$/,
    );
  });

  test('never reaches a caller with less access, whichever key read it first', async () => {
    await archived();
    const none = await service.key({ payloads: 'none' });
    const full = await service.key();
    const get = (key: string, url: string) => service.fetch(url, { headers: { 'X-API-Key': key } });
    const { cursor } = await pageOf(service.get(path(ID, 'maxResults=2')));
    for (const query of ['', 'last=5', 'eventTypes=STEP_STARTED', `cursor=${cursor}&maxResults=3`]) {
      for (const key of [full, none, full, none, none]) {
        const { messages } = await pageOf(get(key, path(ID, query)));
        expect(messages.length).toBeGreaterThan(0);
        for (const { payload } of messages) {
          expect(payload).toEqual(key === full ? expect.any(String) : undefined);
        }
      }
    }
  });

  test('is no longer served once an imported history has replaced it', async () => {
    await archived();
    await service.get(path(ID));
    // The store accepts one write of a record per second.
    await service.clock.advance(1_000);
    const line = JSON.stringify({ messageId: 'new', eventType: 'EXECUTION_FAILED', payload: 'imported' });
    const imported = await service.admin('PUT', `/executions/${ID}/messages`, `${line}\n`, {
      'Content-Type': 'application/x-ndjson',
    });
    expect(imported.status).toBe(200);
    expect((await pageOf(service.get(path(ID)))).messages.map(({ messageId }) => messageId)).toEqual(['new']);
  });
});

describe('a page of a running execution', () => {
  beforeEach(() =>
    service.script(ID, [
      { eventType: 'EXECUTION_STARTED', payload: 'first' },
      { eventType: 'STEP_STARTED', payload: 'second', afterMs: 60_000 },
    ]),
  );

  test('is encoded once for all callers who read it at the same time', async () => {
    const first = await service.get(path(ID));
    const work = countWork();
    const others = await Promise.all(Array.from({ length: 10 }, () => service.get(path(ID))));
    expect(work).toMatchObject({ macs: 0, encodings: 0 });
    for (const other of others) expect(other.headers.get('ETag')).toBe(first.headers.get('ETag'));
  });

  test('is encoded again when a message was added', async () => {
    const before = await service.get(path(ID));
    await service.clock.advance(61_000);
    const after = await service.get(path(ID));
    expect(after.headers.get('ETag')).not.toBe(before.headers.get('ETag'));
    expect((await pageOf(after)).messages).toHaveLength(2);
  });

  test('never reaches a caller with less access', async () => {
    const key = await service.key({ payloads: 'none' });
    expect((await pageOf(service.get(path(ID)))).messages[0]?.payload).toBe('first');
    const page = await pageOf(service.fetch(path(ID), { headers: { 'X-API-Key': key } }));
    expect(page.messages[0]).toMatchObject({ eventType: 'EXECUTION_STARTED' });
    expect(page.messages[0]).not.toHaveProperty('payload');
  });
});
