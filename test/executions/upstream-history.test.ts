/**
 * How a history is read from upstream. Over 300 lines, because every guarantee of upstream reads has a test
 * here.
 */
import { describe, expect, test } from 'vitest';

import { PAGE_BYTES_MAX } from '../../src/executions/cut-page.ts';
import { EMPTY_PAGES_MAX, TOKEN_LOSSES_MAX } from '../../src/executions/upstream/upstream-history.ts';
import { LAG_MS_MAX } from '../../src/executions/upstream/read-pages.ts';
import { WALK_PAGES_MAX, newWalk } from '../../src/executions/upstream/read-terms.ts';
import { endOf } from '../../src/messages/history.ts';
import { someHistory } from '../support/histories.ts';
import { settle } from '../support/manual-clock.ts';
import { conducts, type Conduct } from '../support/scripted-source.ts';
import { POLL, UpstreamUnderTest } from './upstream-under-test.ts';

const messages = someHistory({ length: 950 });

/**
 * A history that was read completely once, so each page has a row. With `memoryBytes: 1` no page is cached.
 */
async function walked(options: ConstructorParameters<typeof UpstreamUnderTest>[0] = {}) {
  const upstream = new UpstreamUnderTest({ messages, ...options });
  expect(await upstream.walk()).toEqual(upstream.source.messages);
  upstream.source.forgetCalls();
  upstream.readings.length = 0;
  return upstream;
}

const positions = (upstream: UpstreamUnderTest) => upstream.source.calls.map(({ position }) => position);

