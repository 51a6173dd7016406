import { describe, expect, test } from 'vitest';

import { UPSTREAM_PAGES_BYTES_MAX, createPageMemory } from '../../src/executions/upstream/page-memory.ts';
import { someHistory } from '../support/histories.ts';
import { settle } from '../support/manual-clock.ts';
import { ExecutionsUnderTest, failureOf, valueOf, type ReadPage } from './executions-under-test.ts';

const RUNNING = someHistory({ length: 20 });
const ENDED = someHistory({ length: 1_000, terminal: 'EXECUTION_SUCCEEDED' });

const many = <T>(count: number, ask: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, ask));

describe('upstream calls do not depend on the number of readers (invariant 3)', () => {
  test('concurrent requests share calls, and at most one call is in flight', async () => {
    const under = new ExecutionsUnderTest({ messages: someHistory({ length: 700 }) });
    under.source.hold();
    const asked = Promise.all([
      many(30, () => under.page()),
      many(30, () => under.page({ from: { at: 'last', count: 5 } })),
      many(30, () => under.summary()),
    ]);
    await settle();
    under.source.release();
    const [pages, newest, summaries] = await asked;
    for (const page of pages) expect(valueOf(page).messages).toHaveLength(250);
    for (const page of newest) expect(valueOf(page).messages).toHaveLength(5);
    for (const summary of summaries) expect(valueOf(summary).messageCount).toBe(700);
    expect(under.source.calls).toHaveLength(3);
    expect(under.source.inFlightMax).toBe(1);
  });

  test('the last page is fetched again once it is a second old, and full pages are never fetched again', async () => {
    const under = new ExecutionsUnderTest({ messages: someHistory({ length: 260 }) });
    await under.readAll();
    expect(under.source.calls).toHaveLength(2);
    await under.clock.advance(999);
    await under.readAll([7]);
    expect(under.source.calls).toHaveLength(2);
    await under.clock.advance(2);
    await under.readAll([7]);
    expect(under.source.calls.map(({ position }) => position)).toEqual([0, 250, 250]);
  });

  test.each(['upstream-throttled', 'upstream-internal', 'upstream-broken', 'upstream-timeout'] as const)(
    'the failure %s is cached for a second, like a last page',
    async (failure) => {
      const under = new ExecutionsUnderTest({ messages: RUNNING, conduct: () => ({ failure }) });
      expect(await many(20, async () => failureOf(await under.page()))).toEqual(
        Array.from({ length: 20 }, () => failure),
      );
      await under.clock.advance(999);
      expect(failureOf(await under.page())).toBe(failure);
      expect(under.source.calls).toHaveLength(1);
      under.source.conduct = () => ({});
      await under.clock.advance(2);
      expect(valueOf(await under.page()).messages).toHaveLength(20);
      expect(under.source.calls).toHaveLength(2);
    },
  );

  test('all callers share a "not found" for 1.5 s, without asking the Execution again', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    under.source.missing = true;
    let asked = 0;
    const { page, summary } = under.live;
    under.live.page = (...request) => (asked++, page(...request));
    under.live.summary = (...request) => (asked++, summary(...request));
    expect(await many(20, async () => failureOf(await under.page()))).toContain('upstream-not-found');
    expect(under.source.calls).toHaveLength(1);
    asked = 0;
    await under.clock.advance(1_499);
    expect(failureOf(await under.page())).toBe('upstream-not-found');
    expect(failureOf(await under.summary())).toBe('upstream-not-found');
    expect(asked).toBe(0);
    expect(under.source.calls).toHaveLength(1);
    under.source.missing = false;
    await under.clock.advance(1);
    expect(valueOf(await under.page()).messages).toHaveLength(20);
    expect(under.source.calls).toHaveLength(2);
  });

  test('an import is visible immediately, even to callers that just got "not found"', async () => {
    const under = new ExecutionsUnderTest();
    under.source.missing = true;
    expect(failureOf(await under.page())).toBe('upstream-not-found');
    valueOf(await under.import(ENDED));
    expect(valueOf(await under.page()).messages).toHaveLength(250);
  });

  test('an execution causes no calls and no timers once its readers have left', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    await under.page();
    await under.page({ waitMs: 2_000, from: { at: 'start' } });
    await under.clock.advance(3_600_000);
    expect(under.source.calls.length).toBeLessThanOrEqual(3);
    expect(under.clock.sleepers).toBe(0);
  });

  test('a call completes even if its readers leave, and its page is cached', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    under.source.hold();
    const gone = new AbortController();
    const asked = under.page({ waitMs: 5_000 }, gone.signal);
    await settle();
    gone.abort();
    under.source.release();
    await asked;
    expect(valueOf(await under.page()).messages).toHaveLength(20);
    expect(under.source.calls).toHaveLength(1);
  });
});

