/**
 * Tests the live list of a flow: the events and their order, and how often the upstream is read for them. Over 300
 * lines, because all tests use the same list and readers.
 */
import { beforeEach, describe, expect, test } from 'vitest';

import { type Failure, fail, ok } from '../../src/core/errors.ts';
import { STALL_MS } from '../../src/executions/following/frame-queue.ts';
import { STREAM_LIFE_MS } from '../../src/executions/following/stream-watch.ts';
import { KEY_CHECK_MS } from '../../src/executions/following/stream-key.ts';
import { HEARTBEAT_MS } from '../../src/executions/following/stream-writer.ts';
import { problemJson } from '../../src/http/problem-response.ts';
import { ListFrames } from '../../src/lists/live/list-frames.ts';
import { LIST_INTERVAL_MIN_MS } from '../../src/lists/live/list-poller.ts';
import { SENT_MAX } from '../../src/lists/live/list-subscriber.ts';
import { LiveList } from '../../src/lists/live/live-list.ts';
import type { FollowRequest, ListItem } from '../../src/lists/lists.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { StreamReader } from '../support/sse-reader.ts';
import { ID_PREFIX, MACHINE, ScriptedFeed } from './scripted-feed.ts';

const flow = { source: 'step-functions', flow: MACHINE, name: 'Door' };

let clock: ManualClock;
let feed: ScriptedFeed;
let refused: Failure | undefined;
let list: LiveList;
beforeEach(() => {
  clock = new ManualClock();
  feed = new ScriptedFeed(clock);
  refused = undefined;
  let running = false;
  list = new LiveList({
    names: { flow: MACHINE },
    feed,
    frames: new ListFrames(problemJson),
    clock,
    random: () => 0.5,
    log: testLog(),
    wake: () => {
      if (running) return;
      running = true;
      void Promise.resolve()
        .then(() => list.run({ forMs: Infinity, callsMax: Infinity }))
        .finally(() => (running = false));
    },
    checkGrant: async () => (refused ? fail(refused) : ok({})),
    listenersMax: 60,
  });
});

class Reader extends StreamReader {
  get items(): ListItem[] {
    // Safety: data of another shape fails the comparison in the test.
    return this.named('execution').map(({ data }) => JSON.parse(data) as ListItem);
  }

  /** The name and status of each `execution` event, and `|` for `caught-up`, in the order received. */
  get sent(): string[] {
    return this.events.flatMap(({ event, data }) => {
      if (event === 'caught-up') return ['|'];
      if (event !== 'execution') return [];
      const { name, status } = JSON.parse(data) as ListItem;
      return [`${name} ${status}`];
    });
  }
}

async function follow(more: Partial<FollowRequest> = {}, signal?: AbortSignal): Promise<Reader> {
  const stream = await list.follow(
    {
      of: { flow },
      patterns: [`${ID_PREFIX}*`],
      maxResults: 50,
      keyId: 'key',
      tenant: 'tenant',
      streamLimit: 100,
      totalStreamLimit: 1_000,
      grant: 'key',
      ...more,
    },
    signal,
  );
  if (!stream.ok) throw new Error(stream.failure.type);
  const reader = new Reader(stream.value);
  return reader;
}

async function open(more?: Partial<FollowRequest>): Promise<Reader> {
  const reader = await follow(more);
  void reader.readAll();
  await settle();
  return reader;
}

const ago = (ms: number) => clock.now() - ms;
const ended = { status: 'SUCCEEDED', endedAt: '2026-01-01T00:00:10.000Z' } as const;