describe('upstream calls', () => {
  test('one call serves all readers of a page, and only the request that caused it is charged', async () => {
    const upstream = new UpstreamUnderTest({ messages });
    const reads = [3, 99, 0].map((position) => upstream.read(position));
    for (const read of await Promise.all(reads)) expect(read.ok && read.value.start).toBe(0);
    expect(upstream.source.calls).toHaveLength(1);
    expect(reads.map(({ trace }) => trace)).toMatchObject([
      { calls: 1, collapsed: false },
      { calls: 0, collapsed: true },
      { calls: 0, collapsed: true },
    ]);
  });

  test("the number of calls includes the source's own retries", async () => {
    const upstream = new UpstreamUnderTest({ messages, conduct: () => ({ attempts: 3 }) });
    const read = upstream.read(0);
    await read;
    expect(read.trace.calls).toBe(3);
  });

  test('the call of a poll runs before those of walks, even if a walk already waits for the same page', async () => {
    const upstream = await walked({ memoryBytes: 1 });
    upstream.source.hold();
    const reads = [50, 150, 250].map((position) => upstream.read(position));
    reads.push(upstream.pollNewest(), upstream.read(250), upstream.read(350));
    reads.push(upstream.read(150, {}, undefined, POLL));
    upstream.source.release();
    await Promise.all(reads);
    expect(positions(upstream)).toEqual([0, 100, 900, 200, 300]);
  });

  test('two concurrent walks alternate, one call at a time', async () => {
    const upstream = await walked({ memoryBytes: 1 });
    const walk = async (first: number) => {
      for (let position = first; position < first + 300; position += 100) await upstream.read(position);
    };
    await Promise.all([walk(0), walk(500)]);
    expect(positions(upstream)).toEqual([0, 500, 100, 600, 200, 700]);
    expect(upstream.source.inFlightMax).toBe(1);
  });

  test('cached pages cost no call, except a last page that is too old for the reader', async () => {
    const upstream = await walked();
    const { clock, source } = upstream;
    expect(await upstream.walk()).toEqual(messages);
    expect(source.calls).toEqual([]);
    await clock.advance(1_001);
    await upstream.read(899);
    expect(source.calls).toEqual([]);
    await upstream.read(949);
    await upstream.read(950);
    await upstream.readNewest();
    expect(positions(upstream)).toEqual([900]);
    await clock.advance(3_600_000);
    await upstream.readNewest({ lastNotBeforeMs: 0 });
    expect(source.calls).toHaveLength(1);
  });

  test('readers that need newer data than the running call can return share the next call', async () => {
    const upstream = await walked();
    await upstream.clock.advance(2_000);
    upstream.source.hold();
    const early = upstream.readNewest();
    await upstream.clock.advance(5_000);
    const late = upstream.readNewest();
    const alsoLate = upstream.readNewest();
    upstream.source.release();
    await Promise.all([early, late, alsoLate]);
    expect(positions(upstream)).toEqual([900, 900]);
  });

  test('a walk that settles the history fetches each page again exactly once', async () => {
    const upstream = await walked();
    await upstream.clock.advance(60_000);
    const allNotBeforeMs = upstream.clock.now();
    const freshness = { lastNotBeforeMs: allNotBeforeMs, allNotBeforeMs };
    expect(await upstream.walk(freshness)).toEqual(messages);
    expect(await upstream.walk(freshness)).toEqual(messages);
    expect(positions(upstream)).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
  });

  test('the newest page is read with one call after a restart', async () => {
    const upstream = await walked();
    await upstream.restart();
    const newest = await upstream.readNewest();
    expect(newest.ok && newest.value.start).toBe(900);
    expect(upstream.source.calls).toHaveLength(1);
    expect(upstream.history.end?.position).toBe(950);
  });

  test('an empty last page still shows how the history ended', async () => {
    const full = someHistory({ length: 200, terminal: 'EXECUTION_FAILED' });
    const upstream = new UpstreamUnderTest({ messages: full, conduct: () => ({ dangling: true }) });
    expect(await upstream.walk()).toEqual(full);
    expect(upstream.history.end).toMatchObject({ position: 200, eventType: 'EXECUTION_FAILED' });
    await upstream.restart();
    await upstream.readNewest();
    expect(upstream.history.end).toMatchObject({ position: 200, timestamp: full.at(-1)?.timestamp });
  });

  test('the limit of a page that is too large is halved until the page fits, and that limit is remembered', async () => {
    const upstream = new UpstreamUnderTest({ messages: messages.slice(0, 70), tooLargeAbove: 30 });
    expect(await upstream.walk()).toEqual(messages.slice(0, 70));
    expect(upstream.source.calls.map(({ limit }) => limit)).toEqual([100, 50, 25, 100, 50, 25, 100]);
    upstream.evictAll();
    upstream.source.forgetCalls();
    expect(await upstream.walk()).toEqual(messages.slice(0, 70));
    expect(upstream.source.calls.map(({ limit }) => limit)).toEqual([25, 25, 100]);
  });

  test('a single message that is too large fails the read', async () => {
    const upstream = new UpstreamUnderTest({ messages, tooLargeAbove: 0 });
    expect(await upstream.walk()).toBe('upstream-too-large');
    expect(upstream.source.calls.map(({ limit }) => limit)).toEqual([100, 50, 25, 13, 7, 4, 2, 1]);
  });

  test('a call in flight does not restore rows of a history that was cleared meanwhile', async () => {
    const upstream = await walked();
    await upstream.clock.advance(2_000);
    upstream.source.hold();
    const reading = upstream.readNewest();
    await settle();
    await upstream.history.clear();
    const other = someHistory({ length: 130, run: 'b' });
    upstream.source.replace(other);
    upstream.source.release();
    const read = await reading;
    expect(read.ok && read.value.start).toBe(100);
    expect(await upstream.walk()).toEqual(other);
    expect([...(await upstream.storage.list('')).keys()]).toEqual(['row/0000000100']);
  });

  test('a call in flight does not restore cleared pages, even if its token is still valid', async () => {
    const upstream = await walked();
    await upstream.clock.advance(2_000);
    upstream.source.hold();
    const reading = upstream.readNewest();
    await settle();
    await upstream.history.clear();
    upstream.source.release();
    await reading;
    expect(positions(upstream).slice(0, 3)).toEqual([900, 0, 100]);
  });
});

