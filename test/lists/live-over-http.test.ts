/**
 * Tests the live list through the whole service: what a client of GET /v1/executions gets. The upstream is the
 * emulator, whose lists lag like those of AWS.
 */
import { beforeEach, describe, expect, test } from 'vitest';

import { KEY_CHECK_MS } from '../../src/executions/following/stream-key.ts';
import { openService, problemOf, type ServiceUnderTest } from '../http/service-under-test.ts';
import { settle } from '../support/manual-clock.ts';
import { StreamReader } from '../support/sse-reader.ts';

const HOME = 'arn:aws:states:us-west-2:123456789012';
const DOOR = `${HOME}:stateMachine:Door`;
const WITHIN_MS = 5_000;

let service: ServiceUnderTest;
let everything: string;
beforeEach(async () => {
  service = await openService();
  everything = await service.key({ streamLimit: 1_000 });
});

class LiveList extends StreamReader {
  readonly response: Response;

  constructor(response: Response) {
    super(response.body);
    this.response = response;
  }

  /** Each event as `name status`, in the order received. */
  get sent(): string[] {
    return this.named('execution').map(({ data }) => {
      const { name, status } = JSON.parse(data);
      return `${name} ${status}`;
    });
  }

  get problems(): string[] {
    return this.named('problem').map(({ data }) => JSON.parse(data).code);
  }
}

const request = (key: string, query: Readonly<Record<string, string>> = {}, signal?: AbortSignal) =>
  service.fetch(`/v1/executions?${new URLSearchParams({ flow: DOOR, ...query })}`, {
    headers: { Authorization: `Bearer ${key}`, Accept: 'text/event-stream' },
    ...(signal && { signal }),
  });

async function open(query?: Readonly<Record<string, string>>, key = everything): Promise<LiveList> {
  const response = await request(key, query);
  expect(response.status).toBe(200);
  const reader = new LiveList(response);
  void reader.readAll();
  await settle();
  return reader;
}

const ago = (ms: number) => service.clock.now() - ms;
/** The number of list calls that reached the upstream. */
const calls = () => service.calls();

