import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  SETTLE_MS,
  settleHistory,
  settlesAtMs,
  type SettleOptions,
} from '../../src/executions/settling/settling.ts';
import type { KnownEnd } from '../../src/executions/upstream/read-terms.ts';
import type { Message } from '../../src/messages/message.ts';
import { ArchiveUnderTest, readAll } from '../archive/archive-under-test.ts';
import { anyHistory, ended, HISTORY_START_MS, someHistory } from '../support/histories.ts';
import { conducts, type Conduct } from '../support/scripted-source.ts';
import { EXECUTION_ID, UpstreamUnderTest, type UnderTestOptions } from './upstream-under-test.ts';
import { runs } from '../support/seeded-random.ts';

const full = someHistory({ length: 730, terminal: 'EXECUTION_SUCCEEDED' });

class SettlingUnderTest {
  readonly archive = new ArchiveUnderTest();
  readonly upstream: UpstreamUnderTest;
  readonly ref;

  constructor(options: UnderTestOptions = {}) {
    this.upstream = new UpstreamUnderTest({ messages: full, ...options });
    this.ref = { source: this.upstream.source.name, executionId: EXECUTION_ID };
  }

  settle(more: Partial<SettleOptions> = {}) {
    return settleHistory({
      upstream: this.upstream.history,
      writer: this.archive.archive.writer(this.ref),
      clock: this.upstream.clock,
      notBeforeMs: this.upstream.clock.now(),
      describe: async () => undefined,
      commit: (write) => write(),
      ...more,
    });
  }

  /** Returns what a reader in another isolate finds in the archive. */
  async archived(): Promise<Message[] | string | undefined> {
    const found = await this.archive.elsewhere().find(this.ref);
    return found && readAll(found, this.ref);
  }
}

describe('a history settles', () => {
  const end = (more: Partial<KnownEnd> = {}): KnownEnd => ({
    position: 1,
    fingerprint: '0123456789abcdef',
    readAtMs: 0,
    eventType: 'EXECUTION_FAILED',
    timestamp: new Date(HISTORY_START_MS).toISOString(),
    ...more,
  });
  const withoutTime = (): KnownEnd => {
    const { timestamp: _, ...rest } = end();
    return rest;
  };
  const later = HISTORY_START_MS + 3_600_000;

  test.each<[string, KnownEnd | undefined, number, number | undefined]>([
    ['10 s after its terminal message', end(), later, HISTORY_START_MS + SETTLE_MS],
    [
      '10 s after the terminal message was read, if its timestamp lies in the future',
      end(),
      5_000,
      5_000 + SETTLE_MS,
    ],
    [
      '10 s after the terminal message was read, if it has no timestamp',
      withoutTime(),
      5_000,
      5_000 + SETTLE_MS,
    ],
    [
      '10 s after the terminal message was read, if its timestamp is invalid',
      end({ timestamp: 'noon' }),
      5_000,
      5_000 + SETTLE_MS,
    ],
    ['never while it runs', end({ eventType: 'STEP_FAILED' }), later, undefined],
    ['never before it was read', undefined, later, undefined],
  ])('%s', (_, known, seenAtMs, atMs) => {
    expect(settlesAtMs(known, seenAtMs)).toBe(atMs);
  });
});