describe('a walk', () => {
  const long = someHistory({ length: 100 * WALK_PAGES_MAX + 1_000 });

  test('for one request reads a bounded number of pages, and the next request continues after them', async () => {
    const upstream = new UpstreamUnderTest({ messages: long });
    const first = await upstream.readNewest({}, newWalk(undefined));
    expect(first).toMatchObject({ failure: { type: 'upstream-unfinished' } });
    expect(upstream.source.calls).toHaveLength(WALK_PAGES_MAX);
    // This is not a failure of the source, so it is not cached and the poller does not back off.
    expect(upstream.readings).toEqual([]);
    expect(await upstream.readNewest({}, newWalk(undefined))).toMatchObject({
      ok: true,
      value: { last: true },
    });
    expect(upstream.source.calls).toHaveLength(WALK_PAGES_MAX + 10);
  });

  test('stops when its caller leaves, but the call in flight completes and its page is cached', async () => {
    const upstream = new UpstreamUnderTest({ messages: long });
    upstream.source.hold();
    const left = new AbortController();
    const reading = upstream.readNewest({}, newWalk(left.signal));
    await settle();
    left.abort();
    expect(await reading).toMatchObject({ failure: { type: 'upstream-unfinished' } });
    upstream.source.release();
    await settle();
    expect(upstream.source.calls).toHaveLength(1);
    expect((await upstream.read(0)).ok).toBe(true);
    expect(upstream.source.calls).toHaveLength(1);
  });

  test('with several callers continues as long as one of them stays', async () => {
    const upstream = new UpstreamUnderTest({ messages });
    upstream.source.hold();
    const left = new AbortController();
    const leaving = upstream.readNewest({}, newWalk(left.signal));
    const staying = upstream.readNewest({}, newWalk(new AbortController().signal));
    await settle();
    left.abort();
    expect((await leaving).ok).toBe(false);
    upstream.source.release();
    expect(await staying).toMatchObject({ ok: true, value: { last: true } });
    expect(upstream.source.calls).toHaveLength(10);
  });

  test('leaves the queue once no caller waits for it', async () => {
    const upstream = await walked({ memoryBytes: 1 });
    upstream.source.hold();
    const left = new AbortController();
    const first = upstream.read(50);
    const leaving = upstream.read(150, {}, newWalk(left.signal));
    await settle();
    left.abort();
    await leaving;
    upstream.source.release();
    await first;
    await settle();
    expect(positions(upstream)).toEqual([0]);
  });

  test('that archives the history reads any number of pages', async () => {
    const upstream = new UpstreamUnderTest({ messages: long });
    expect(await upstream.readNewest()).toMatchObject({ ok: true, value: { last: true } });
  });
});

