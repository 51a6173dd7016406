/**
 * Tests what an Execution archives, imports and deletes, and when. Over 300 lines: an Execution does only one of
 * these at a time, and most tests check how one delays another.
 */
import { beforeEach, describe, expect, test } from 'vitest';

import type { Message } from '../../src/messages/message.ts';
import { someHistory } from '../support/histories.ts';
import { settle } from '../support/manual-clock.ts';
import { ExecutionsUnderTest, REF, failureOf, valueOf } from './executions-under-test.ts';

const LONG_AGO = Date.UTC(2025, 0, 1);
const ENDED = someHistory({ length: 620, terminal: 'EXECUTION_SUCCEEDED', startMs: LONG_AGO });

const ids = (messages: readonly Message[]) => messages.map(({ messageId }) => messageId);
const isArchived = async (under: ExecutionsUnderTest): Promise<boolean> =>
  valueOf(await under.archive.list({ limit: 10 })).executions.length === 1;

describe('an execution that has ended', () => {
  test('is archived after its settle time, and causes no upstream call from then on', async () => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    await under.page({ from: { at: 'last', count: 1 } });
    await under.idle();
    expect(await isArchived(under)).toBe(true);
    // Three calls for three pages: the pages that the reader had just fetched were not fetched again.
    expect(under.source.calls).toHaveLength(3);
    under.source.forgetCalls();
    under.source.conduct = () => ({ failure: 'upstream-broken' });
    for (let round = 0; round < 2; round++) {
      expect(ids(await under.readAll([250, 3, 99]))).toEqual(ids(ENDED));
      expect(valueOf(await under.summary(50_000))).toMatchObject({
        status: 'SUCCEEDED',
        messageCount: 620,
        final: true,
      });
      expect(valueOf(await under.page({ from: { at: 'last', count: 2 } })).messages).toEqual(ENDED.slice(-2));
      await under.clock.advance(24 * 3_600_000);
      under.restart();
    }
    expect(under.source.calls).toHaveLength(0);
  });

  test('is not fetched again by a request that began before it was archived', async () => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    let calls: number | undefined;
    let turns = 0;
    under.clock.turn = async () => {
      // Runs after the request has read the last chunk, so the Execution knows that the history has ended.
      if (++turns !== 3) return;
      await under.idle();
      expect(under.events('archived')).toHaveLength(1);
      calls = under.source.calls.length;
    };
    const page = valueOf(await under.page({ eventTypes: ['NONE'] }));
    expect(page).toMatchObject({ messages: [], more: false });
    expect(under.source.calls).toHaveLength(calls ?? Number.NaN);
  });

  test('is archived 10 s after its end and not earlier, including late messages', async () => {
    const under = new ExecutionsUnderTest();
    const history = someHistory({
      length: 300,
      terminal: 'EXECUTION_SUCCEEDED',
      startMs: under.clock.now() - 2_990,
    });
    const [late] = someHistory({ length: 1, run: 'late' });
    under.source.append(...history);
    valueOf(await under.page({ from: { at: 'last', count: 1 } }));
    await under.clock.advance(9_000);
    expect(await isArchived(under)).toBe(false);
    // A late message is inserted before the terminal one.
    under.source.replace([...history.slice(0, -1), late ?? {}, ...history.slice(-1)]);
    await under.clock.advance(1_100);
    expect(await isArchived(under)).toBe(true);
    under.restart();
    expect(ids(await under.readAll())).toEqual([...ids(history.slice(0, -1)), 'late0', '299']);
  });

  test('is not archived if a later message shows that it still runs', async () => {
    const under = new ExecutionsUnderTest();
    under.source.append(
      ...someHistory({ length: 30, terminal: 'EXECUTION_FAILED', startMs: under.clock.now() - 290 }),
    );
    expect(valueOf(await under.summary()).status).toBe('FAILED');
    await under.clock.advance(9_000);
    under.source.append({ messageId: 'more', eventType: 'STEP_STARTED' });
    await under.clock.advance(3_600_000);
    expect(await isArchived(under)).toBe(false);
    expect(valueOf(await under.summary()).status).toBe('RUNNING');
  });

  test('settles 10 s after its last message was read, if that message has no timestamp', async () => {
    const under = new ExecutionsUnderTest({ messages: [{ eventType: 'EXECUTION_ABORTED' }] });
    await under.page();
    await under.clock.advance(9_999);
    expect(await isArchived(under)).toBe(false);
    await under.clock.advance(2);
    expect(await isArchived(under)).toBe(true);
  });

  test('is archived once, however many readers and waiting requests it has', async () => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    await Promise.all(Array.from({ length: 50 }, () => under.summary(50_000)));
    await under.idle();
    await under.clock.advance(60_000);
    expect(under.events('archived')).toHaveLength(1);
    // Four writes: two pages, the head, and the entry in the index.
    expect(under.store.writes('archive/')).toBe(4);
  });
});