describe('a waiting request', () => {
  const behind = async (under: ExecutionsUnderTest) =>
    ({ at: 'position', ...valueOf(await under.page()).next }) as const;

  test('shares one poll with all other waiting requests, and all are answered together', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    const from = await behind(under);
    const waiting = many(100, () => under.page({ from, waitMs: 50_000 }));
    await under.clock.advance(5_000);
    const calls = under.source.calls.length;
    expect(calls).toBeLessThanOrEqual(7);
    const [more] = someHistory({ length: 1, run: 'more' });
    under.source.append(more ?? {});
    await under.clock.advance(15_000);
    for (const answer of await waiting) expect(valueOf(answer).messages).toEqual([more]);
    expect(under.source.calls.length - calls).toBeLessThanOrEqual(3);
    expect(under.source.inFlightMax).toBe(1);
  });

  test('ends with an empty page when the time is up', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    const from = await behind(under);
    let answered = false;
    const waiting = under.page({ from, waitMs: 10_000 }).finally(() => (answered = true));
    await under.clock.advance(9_999);
    expect(answered).toBe(false);
    await under.clock.advance(1);
    expect(valueOf(await waiting)).toMatchObject({
      messages: [],
      more: false,
      status: 'RUNNING',
      next: { position: 20 },
    });
  });

  test('is answered immediately if a message exists or the execution has ended', async () => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    expect(valueOf(await under.page({ waitMs: 50_000 })).messages).toHaveLength(250);
    const end = valueOf(await under.page({ from: { at: 'last', count: 1 } })).next;
    const page = valueOf(await under.page({ from: { at: 'position', ...end }, waitMs: 50_000 }));
    expect(page).toMatchObject({ messages: [], status: 'SUCCEEDED' });
    expect(valueOf(await under.summary(50_000)).status).toBe('SUCCEEDED');
  });

  test('for a summary is answered as soon as the execution ends', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    const waiting = many(10, () => under.summary(50_000));
    await under.clock.advance(3_000);
    under.source.append({ messageId: 'x', eventType: 'EXECUTION_FAILED', payload: 'why' });
    await under.clock.advance(15_000);
    for (const answer of await waiting) {
      expect(valueOf(answer)).toMatchObject({
        status: 'FAILED',
        messageCount: 21,
        failure: expect.anything(),
      });
    }
  });

  test('with a filter skips messages that do not match, and its cursor moves past them', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    const from = await behind(under);
    const waiting = under.page({ from, waitMs: 50_000, eventTypes: ['STEP_FAILED'] });
    await under.clock.advance(1_000);
    under.source.append({ messageId: 'no', eventType: 'STEP_STARTED' });
    await under.clock.advance(4_000);
    under.source.append({ messageId: 'yes', eventType: 'STEP_FAILED' });
    await under.clock.advance(15_000);
    expect(valueOf(await waiting)).toMatchObject({
      messages: [{ messageId: 'yes' }],
      next: { position: 22 },
    });
  });

  test('is not ended by a temporary upstream failure', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    const from = await behind(under);
    const waiting = under.page({ from, waitMs: 50_000 });
    under.source.conduct = () => ({ failure: 'upstream-throttled' });
    await under.clock.advance(20_000);
    under.source.conduct = () => ({});
    under.source.append({ messageId: 'after all' });
    await under.clock.advance(30_000);
    expect(valueOf(await waiting).messages).toEqual([{ messageId: 'after all' }]);
  });

  test('for an unknown execution looks again for 5 s, because back ends read an execution right after they start it', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    under.source.missing = true;
    const waiting = many(50, () => under.page({ waitMs: 50_000 }));
    await under.clock.advance(4_999);
    // These two calls were made at 0 and 1.5 s.
    expect(under.source.calls).toHaveLength(2);
    under.source.missing = false;
    await under.clock.advance(1);
    for (const answer of await waiting) expect(valueOf(answer).messages).toHaveLength(20);
    expect(under.source.calls).toHaveLength(3);
  });

  test('for an unknown execution ends with the last look within 5 s and within the requested time', async () => {
    const under = new ExecutionsUnderTest();
    under.source.missing = true;
    const answeredAfter = async (waitMs: number) => {
      const beganAtMs = under.clock.now();
      let afterMs = NaN;
      const waiting = under.page({ waitMs }).then((answer) => {
        afterMs = under.clock.now() - beganAtMs;
        return failureOf(answer);
      });
      await under.clock.advance(10_000);
      expect(await waiting).toBe('upstream-not-found');
      return afterMs;
    };
    expect(await answeredAfter(50_000)).toBe(5_000);
    expect(under.source.calls).toHaveLength(3);
    // The last look that fits into these 2 s is at 1.5 s.
    expect(await answeredAfter(2_000)).toBe(1_500);
    expect(await answeredAfter(0)).toBe(0);
  });

  test('is refused with a Retry-After if no slot is free, and frees its own slot when it ends', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING, listenersMax: 3 });
    const from = await behind(under);
    const gone = new AbortController();
    const waiting = [
      under.page({ from, waitMs: 50_000 }, gone.signal),
      under.page({ from, waitMs: 50_000 }),
      under.summary(50_000),
    ];
    await settle();
    const refused = under.page({ from, waitMs: 50_000 });
    // Before the refusal, the clients that hold slots are probed for disconnects.
    await under.clock.advance(5_000);
    expect(await refused).toMatchObject({
      failure: { type: 'overloaded', retryAfterSeconds: expect.any(Number) },
    });
    // A request that does not wait needs no slot.
    expect(valueOf(await under.page()).messages).toHaveLength(20);
    gone.abort();
    await waiting[0];
    waiting.push(under.page({ from, waitMs: 10_000 }));
    await under.clock.advance(50_000);
    for (const answer of await Promise.all(waiting)) expect(answer.ok).toBe(true);
  });
});