describe('the walk that archives a history', () => {
  test('archives all messages, with one call per page', async () => {
    const under = new SettlingUnderTest();
    const settled = await under.settle();
    expect(settled).toMatchObject({ count: 730, status: 'SUCCEEDED', upstreamCalls: 8 });
    expect(await under.archived()).toEqual(full);
  });

  test('fetches again only the pages that were not read since the settle time', async () => {
    const under = new SettlingUnderTest();
    const { clock, source } = under.upstream;
    await under.upstream.walk();
    await clock.advance(5_000);
    const notBeforeMs = clock.now();
    for (const position of [0, 100, 200])
      await under.upstream.read(position, { allNotBeforeMs: notBeforeMs });
    // All messages are updated upstream. Only pages that are fetched again have the update in the archive.
    source.messages = full.map((message) => ({ ...message, payload: `${message.payload} updated` }));
    expect(await under.settle({ notBeforeMs })).toMatchObject({ upstreamCalls: 5 });
    expect(await under.archived()).toEqual([...full.slice(0, 300), ...source.messages.slice(300)]);
  });

  test('includes late messages', async () => {
    const under = new SettlingUnderTest({ messages: full.slice(0, 500) });
    await under.upstream.walk();
    under.upstream.source.append(...full.slice(500));
    await under.upstream.clock.advance(10_000);
    expect(await under.settle()).toMatchObject({ count: 730 });
    expect(await under.archived()).toEqual(full);
  });

  test.each<[string, (upstream: UpstreamUnderTest) => void]>([
    ['has grown', ({ source }) => source.append({ messageId: 'more', eventType: 'STEP_STARTED' })],
    ['is empty', ({ source }) => source.replace([])],
    [
      'cannot be read at its start',
      ({ source }) => (source.conduct = () => ({ failure: 'upstream-internal' })),
    ],
    [
      'cannot be read in the middle',
      ({ source }) =>
        (source.conduct = ({ position }) => (position === 400 ? { failure: 'upstream-timeout' } : {})),
    ],
    ['is read without its last 3 messages', ({ source }) => (source.conduct = () => ({ lag: 3 }))],
    ['is read without its last pages', ({ source }) => (source.conduct = () => ({ lag: 450 }))],
    [
      'is replaced during the walk',
      ({ source }) => {
        source.conduct = ({ position }) => {
          if (position === 300)
            source.messages = someHistory({ length: 800, terminal: 'EXECUTION_FAILED', run: 'b' });
          return {};
        };
      },
    ],
  ])('gives up with a reason and leaves nothing in the store if the history %s', async (_, change) => {
    const under = new SettlingUnderTest();
    await under.upstream.walk();
    await under.upstream.clock.advance(10_000);
    change(under.upstream);
    expect(await under.settle()).toBeTypeOf('string');
    expect(await under.archive.keys()).toEqual([]);
  });

  test('retries a page that failed in an earlier walk, but not within a second', async () => {
    const under = new SettlingUnderTest({ conduct: () => ({ failure: 'upstream-internal' }) });
    const { clock, source } = under.upstream;
    const notBeforeMs = clock.now();
    expect(await under.settle({ notBeforeMs })).toBe('upstream-internal');
    expect(await under.settle({ notBeforeMs })).toBe('upstream-internal');
    expect(source.calls).toHaveLength(1);
    source.conduct = () => ({});
    await clock.advance(5_000);
    expect(await under.settle({ notBeforeMs })).toMatchObject({ count: 730 });
    expect(await under.archived()).toEqual(full);
  });

  test('settles the history even if the store fails at any write, and archives all or nothing', async () => {
    let writes = 0;
    for (let whole = false; !whole; writes++) {
      const under = new SettlingUnderTest();
      under.archive.store.failAfterWrites(writes);
      const settled = await under.settle();
      if (typeof settled === 'string') throw new Error(settled);
      expect(settled).toMatchObject({ count: 730, status: 'SUCCEEDED', upstreamCalls: 8 });
      whole = settled.head !== undefined;
      expect(settled.storeFailure).toEqual(whole ? undefined : expect.stringContaining('500'));
      expect(await under.archived()).toEqual(whole ? full : undefined);
    }
    expect(writes).toBe(4);
  });

  test('archives nothing if the store fails at any single write', async () => {
    for (let bad = 1; bad <= 3; bad++) {
      const under = new SettlingUnderTest();
      const { put } = under.archive.store;
      let writes = 0;
      under.archive.store.put = async (...args) => {
        writes++;
        if (writes === bad) throw new Error('429');
        await put.apply(under.archive.store, args);
      };
      expect(await under.settle()).toMatchObject({ count: 730, storeFailure: 'Error: 429' });
      expect(await under.archived()).toBeUndefined();
      // The walk stops after the failed write.
      expect(writes).toBe(bad);
    }
  });

  test('archives the history as it was read, or nothing, whatever goes wrong upstream', async () => {
    const anyConduct = fc.constantFrom<Conduct>(
      {},
      {},
      {},
      { most: 7 },
      { lag: 2 },
      { lag: 120 },
      { empty: true },
      { dangling: true },
      { expireTokens: true },
      { failure: 'upstream-throttled' },
    );
    let archived = 0;
    await fc.assert(
      fc.asyncProperty(
        anyHistory(900, 1),
        fc.array(anyConduct, { maxLength: 12 }),
        fc.constantFrom(1, 100_000, 24_000_000),
        fc.boolean(),
        async (drawn, conduct, memoryBytes, readBefore) => {
          const messages = ended(drawn, 'EXECUTION_ABORTED');
          const under = new SettlingUnderTest({ messages, memoryBytes });
          if (readBefore) await under.upstream.walk();
          await under.upstream.clock.advance(10_000);
          under.upstream.source.conduct = conducts([...conduct, {}]);
          const settled = await under.settle();
          if (typeof settled === 'string') expect(await under.archive.keys()).toEqual([]);
          else {
            archived++;
            // Without earlier knowledge, the walk cannot tell a lagging read that ends after a terminal
            // message from the whole history.
            if (readBefore) expect(settled).toMatchObject({ count: messages.length, status: 'ABORTED' });
            expect(await under.archived()).toEqual(messages.slice(0, settled.count));
          }
        },
      ),
      { numRuns: runs(80) },
    );
    expect(archived).toBeGreaterThan(10);
  });
});

describe('a redrivable execution', () => {
  const redrivableMs = 14 * 24 * 3_600_000;
  const failed = someHistory({ length: 30, terminal: 'EXECUTION_FAILED' });

  test('is final 14 days after its end, or immediately if it succeeded', async () => {
    const settled = await new SettlingUnderTest({ messages: failed }).settle({ redrivableMs });
    const finalAt = new Date(Date.parse(failed[29]?.timestamp ?? '') + redrivableMs).toISOString();
    expect(settled).toMatchObject({ finalAt, head: { finalAt } });
    expect(await new SettlingUnderTest().settle({ redrivableMs })).not.toHaveProperty('finalAt');
    expect(await new SettlingUnderTest({ messages: failed }).settle()).not.toHaveProperty('finalAt');
  });

  test.each([undefined, 'noon'])(
    'is final 14 days after it settles if its end has no valid time (%s)',
    async (timestamp) => {
      const { timestamp: _, ...last } = failed[29] ?? {};
      const messages = [...failed.slice(0, 29), { ...last, ...(timestamp !== undefined && { timestamp }) }];
      const under = new SettlingUnderTest({ messages });
      const finalAt = new Date(under.upstream.clock.now() + redrivableMs).toISOString();
      expect(await under.settle({ redrivableMs })).toMatchObject({ finalAt });
    },
  );
});