test.each([
  ['an empty history', []],
  ['a running execution', someHistory({ length: 300 })],
  [
    'a history with a message after the terminal one',
    [{ eventType: 'EXECUTION_FAILED' }, { eventType: 'EXECUTION_STARTED' }],
  ],
])('%s is never archived', async (_, messages) => {
  const under = new ExecutionsUnderTest({ messages });
  for (let round = 0; round < 5; round++) {
    await under.readAll();
    await under.summary();
    await under.clock.advance(60_000);
  }
  expect(under.store.writes()).toBe(0);
});

describe('a store that fails while an execution is archived', () => {
  /**
   * Archiving writes a note that pages are being written, two pages, a note that the index needs an entry, and
   * the head.
   */
  const WRITES = 5;

  test.each([0, 1, 2, 3, 4])(
    'permanently after %i writes leaves no archive, and readers still get the history',
    async (writes) => {
      const under = new ExecutionsUnderTest({ messages: ENDED });
      under.store.failAfterWrites(writes);
      await under.page({ from: { at: 'last', count: 1 } });
      await under.clock.advance(3_600_000);
      expect(await isArchived(under)).toBe(false);
      expect(ids(await under.readAll([99]))).toEqual(ids(ENDED));
      under.restart();
      expect(ids(await under.readAll([99]))).toEqual(ids(ENDED));
      expect(under.events('archive-write-failed').length).toBeGreaterThan(0);
    },
  );

  test('only after the head was written leaves a complete archive', async () => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    under.store.failAfterWrites(WRITES);
    await under.page({ from: { at: 'last', count: 1 } });
    await under.idle();
    expect(await isArchived(under)).toBe(true);
    under.restart();
    under.source.missing = true;
    expect(ids(await under.readAll())).toEqual(ids(ENDED));
  });

  test('and recovers gets the archive later, without a reader or another upstream read', async () => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    under.store.failAfterWrites(1);
    await under.page({ from: { at: 'last', count: 1 } });
    await under.clock.advance(6_000);
    under.store.failAfterWrites(Infinity);
    await under.clock.advance(60_000);
    expect(await isArchived(under)).toBe(true);
    expect(under.source.calls).toHaveLength(3);
  });

  test('and fails for days is retried at growing intervals, then only when a reader arrives', async () => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    under.store.failAfterWrites(0);
    await under.page({ from: { at: 'last', count: 1 } });
    await under.clock.advance(7 * 24 * 3_600_000);
    const attempts = under.events('archive-write-failed').length;
    expect(attempts).toBeLessThanOrEqual(8);
    expect(under.clock.sleepers).toBe(0);
    under.store.failAfterWrites(Infinity);
    await under.page();
    await under.idle();
    expect(await isArchived(under)).toBe(true);
  });
});

test('a store whose reads fail or hang never makes a page fail', async () => {
  const under = new ExecutionsUnderTest({ messages: ENDED });
  under.store.failReads();
  expect(valueOf(await under.page()).messages).toHaveLength(250);
  under.store.failReads(false);
  under.restart();
  under.store.stall();
  const page = under.page();
  await under.clock.advance(2_001);
  expect(valueOf(await page).messages).toHaveLength(250);
  expect(under.events('archive-read-failed').length).toBeGreaterThan(0);
  under.store.release();
});

describe('an execution whose archive cannot be read', () => {
  let under: ExecutionsUnderTest;
  beforeEach(async () => {
    under = new ExecutionsUnderTest({ messages: ENDED });
    await under.page({ from: { at: 'last', count: 1 } });
    await under.idle();
    expect(await isArchived(under)).toBe(true);
  });
  const damage = async (prefix: string) => {
    const { keys } = await under.store.list({ prefix });
    for (const { name, metadata } of keys) await under.store.put(name, '{"v":1', { metadata });
  };

  test.each(['archive/1/page/', 'archive/1/head/'])(
    '(damaged: %s) is read from the source and archived again',
    async (prefix) => {
      await damage(prefix);
      under.restart();
      expect(ids(await under.readAll([99]))).toEqual(ids(ENDED));
      expect(under.events('archive-damaged').length).toBeGreaterThan(0);
      await under.readAll([99]);
      await under.clock.advance(11_000);
      under.restart();
      under.source.missing = true;
      expect(ids(await under.readAll([99]))).toEqual(ids(ENDED));
    },
  );

  test('is served from the source to a caller in the middle of paging, without a gap or repeat', async () => {
    const first = valueOf(await under.page({ maxResults: 200 }));
    await damage('archive/1/page/');
    await under.clock.advance(3_600_000);
    const rest: Message[] = [];
    for (let { next, more } = first; more;) {
      const page = valueOf(await under.page({ from: { at: 'position', ...next } }));
      rest.push(...page.messages);
      ({ next, more } = page);
    }
    expect(ids([...first.messages, ...rest])).toEqual(ids(ENDED));
  });

  test('fails with store-unavailable, rather than showing a shorter history, if upstream reads lag', async () => {
    const { next } = valueOf(await under.page({ from: { at: 'last', count: 1 } }));
    await under.clock.advance(3_600_000);
    under.store.failReads();
    under.source.conduct = () => ({ lag: 20 });
    expect(failureOf(await under.page({ from: { at: 'position', ...next } }))).toBe('store-unavailable');
    expect(failureOf(await under.page({ from: { at: 'last', count: 1 } }))).toBe('store-unavailable');
    under.source.conduct = () => ({});
    await under.clock.advance(11_000);
    expect(valueOf(await under.page({ from: { at: 'position', ...next } }))).toMatchObject({
      messages: [],
      more: false,
    });
  });

  test('fails with store-unavailable, rather than "not found", if the source no longer has it', async () => {
    await damage('archive/1/page/');
    await under.clock.advance(3_600_000);
    under.source.missing = true;
    expect(failureOf(await under.page({ from: { at: 'last', count: 1 } }))).toBe('store-unavailable');
  });
});