describe('a live list', () => {
  test('is an event stream, with headers that tell proxies not to store, transform or buffer it', async () => {
    await service.runs(DOOR, [{ name: 'one', startedAt: ago(60_000) }]);
    const { response, events, parser } = await open();
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(events.map(({ event }) => event)).toEqual(['execution', 'caught-up']);
    expect(parser.lastEventId).toBe('');
    expect(parser.retryMs).toBeGreaterThanOrEqual(1_000);
  });

  test('shows a start within 5 s, and an end within 5 s even if the execution is not on the newest page', async () => {
    const now = service.clock.now();
    await service.runs(DOOR, [
      { name: 'old', startedAt: ago(80 * 86_400_000), endedAt: now + 90_000 },
      ...Array.from({ length: 1_200 }, (_, n) => ({
        name: `done-${n}`,
        startedAt: ago(3_600_000 + n * 1_000),
        endedAt: ago(3_500_000),
      })),
      { name: 'new', startedAt: now + 60_000, endedAt: now + 70_000 },
    ]);
    const list = await open({ status: 'RUNNING' });
    expect(list.sent).toEqual(['old RUNNING']);
    await service.clock.advance(60_000);
    expect(list.sent).toEqual(['old RUNNING']);
    await service.clock.advance(WITHIN_MS);
    expect(list.sent).toEqual(['old RUNNING', 'new RUNNING']);
    await service.clock.advance(10_000);
    expect(list.sent.at(-1)).toBe('new SUCCEEDED');
    await service.clock.advance(90_000 - 75_000 + WITHIN_MS);
    expect(list.sent.at(-1)).toBe('old SUCCEEDED');
  });

  test('shows that an execution is redriven, and that its history is archived', async () => {
    const now = service.clock.now();
    await service.runs(DOOR, [
      {
        name: 'one',
        startedAt: ago(60_000),
        endedAt: ago(30_000),
        status: 'FAILED',
        redrives: [{ at: now + 10_000, endedAt: now + 20_000 }],
      },
    ]);
    const list = await open();
    await service.clock.advance(30_000);
    expect(list.sent).toEqual(['one FAILED', 'one RUNNING', 'one SUCCEEDED']);
    await service.get(`/v1/executions/${encodeURIComponent(`${HOME}:execution:Door:one`)}/messages`);
    await service.clock.advance(120_000);
    expect(JSON.parse(list.named('execution').at(-1)?.data ?? '')).toMatchObject({
      name: 'one',
      archived: true,
      final: true,
    });
  });

  test('costs no more upstream calls with 50 streams and 200 page readers than with one of each', async () => {
    const runs = (prefix: string) =>
      Array.from({ length: 30 }, (_, n) => ({
        name: `${prefix}-${n}`,
        startedAt: service.clock.now() + n * 1_000,
        endedAt: service.clock.now() + n * 1_000 + 5_000,
      }));
    const halfAMinute = async (readers: number) => {
      const before = calls();
      for (let second = 0; second < 30; second++) {
        const pages = Array.from({ length: readers }, () => service.get(`/v1/executions?flow=${DOOR}`));
        for (const page of await Promise.all(pages)) expect(page.status).toBe(200);
        await service.clock.advance(1_000);
      }
      return calls() - before;
    };
    await service.runs(DOOR, runs('a'));
    const first = await open();
    const ofOne = await halfAMinute(1);
    await service.runs(DOOR, runs('b'));
    const keys = await Promise.all(Array.from({ length: 49 }, () => service.key()));
    const lists = await Promise.all(keys.map((key) => open({}, key)));
    const ofMany = await halfAMinute(200);
    expect(ofOne).toBeGreaterThan(5);
    expect(Math.abs(ofMany - ofOne)).toBeLessThanOrEqual(1);
    for (const { sent } of [first, ...lists]) expect(sent).toContain('b-20 SUCCEEDED');
  });

  test('sends only executions that its key may read, and closes when these permissions are reduced', async () => {
    await service.runs(DOOR, [
      { name: 'mine-1', startedAt: ago(5_000) },
      { name: 'theirs-1', startedAt: ago(5_000) },
    ]);
    const patterns = [`${HOME}:execution:Door:mine-*`, `${HOME}:execution:Door:also-*`];
    const created = await service.admin('POST', '/keys', {
      name: 'mine',
      executions: [...patterns, 'unrelated'],
      payloads: 'none',
    });
    const { key, id } = (await created.json()) as { key: string; id: string };
    const list = await open({}, key);
    expect(list.sent).toEqual(['mine-1 RUNNING']);
    const change = (executions: readonly string[]) => service.admin('PATCH', `/keys/${id}`, { executions });
    // An added pattern, and the removal of a pattern for another flow, do not reduce the permissions for this list.
    await service.clock.advance(2_000);
    expect((await change([...patterns, 'new'])).status).toBe(200);
    await service.clock.advance(2 * KEY_CHECK_MS);
    expect(list.ended).toBe(false);
    expect((await change(patterns.slice(0, 1))).status).toBe(200);
    await service.clock.advance(60_000);
    expect(list.problems).toEqual(['OperationNotAllowed']);
    expect(list.ended).toBe(true);
  });

  test.each(['revoke', 'expire'])('closes within 60 s after its key becomes invalid (%s)', async (how) => {
    const expiresAt = new Date(service.clock.now() + 90_000).toISOString();
    const created = await service.admin('POST', '/keys', {
      name: 'short',
      executions: [`${HOME}:execution:Door:*`],
      payloads: 'none',
      ...(how === 'expire' && { expiresAt }),
    });
    const { key, id } = (await created.json()) as { key: string; id: string };
    await service.runs(DOOR, []);
    const list = await open({}, key);
    await service.clock.advance(40_000);
    if (how === 'revoke') await service.admin('POST', `/keys/${id}/revoke`);
    await service.clock.advance(60_000);
    expect(list.problems).toEqual([how === 'revoke' ? 'RevokedApiKey' : 'ExpiredApiKey']);
    expect(list.ended).toBe(true);
  });

  test("counts towards its key's stream limit per list and towards its total stream limit", async () => {
    await service.runs(DOOR, []);
    await service.runs(`${HOME}:stateMachine:Gate`, []);
    const one = await service.key({ streamLimit: 1 });
    await open({}, one);
    const refused = request(one);
    await service.clock.advance(1_000);
    const second = new LiveList(await refused);
    await second.readAll();
    expect(second.problems).toEqual(['TooManyStreams']);
    const total = await service.key({ totalStreamLimit: 1 });
    await open({}, total);
    const other = new LiveList(await request(total, { flow: `${HOME}:stateMachine:Gate` }));
    await other.readAll();
    expect(other.problems).toEqual(['TooManyStreams']);
  });

  test('frees its slot and stops the poll when its client disconnects', async () => {
    await service.runs(DOOR, [{ name: 'one', startedAt: ago(5_000) }]);
    const left = new AbortController();
    const list = new LiveList(await request(everything, {}, left.signal));
    void list.readAll();
    await service.clock.advance(5_000);
    left.abort();
    await service.clock.advance(1_000);
    const before = calls();
    await service.clock.advance(60_000);
    expect(calls()).toBe(before);
  });

  test('gets a status if it is refused permanently, and a problem event if it is refused temporarily', async () => {
    const narrow = await service.key({ executions: ['another'] });
    expect(await problemOf(request(narrow))).toMatchObject({ status: 403, code: 'AccessDeniedException' });
    expect(await problemOf(request(everything, { flow: `${DOOR}-unknown` }))).toMatchObject({ status: 404 });
    const limited = await service.key({ tier: 'standard' });
    for (let n = 0; n <= 100; n++)
      await service.fetch('/v1/key', { headers: { Authorization: `Bearer ${limited}` } });
    const refused = new LiveList(await request(limited));
    await refused.readAll();
    expect(refused.problems).toEqual(['RateLimitExceeded']);
    expect(refused.parser.retryMs).toBeGreaterThan(0);
  });

  test('begins as partial while the upstream is down, and sends the executions when the upstream recovers', async () => {
    await service.runs(DOOR, [{ name: 'one', startedAt: ago(5_000) }]);
    await service.faults({ denied: ['ListExecutions'] });
    const list = await open();
    expect(JSON.parse(list.named('caught-up')[0]?.data ?? '')).toEqual({ partial: true });
    await service.clock.advance(20_000);
    expect(JSON.parse(list.named('heartbeat')[0]?.data ?? '')).toMatchObject({ upstream: 'unavailable' });
    await service.faults({});
    await service.clock.advance(20_000);
    expect(list.sent).toEqual(['one RUNNING']);
  });
});