describe('failures', () => {
  test('failed reads are cached like a last page, and retried once they are too old for the reader', async () => {
    const upstream = new UpstreamUnderTest({ messages, conduct: () => ({ failure: 'upstream-internal' }) });
    const { clock, source } = upstream;
    expect(await upstream.walk()).toBe('upstream-internal');
    expect(await upstream.walk()).toBe('upstream-internal');
    await clock.advance(1_000);
    expect(await upstream.walk()).toBe('upstream-internal');
    expect(source.calls).toHaveLength(1);
    await clock.advance(1);
    expect(await upstream.walk()).toBe('upstream-internal');
    expect(source.calls).toHaveLength(2);
    // A reader that accepts a last page of any age can still require a recent failure.
    await upstream.read(0, { lastNotBeforeMs: 0 });
    expect(source.calls).toHaveLength(2);
    await clock.advance(1);
    await upstream.read(0, { lastNotBeforeMs: 0, failureNotBeforeMs: clock.now() });
    expect(source.calls).toHaveLength(3);
  });

  test('failed reads of one page do not affect other pages', async () => {
    const upstream = await walked({ memoryBytes: PAGE_BYTES_MAX });
    upstream.evict(400);
    upstream.source.conduct = () => ({ failure: 'upstream-throttled' });
    expect((await upstream.read(400)).ok).toBe(false);
    expect((await upstream.read(300)).ok).toBe(true);
    expect((await upstream.readNewest()).ok).toBe(true);
  });

  test.each<[string, Conduct, number]>([
    ['empty pages forever', { empty: true }, EMPTY_PAGES_MAX + 1],
    ['the same token again', { repeatToken: true }, 2],
    ['empty pages with the same token', { empty: true, repeatToken: true }, 2],
    ['only exceptions', { throws: true }, 1],
  ])(
    'a source that gives %s is reported as broken after a bounded number of calls',
    async (_, conduct, calls) => {
      const upstream = new UpstreamUnderTest({ messages, conduct: () => conduct });
      expect(await upstream.walk()).toBe('upstream-broken');
      expect(await upstream.walk()).toBe('upstream-broken');
      expect(upstream.source.calls).toHaveLength(calls);
      upstream.source.conduct = () => ({});
      await upstream.clock.advance(1_001);
      expect(await upstream.walk()).toEqual(messages);
    },
  );

  test('failed reads do not hide cached messages, and never make them look like the whole history', async () => {
    const upstream = await walked();
    await upstream.clock.advance(2_000);
    upstream.source.conduct = () => ({ failure: 'upstream-throttled' });
    for (let reads = 0; reads < 3; reads++) {
      const held = await upstream.read(910);
      expect(held.ok && [endOf(held.value), held.value.last]).toEqual([950, false]);
      expect((await upstream.read(950)).ok).toBe(false);
    }
    expect(upstream.source.calls).toHaveLength(1);
    const settling = await upstream.read(910, { allNotBeforeMs: upstream.clock.now() });
    expect(settling.ok).toBe(false);
  });

  test('a few empty pages before each page are skipped', async () => {
    const empty = Array.from({ length: EMPTY_PAGES_MAX }, () => ({ empty: true }));
    const upstream = new UpstreamUnderTest({ messages, conduct: conducts([...empty, {}]) });
    expect(await upstream.walk()).toEqual(messages);
  });

  test('a history above the maximum length is reported as broken, and then costs one call per interval', async () => {
    const endless = (position: number) => ({ messageId: String(position) });
    const upstream = new UpstreamUnderTest({ endless, messagesMax: 1_000 });
    for (let reads = 0; reads < 5; reads++) expect((await upstream.readNewest()).ok).toBe(false);
    expect(upstream.source.calls).toHaveLength(11);
    await upstream.clock.advance(1_001);
    for (let reads = 0; reads < 5; reads++) expect((await upstream.readNewest()).ok).toBe(false);
    expect(upstream.source.calls).toHaveLength(12);
    expect((await upstream.read(999)).ok).toBe(true);
    expect(await upstream.storage.list('row/')).toHaveProperty('size', 10);
  });

  test.each(['upstream-invalid-token', 'upstream-invalid-request'] as const)(
    'a source that refuses every token (%s) is reported as broken after a bounded number of walks',
    async (expiry) => {
      const upstream = new UpstreamUnderTest({ messages, tokenLifeCalls: 0, expiry });
      for (let reads = 0; reads < 5; reads++) {
        const read = await upstream.pollNewest();
        expect(read.ok || read.failure.type).toBe('upstream-broken');
      }
      expect(positions(upstream)).toEqual(
        Array.from({ length: TOKEN_LOSSES_MAX + 1 }, () => [0, 100]).flat(),
      );
      // The failure is reported to the poller. Otherwise the poller would poll again immediately.
      expect(upstream.readings.map(({ failure }) => failure?.type)).toEqual(['upstream-broken']);
    },
  );

  test.each([
    ['two tokens', 200],
    ['three tokens', 300],
  ])(
    'a source whose tokens form a cycle of %s is reported as broken, even after a restart',
    async (_, leadsBackAt) => {
      const upstream = new UpstreamUnderTest({ messages });
      const { source } = upstream;
      let first: string | undefined;
      source.conduct = ({ position, token }) => {
        if (position === 100) first = token;
        return position === leadsBackAt ? { nextToken: first } : {};
      };
      expect(await upstream.readNewest()).toMatchObject({ failure: { type: 'upstream-broken' } });
      expect(positions(upstream).at(-1)).toBe(leadsBackAt);
      source.forgetCalls();
      await upstream.restart();
      expect(await upstream.readNewest()).toMatchObject({ failure: { type: 'upstream-broken' } });
      expect(positions(upstream)).toEqual([leadsBackAt]);
      // Pages before the cycle can still be read.
      expect(await upstream.read(150)).toMatchObject({ ok: true, value: { start: 100 } });
    },
  );

  test('a refusal of a call without a token is passed on, because it concerns the execution', async () => {
    const conduct = () => ({ failure: 'upstream-invalid-request' as const });
    const upstream = new UpstreamUnderTest({ messages, conduct });
    expect(await upstream.walk()).toBe('upstream-invalid-request');
    expect(upstream.source.calls).toHaveLength(1);
  });
});