describe('imports and deletions', () => {
  const IMPORTED = someHistory({ length: 700, terminal: 'EXECUTION_FAILED', run: 'i', startMs: LONG_AGO });

  test('an imported history is served like any other, without a call to the source', async () => {
    const under = new ExecutionsUnderTest();
    under.source.missing = true;
    expect(valueOf(await under.import(IMPORTED))).toMatchObject({
      head: { count: 700, status: 'FAILED', from: 'import' },
      warnings: [],
    });
    for (let round = 0; round < 2; round++) {
      expect(await under.readAll([249])).toEqual(IMPORTED);
      under.restart();
    }
    expect(under.source.calls).toHaveLength(0);
  });

  test('an import replaces an archive immediately', async () => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    await under.page({ from: { at: 'last', count: 1 } });
    await under.idle();
    valueOf(await under.import(IMPORTED));
    expect(ids(await under.readAll())).toEqual(ids(IMPORTED));
    under.restart();
    expect(ids(await under.readAll())).toEqual(ids(IMPORTED));
    // The four writes are two pages of the old archive and two of the import. The old pages are deleted only
    // when no reader can need them any more.
    expect(under.store.writes('archive/1/page/')).toBe(4);
  });

  test('an import is not overwritten by the archiving walk that was queued behind it', async () => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    await under.page({ from: { at: 'last', count: 1 } });
    under.store.stall();
    const importing = under.import(IMPORTED);
    await under.idle();
    under.store.release();
    valueOf(await importing);
    await under.clock.advance(60_000);
    expect(ids(await under.readAll())).toEqual(ids(IMPORTED));
  });

  test.each([0, 1, 2])('an import that fails after %i writes leaves the previous archive', async (writes) => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    await under.page({ from: { at: 'last', count: 1 } });
    await under.idle();
    under.store.failAfterWrites(writes);
    expect(failureOf(await under.import(IMPORTED))).toBe('store-unavailable');
    under.restart();
    under.source.missing = true;
    expect(ids(await under.readAll())).toEqual(ids(ENDED));
  });

  test.each([
    ['that has not ended', someHistory({ length: 5 })],
    ['without messages', []],
  ])('the import of a history %s is refused and changes nothing', async (_, messages) => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    expect(failureOf(await under.import(messages))).toBe('invalid-input');
    expect(under.store.writes()).toBe(0);
    expect(await under.readAll()).toEqual(ENDED);
  });

  test('a deleted archive leaves nothing in the store, and the execution is read from the source again', async () => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    await under.page({ from: { at: 'last', count: 1 } });
    await under.idle();
    expect(valueOf(await under.executions.forget(REF))).toEqual({ archived: true });
    expect((await under.store.list({ prefix: 'archive/' })).keys).toEqual([]);
    under.source.forgetCalls();
    expect(ids(await under.readAll())).toEqual(ids(ENDED));
    expect(under.source.calls).toHaveLength(3);
  });

  test('a deleted import is not found, and a second deletion reports that nothing was archived', async () => {
    const under = new ExecutionsUnderTest();
    under.source.missing = true;
    valueOf(await under.import(IMPORTED));
    expect(valueOf(await under.executions.forget(REF))).toEqual({ archived: true });
    expect(failureOf(await under.page())).toBe('upstream-not-found');
    expect(valueOf(await under.executions.forget(REF))).toEqual({ archived: false });
  });

  test('a deletion is not undone by the archiving walk that was queued behind it', async () => {
    const under = new ExecutionsUnderTest({ messages: ENDED });
    await under.page({ from: { at: 'last', count: 1 } });
    under.store.stall();
    const forgetting = under.executions.forget(REF);
    await settle();
    await under.idle();
    under.store.release();
    valueOf(await forgetting);
    await under.clock.advance(60_000);
    expect(await isArchived(under)).toBe(false);
  });
});