describe('a live list', () => {
  test('begins with the newest executions, followed by caught-up, and its events have no ids', async () => {
    for (let n = 0; n < 5; n++) feed.set(`e${n}`, ago(n * 1_000));
    const reader = await open({ maxResults: 3 });
    expect(reader.sent).toEqual(['e0 RUNNING', 'e1 RUNNING', 'e2 RUNNING', '|']);
    expect(reader.events.every(({ id }) => id === undefined)).toBe(true);
  });

  test('is marked as partial if any of its initial pages is partial', async () => {
    for (let n = 0; n < 3; n++) feed.set(`e${n}`, ago(n * 1_000));
    const page = feed.page.bind(feed);
    // Makes each page one execution long, as if few of many executions matched. Only the first page is partial.
    feed.page = async (request) => {
      const answer = await page({ ...request, maxResults: 1 });
      if (!answer.ok || request.after !== undefined) return answer;
      return ok({ ...answer.value, partial: true });
    };
    const reader = await open();
    expect(reader.sent).toEqual(['e0 RUNNING', 'e1 RUNNING', 'e2 RUNNING', '|']);
    expect(JSON.parse(reader.named('caught-up')[0]?.data ?? '')).toEqual({ partial: true });
  });

  test('sends a new execution within 5 s, and an end within 5 s even if the execution is not on the newest page', async () => {
    feed.pageSize = 3;
    feed.set('old', ago(80 * 86_400_000));
    for (let n = 0; n < 10; n++) feed.set(`e${n}`, ago(60_000 + n), ended);
    const reader = await open();
    await clock.advance(60_000);
    reader.events.length = 0;
    feed.set('new', clock.now());
    await clock.advance(5_000);
    expect(reader.sent).toEqual(['new RUNNING']);
    feed.set('old', Date.parse(feed.items.get(`${ID_PREFIX}old`)?.startedAt ?? ''), ended);
    await clock.advance(5_000);
    expect(reader.sent).toEqual(['new RUNNING', 'old SUCCEEDED']);
  });

  test('sends an execution exactly once more when its status ceases to match the filter', async () => {
    const startedAt = ago(1_000);
    feed.set('e', startedAt);
    feed.set('done', startedAt, ended);
    const reader = await open({ statuses: ['RUNNING'] });
    expect(reader.sent).toEqual(['e RUNNING', '|']);
    feed.set('e', startedAt, ended);
    await clock.advance(5_000);
    feed.set('e', startedAt, { ...ended, archived: true });
    await clock.advance(5_000);
    expect(reader.sent).toEqual(['e RUNNING', '|', 'e SUCCEEDED']);
    // After a redrive, it matches again.
    feed.set('e', startedAt, { redriveCount: 1 });
    await clock.advance(5_000);
    expect(reader.sent.at(-1)).toBe('e RUNNING');
  });

  test('sends only executions that match the filter and that the key may read', async () => {
    feed.set('mine-1', ago(1_000));
    feed.set('other-1', ago(1_000));
    const reader = await open({ patterns: [`${ID_PREFIX}mine-*`], namePrefix: 'mine-' });
    feed.set('mine-2', clock.now());
    feed.set('other-2', clock.now());
    await clock.advance(5_000);
    expect(reader.sent).toEqual(['mine-1 RUNNING', '|', 'mine-2 RUNNING']);
  });

  test('does not send changes of executions that are older than its initial ones', async () => {
    for (let n = 0; n < 10; n++) feed.set(`e${n}`, ago(n * 1_000));
    const reader = await open({ maxResults: 2 });
    feed.set('e9', ago(9_000), ended);
    await clock.advance(10_000);
    expect(reader.sent).toEqual(['e0 RUNNING', 'e1 RUNNING', '|']);
  });

  test('sends only heartbeats with the state of the poll while nothing changes', async () => {
    feed.set('e', ago(1_000));
    const reader = await open();
    await clock.advance(HEARTBEAT_MS + 1_000);
    expect(reader.events.map(({ event }) => event)).toEqual(['execution', 'caught-up', 'heartbeat']);
    expect(JSON.parse(reader.events.at(-1)?.data ?? '')).toMatchObject({ upstream: 'ok' });
  });

  test('stays open while the upstream fails, reports the failure in heartbeats, and continues after it', async () => {
    feed.set('e', ago(1_000));
    const reader = await open();
    feed.failure = { type: 'upstream-internal', internal: 'down' };
    await clock.advance(60_000);
    expect(JSON.parse(reader.named('heartbeat').at(-1)?.data ?? '')).toMatchObject({
      upstream: 'unavailable',
    });
    feed.failure = undefined;
    feed.set('new', clock.now());
    await clock.advance(15_000);
    expect(reader.sent.at(-1)).toBe('new RUNNING');
    expect(reader.ended).toBe(false);
  });

  test('sends a slow client the latest state of each execution, from a bounded queue', async () => {
    for (let n = 0; n < 250; n++) feed.set(`e${n}`.padEnd(400, 'x'), ago(1_000 + n));
    feed.pageSize = 250;
    const slow = await follow({ maxResults: 250 });
    const fast = await open({ maxResults: 250 });
    for (const { name = '', startedAt = '' } of feed.items.values())
      feed.set(name, Date.parse(startedAt), ended);
    await clock.advance(5_000);
    expect(fast.items).toHaveLength(500);
    void slow.readAll();
    await settle();
    const last = new Map(slow.items.map(({ name, status }) => [name, status]));
    expect([...last.values()].every((status) => status === 'SUCCEEDED')).toBe(true);
    expect(slow.items.length).toBeLessThan(400);
  });

  test('disconnects a client that reads nothing', async () => {
    for (let n = 0; n < 250; n++) feed.set(`e${n}`.padEnd(400, 'x'), ago(1_000 + n));
    const slow = await follow({ maxResults: 250 });
    await clock.advance(STALL_MS + 1_000);
    await slow.readAll();
    expect(slow.error).toBeDefined();
    expect(list.streams).toBe(0);
  });

  test('closes with a problem event when its key is revoked, and without one at the end of its lifetime', async () => {
    const reader = await open();
    refused = { type: 'revoked-key' };
    await clock.advance(KEY_CHECK_MS + 1_000);
    expect(reader.named('problem').map(({ data }) => JSON.parse(data).code)).toEqual(['RevokedApiKey']);
    expect(reader.ended).toBe(true);
    refused = undefined;
    const other = await open();
    await clock.advance(STREAM_LIFE_MS);
    expect(other.ended).toBe(true);
    expect(other.named('problem')).toEqual([]);
    expect(clock.sleepers).toBe(0);
    expect(list.idle).toBe(true);
  });

  test('is refused when the key has reached its stream limit', async () => {
    await open({ streamLimit: 1 });
    const refusal = list.follow({
      of: { flow },
      patterns: ['*'],
      maxResults: 50,
      keyId: 'key',
      tenant: 'tenant',
      streamLimit: 1,
      totalStreamLimit: 1_000,
      grant: 'key',
    });
    await clock.advance(1_000);
    expect(await refusal).toMatchObject({ ok: false, failure: { type: 'too-many-streams' } });
  });

  test('sends no execution twice, even if far more have ended than it can remember', async () => {
    feed.pageSize = 500;
    const reader = await open({ maxResults: 250 });
    for (let n = 0; n < SENT_MAX * 2; n++) {
      feed.set(`e${n}`, clock.now(), ended);
      if (n % 200 === 199) await clock.advance(3_000);
    }
    await clock.advance(5_000);
    const names = reader.items.map(({ name }) => name);
    expect(names).toHaveLength(SENT_MAX * 2);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the poll', () => {
  test('makes as many upstream calls for 50 live lists as for one', async () => {
    feed.set('e', ago(1_000));
    const readers = [await open()];
    await clock.advance(30_000);
    const ofOne = feed.newestCalls;
    for (const { events } of readers) events.length = 0;
    while (readers.length < 50) readers.push(await open({ tenant: `tenant ${readers.length}` }));
    await clock.advance(30_000);
    expect(feed.newestCalls - ofOne).toBe(ofOne);
    expect(feed.rereadCalls).toBe(0);
  });

  test('runs at most every two seconds, and less often if the call budget requires it', async () => {
    await open();
    const calls = async (ms: number) => {
      const before = feed.newestCalls;
      for (let at = 0; at < ms; at += 500) {
        feed.set(`e${clock.now()}`, clock.now());
        await clock.advance(500);
      }
      return feed.newestCalls - before;
    };
    expect(await calls(40_000)).toBeLessThanOrEqual(40_000 / (LIST_INTERVAL_MIN_MS * 0.95) + 1);
    feed.others = 20;
    await calls(10_000);
    expect(await calls(40_000)).toBeLessThanOrEqual(6);
  });

  test('stops when the last client has disconnected', async () => {
    feed.set('e', ago(1_000));
    const left = new AbortController();
    const reader = await follow({}, left.signal);
    void reader.readAll();
    await clock.advance(5_000);
    left.abort();
    await clock.advance(1_000);
    const { newestCalls } = feed;
    await clock.advance(60_000);
    expect(feed.newestCalls).toBe(newestCalls);
    expect(clock.sleepers).toBe(0);
    expect(list.idle).toBe(true);
  });
});