describe('an expired token', () => {
  test('costs a walk from the start, which readers do not notice', async () => {
    const upstream = await walked({ memoryBytes: 1 });
    upstream.source.expireTokens();
    const read = await upstream.read(450);
    if (!read.ok) throw new Error(read.failure.type);
    upstream.expectRunOf(read.value, messages, 450);
    expect(positions(upstream)).toEqual([undefined, 0, 100, 200, 300, 400]);
  });

  test('of an old page does not cause a walk to the newest page', async () => {
    const upstream = await walked({ memoryBytes: 1, tokenLifeCalls: 9 });
    await upstream.readNewest();
    await upstream.read(0);
    await upstream.read(250);
    upstream.source.forgetCalls();
    await upstream.clock.advance(2_000);
    await upstream.readNewest();
    expect(upstream.source.calls.map(({ token }) => token !== undefined)).toEqual([true]);
  });
});

describe('a lagging read', () => {
  const grown = someHistory({ length: 180 });

  test('does not shorten a history whose newer messages are cached', async () => {
    const upstream = await walked({ messages: grown });
    await upstream.clock.advance(2_000);
    upstream.source.conduct = () => ({ lag: 40 });
    const read = await upstream.readNewest();
    expect(read.ok && endOf(read.value)).toBe(180);
    expect(upstream.readings).toEqual([
      expect.objectContaining({ previous: upstream.history.end, end: upstream.history.end }),
    ]);
  });

  test('fails at its end rather than ending the history, if newer messages are not cached', async () => {
    const upstream = await walked({ messages: grown, memoryBytes: 1 });
    upstream.source.conduct = () => ({ lag: 40 });
    const inside = await upstream.read(139);
    expect(inside.ok && [endOf(inside.value), inside.value.last]).toEqual([140, false]);
    for (let reads = 0; reads < 5; reads++) {
      const behind = await upstream.read(140);
      expect(behind.ok || behind.failure.type).toBe('upstream-internal');
    }
    expect(upstream.source.calls).toHaveLength(2);
    expect(upstream.history.end?.position).toBe(180);
    upstream.source.conduct = () => ({});
    await upstream.clock.advance(1_001);
    expect(await upstream.walk()).toEqual(grown);
  });

  test('that ends before the requested page is retried once per interval after the token of that page expired', async () => {
    const upstream = await walked();
    upstream.source.expireTokens();
    upstream.source.conduct = () => ({ lag: 900 });
    await upstream.clock.advance(2_000);
    for (let reads = 0; reads < 5; reads++) {
      const newest = await upstream.pollNewest();
      expect(newest.ok || newest.failure.type).toBe('upstream-internal');
    }
    expect(positions(upstream)).toEqual([undefined, 0]);
    expect(upstream.readings.map(({ failure }) => failure?.type)).toEqual(['upstream-internal']);
    expect(await upstream.walk({ lastNotBeforeMs: 0 })).toEqual(messages);
  });

  test('whose lag lasts longer than the limit is accepted as a new, shorter history', async () => {
    const upstream = await walked({ messages: grown });
    const less = grown.slice(0, 60);
    upstream.source.replace(less);
    for (let ms = 0; ms < LAG_MS_MAX; ms += 2_000) {
      await upstream.clock.advance(2_000);
      expect((await upstream.readNewest()).ok).toBe(false);
    }
    await upstream.clock.advance(2_000);
    expect((await upstream.readNewest()).ok).toBe(true);
    expect(await upstream.walk()).toEqual(less);
    expect(upstream.history.end?.position).toBe(60);
  });
});