test('a history larger than the page memory is read completely, and the memory stays within its budget', async () => {
  const payload = 'x'.repeat(20_000);
  const messages = someHistory({ length: 3_000, payload: () => payload });
  const memory = createPageMemory();
  const under = new ExecutionsUnderTest({ messages, memory });
  const read: (string | undefined)[] = [];
  let most = 0;
  let from: Parameters<typeof under.page>[0] = {};
  for (;;) {
    const page: ReadPage = valueOf(await under.page({ ...from, maxResults: 100 }));
    read.push(...page.messages.map(({ messageId }) => messageId));
    most = Math.max(most, memory.size);
    if (!page.more) break;
    from = { from: { at: 'position', ...page.next } };
  }
  expect(read).toEqual(messages.map(({ messageId }) => messageId));
  expect(most).toBeGreaterThan(UPSTREAM_PAGES_BYTES_MAX / 2);
  expect(most).toBeLessThanOrEqual(UPSTREAM_PAGES_BYTES_MAX);
  // The history is read in order, so no page is fetched twice.
  expect(under.source.calls).toHaveLength(12);
});

test("a single upstream page larger than the memory's budget is served", async () => {
  const messages = someHistory({ length: 500, payload: () => 'x'.repeat(10_000) });
  const under = new ExecutionsUnderTest({ messages, memory: createPageMemory(1_000_000) });
  expect((await under.readAll([60])).map(({ messageId }) => messageId)).toEqual(
    messages.map(({ messageId }) => messageId),
  );
});