describe('a replaced history', () => {
  test.each([
    [180, 60],
    [180, 180],
    [180, 330],
    [60, 40],
    [60, 250],
    [950, 950],
  ])('is noticed at the next read of its newest page (%i messages, then %i)', async (before, after) => {
    const upstream = await walked({ messages: someHistory({ length: before }) });
    const old = upstream.history.end;
    const other = someHistory({ length: after, run: 'b' });
    upstream.source.replace(other);
    await upstream.clock.advance(2_000);
    await upstream.pollNewest();
    expect(await upstream.walk()).toEqual(other);
    expect(upstream.history.end?.fingerprint).toBe(upstream.fingerprints(other).at(-1));
    expect(upstream.history.end?.fingerprint).not.toBe(old?.fingerprint);
  });

  test('is not appended to old pages, even if an old token still works', async () => {
    const upstream = await walked({ messages: someHistory({ length: 180 }) });
    const other = someHistory({ length: 190, run: 'b' });
    upstream.source.messages = other;
    await upstream.clock.advance(2_000);
    const newest = await upstream.readNewest();
    if (!newest.ok) throw new Error(newest.failure.type);
    upstream.expectRunOf(newest.value, other, 190);
    expect(await upstream.walk()).toEqual(other);
  });

  test('is not mixed with old pages that an earlier Execution left in memory', async () => {
    const upstream = await walked({ messages: someHistory({ length: 180 }) });
    const other = someHistory({ length: 180, run: 'b' });
    upstream.source.replace(other);
    const { history } = upstream.another();
    upstream.history = history;
    await upstream.clock.advance(2_000);
    await upstream.read(0, { allNotBeforeMs: upstream.clock.now() });
    const read = await upstream.read(150, { lastNotBeforeMs: 0 });
    if (!read.ok) throw new Error(read.failure.type);
    upstream.expectRunOf(read.value, other, 150);
  });
});

describe('onHeadRead', () => {
  test('reports the previous and the new end of the newest page', async () => {
    const upstream = new UpstreamUnderTest({ messages: messages.slice(0, 90) });
    await upstream.readNewest();
    const first = upstream.history.end;
    expect(first).toMatchObject({ position: 90, readAtMs: upstream.clock.now() });
    upstream.source.append(...messages.slice(90, 130));
    await upstream.clock.advance(2_000);
    await upstream.readNewest();
    const atMs = upstream.clock.now();
    expect(upstream.readings).toEqual([
      { atMs: atMs - 2_000, end: first },
      { atMs, previous: first, end: upstream.history.end },
    ]);
    expect(upstream.history.end).toMatchObject({ position: 130, eventType: messages[129]?.eventType });
  });

  test('does not report pages other than the newest', async () => {
    const upstream = await walked({ memoryBytes: 1 });
    await upstream.read(0);
    await upstream.read(450);
    upstream.source.conduct = () => ({ failure: 'upstream-internal' });
    await upstream.read(350);
    expect(upstream.readings).toEqual([]);
  });

  test('reports the failure if an earlier page prevents the read of the newest page', async () => {
    const upstream = await walked({ memoryBytes: 1 });
    upstream.source.expireTokens();
    const failure = 'upstream-throttled' as const;
    upstream.source.conduct = ({ token, position }) =>
      position === 300 || (token === undefined && position === undefined) ? { failure } : {};
    const read = await upstream.pollNewest();
    expect(read.ok || read.failure.type).toBe(failure);
    expect(upstream.readings.map((reading) => reading.failure?.type)).toEqual([failure]);
  });

  test('reports a cached failure of an earlier page once a poll needs that page', async () => {
    const upstream = await walked({ memoryBytes: 1 });
    upstream.source.conduct = () => ({ failure: 'upstream-timeout' });
    await upstream.read(0);
    expect(upstream.readings).toEqual([]);
    upstream.source.conduct = () => ({});
    upstream.source.expireTokens();
    await upstream.clock.advance(100);
    expect((await upstream.pollNewest()).ok).toBe(false);
    expect(positions(upstream)).toEqual([0, undefined]);
    expect(upstream.readings.map(({ failure }) => failure?.type)).toEqual(['upstream-timeout']);
  });

  test('reports a recent newest page that an earlier Execution left in memory', async () => {
    const upstream = await walked({ messages: messages.slice(0, 90) });
    upstream.history = upstream.another().history;
    const inside = await upstream.read(0);
    expect(inside.ok && inside.value.last).toBe(false);
    expect(upstream.readings).toEqual([]);
    await upstream.pollNewest();
    expect(upstream.readings.map(({ end }) => end?.position)).toEqual([90]);
    expect(upstream.history.end?.position).toBe(90);
  });

  test('reports an unchanged end if the newest page only ends earlier than last time', async () => {
    const upstream = await walked({ messages: messages.slice(0, 90) });
    await upstream.clock.advance(2_000);
    upstream.source.conduct = conducts([{ most: 50 }, {}]);
    await upstream.readNewest();
    expect(upstream.readings).toHaveLength(1);
    const [{ previous, end } = {}] = upstream.readings;
    expect([previous?.position, previous?.fingerprint]).toEqual([90, end?.fingerprint]);
  });
});
