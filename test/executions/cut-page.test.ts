/** How a page is cut from a history. Over 300 lines, because every guarantee of a page has a test here. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { cutPage, PAGE_BYTES_MAX, type PageQuery } from '../../src/executions/cut-page.ts';
import { PAGE_MESSAGES_MAX } from '../../src/messages/page-messages.ts';
import { SCANNED_BYTES_MAX, SCANNED_MESSAGES_MAX } from '../../src/executions/scan.ts';
import { fail } from '../../src/core/errors.ts';
import type { Position } from '../../src/messages/cursor.ts';
import { fingerprintsAlong } from '../../src/messages/fingerprint.ts';
import type { History } from '../../src/messages/history.ts';
import { type Message, messageBytes, visibleMessage } from '../../src/messages/message.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { anyHistory, historyInChunks, someHistory } from '../support/histories.ts';
import { runs } from '../support/seeded-random.ts';

const START = '0011223344556677';
const clock = new ManualClock();
const inChunks = (messages: readonly Message[], sizes: readonly number[] = [100], complete = true) =>
  historyInChunks(messages, sizes, { complete, start: START });
const positionOf = (messages: readonly Message[], position: number): Position => ({
  position,
  fingerprint: fingerprintsAlong(START, messages)[position] ?? '',
});

const query = (more: Partial<PageQuery> = {}): PageQuery => ({
  from: { at: 'start' },
  maxResults: 100,
  payloads: 'full',
  ...more,
});
const at = (position: Position): PageQuery['from'] => ({ at: 'position', ...position });

async function cut(history: History, more: Partial<PageQuery> = {}) {
  const page = await cutPage(history, query(more), clock);
  if (!page.ok) throw new Error(page.failure.type);
  return page.value;
}

const anyChunks = fc.array(fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 1_000 })), {
  minLength: 1,
  maxLength: 6,
});
const anySizes = fc.array(fc.integer({ min: 1, max: PAGE_MESSAGES_MAX }), { minLength: 1, maxLength: 10 });
const anyTypes = fc.option(fc.subarray(['STEP_FAILED', 'STEP_STARTED', 'ACTIVITY_FAILED', 'other', '']), {
  nil: undefined,
});
const wantedOf = (messages: readonly Message[], types: readonly string[] | undefined) =>
  messages.filter(({ eventType = '' }) => types?.includes(eventType) ?? true);

describe('pages from the first to the last', () => {
  test('contain each message exactly once and in order, for any page sizes and chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyHistory(3_000),
        anyChunks,
        anySizes,
        anyTypes,
        fc.constantFrom('full' as const, 'none' as const),
        fc.boolean(),
        async (messages, chunks, sizes, eventTypes, payloads, complete) => {
          const history = inChunks(messages, chunks, complete);
          const got: Message[] = [];
          let from: PageQuery['from'] = { at: 'start' };
          for (let pages = 0; ; pages++) {
            const maxResults = sizes[pages % sizes.length] ?? 1;
            const page = await cut(history, {
              from,
              maxResults,
              payloads,
              ...(eventTypes && { eventTypes }),
            });
            got.push(...page.messages);
            expect(page.messages.length).toBeLessThanOrEqual(maxResults);
            expect(page.next).toEqual(positionOf(messages, page.next.position));
            expect(page.more).toBe(page.next.position < messages.length);
            // Each page advances. Without a filter, every page except the last is full.
            if (from.at === 'position') expect(page.next.position).toBeGreaterThan(from.position);
            if (page.more && !eventTypes) expect(page.messages).toHaveLength(maxResults);
            if (!page.more) break;
            from = at(page.next);
          }
          expect(got).toEqual(
            wantedOf(messages, eventTypes).map((message) => visibleMessage(message, payloads)),
          );
        },
      ),
      { numRuns: runs(60) },
    );
  });

  test('continue from any position without a gap or repeat', async () => {
    const messages = someHistory({ length: 730 });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(730),
        anyChunks,
        fc.integer({ min: 1, max: 250 }),
        async (position, chunks, maxResults) => {
          const page = await cut(inChunks(messages, chunks), {
            from: at(positionOf(messages, position)),
            maxResults,
          });
          expect(page.messages).toEqual(messages.slice(position, position + maxResults));
          expect(page.more).toBe(position + maxResults < 730);
        },
      ),
    );
  });

  test('have `more` set only if another message follows', async () => {
    const messages = someHistory({ length: 200 });
    // Upstream gave a token for its last page although nothing follows, so the last chunk is empty.
    const dangling = (history: History): History => ({
      complete: false,
      chunkAt: async (position) => {
        const read = await history.chunkAt(position);
        if (!read.ok || !read.value.last) return read;
        const { fingerprint } = positionOf(messages, 200);
        return position < 200
          ? { ok: true, value: { ...read.value, last: false } }
          : {
              ok: true,
              value: { start: 200, messages: [], fingerprints: [fingerprint], bytes: 0, last: true },
            };
      },
    });
    for (const history of [
      inChunks(messages),
      dangling(inChunks(messages)),
      dangling(inChunks(messages, [7])),
    ]) {
      for (const maxResults of [100, 200, 250]) {
        const first = await cut(history, { maxResults });
        expect(first.more).toBe(maxResults < 200);
        if (first.more) expect((await cut(history, { from: at(first.next), maxResults })).more).toBe(false);
      }
      const end = await cut(history, { from: at(positionOf(messages, 200)) });
      expect(end).toEqual({ messages: [], next: positionOf(messages, 200), more: false });
    }
  });

  test('of an empty history are one empty page', async () => {
    const page = await cut(inChunks([], [100], false));
    expect(page).toEqual({ messages: [], next: { position: 0, fingerprint: START }, more: false });
    expect(await cut(inChunks([]), { from: { at: 'last', count: 5 } })).toEqual(page);
  });
});

describe('a page of the newest messages', () => {
  test('contains the last matches, oldest first, and continues at the end of the history', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyHistory(1_500),
        anyChunks,
        anyTypes,
        fc.integer({ min: 1, max: 250 }),
        async (messages, chunks, eventTypes, count) => {
          const page = await cut(inChunks(messages, chunks), {
            from: { at: 'last', count },
            ...(eventTypes && { eventTypes }),
          });
          expect(page.messages).toEqual(wantedOf(messages, eventTypes).slice(-count));
          expect(page.next).toEqual(positionOf(messages, messages.length));
          expect(page.more).toBe(false);
        },
      ),
      { numRuns: runs(60) },
    );
  });

  test('searches only the newest part of a long history, and is then marked as partial', async () => {
    const messages = someHistory({ length: SCANNED_MESSAGES_MAX + 700 });
    const rare = messages.map((message, index) =>
      index % 5_500 === 100 ? { ...message, eventType: 'rare' } : message,
    );
    const page = await cut(inChunks(rare), { from: { at: 'last', count: 5 }, eventTypes: ['rare'] });
    expect(page.messages.map(({ messageId }) => messageId)).toEqual(['5600']);
    expect(page.partial).toBe(true);
  });

  test('stops where the history was replaced during the read', async () => {
    const [old, fresh] = [someHistory({ length: 300 }), someHistory({ length: 300, run: 'b' })];
    const history: History = {
      complete: false,
      chunkAt: (position) => inChunks(position >= 200 ? old : fresh).chunkAt(position),
    };
    const page = await cut(history, { from: { at: 'last', count: 250 } });
    expect(page.messages).toEqual(old.slice(200));
  });
});

describe('the bytes of a page', () => {
  const large = (bytes: (position: number) => number) =>
    someHistory({ length: 40, payload: (position) => 'x'.repeat(bytes(position)) });

  test.each<[string, Message[]]>([
    ['each message above the limit', large(() => PAGE_BYTES_MAX + 1)],
    ['each message a quarter of the limit', large(() => PAGE_BYTES_MAX / 4)],
    ['some messages large, some small', large((position) => (position % 5 === 0 ? PAGE_BYTES_MAX : 10))],
  ])('never exceed the limit, except for a single message that is larger (%s)', async (_, messages) => {
    const history = inChunks(messages, [7]);
    const got: Message[] = [];
    let from: PageQuery['from'] = { at: 'start' };
    for (;;) {
      const page = await cut(history, { from });
      const bytes = page.messages.reduce((sum, message) => sum + messageBytes(message), 0);
      if (page.messages.length > 1) expect(bytes).toBeLessThanOrEqual(PAGE_BYTES_MAX);
      expect(page.messages.length).toBeGreaterThan(0);
      got.push(...page.messages);
      if (!page.more) break;
      from = at(page.next);
    }
    expect(got).toEqual(messages);
  });

  test('are limited for the newest messages too, counted from the end', async () => {
    const messages = large((position) => (position === 37 ? PAGE_BYTES_MAX : 10));
    const page = await cut(inChunks(messages, [7]), { from: { at: 'last', count: 20 } });
    expect(page.messages).toEqual(messages.slice(38));
    const largest = messages.slice(0, 38);
    expect((await cut(inChunks(largest), { from: { at: 'last', count: 20 } })).messages).toEqual(
      largest.slice(37),
    );
  });

  test('do not include hidden payloads', async () => {
    const messages = large(() => PAGE_BYTES_MAX);
    expect((await cut(inChunks(messages), { payloads: 'none' })).messages).toHaveLength(40);
  });
});

describe('the stored bytes that a page reads', () => {
  /**
   * Gives the chunks of a history these sizes in bytes, chosen by where a chunk starts. Returns that history,
   * and the list of the chunks that are read.
   */
  const heavy = (history: History, bytes: readonly number[]) => {
    const read: { readonly start: number; readonly bytes: number }[] = [];
    const counted: History = {
      complete: history.complete,
      chunkAt: async (position) => {
        const chunk = await history.chunkAt(position);
        if (!chunk.ok) return chunk;
        const sized = { ...chunk.value, bytes: bytes[chunk.value.start % bytes.length] ?? 0 };
        read.push(sized);
        return { ok: true, value: sized };
      },
    };
    return { history: counted, read };
  };
  const anyBytes = fc.array(fc.integer({ min: 0, max: 2 * SCANNED_BYTES_MAX }), {
    minLength: 1,
    maxLength: 7,
  });
  /** The bytes of all chunks except the last one read. Only the last chunk is allowed to exceed the limit. */
  const beforeLast = (read: readonly { readonly bytes: number }[]) =>
    read.slice(0, -1).reduce((sum, { bytes }) => sum + bytes, 0);

  test('are limited, and following nextToken still yields each match exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyHistory(400),
        anyChunks,
        anyBytes,
        anySizes,
        anyTypes,
        async (messages, chunks, bytes, sizes, eventTypes) => {
          const got: Message[] = [];
          let from: PageQuery['from'] = { at: 'start' };
          for (let pages = 0; ; pages++) {
            const { history, read } = heavy(inChunks(messages, chunks), bytes);
            const maxResults = sizes[pages % sizes.length] ?? 1;
            const page = await cut(history, { from, maxResults, ...(eventTypes && { eventTypes }) });
            got.push(...page.messages);
            // A page is allowed to read one chunk beyond the limit, to find out whether messages follow.
            expect(beforeLast(read.slice(0, -1))).toBeLessThan(SCANNED_BYTES_MAX);
            expect(page.next).toEqual(positionOf(messages, page.next.position));
            expect(page.more).toBe(page.next.position < messages.length);
            if (!page.more) break;
            if (from.at === 'position') expect(page.next.position).toBeGreaterThan(from.position);
            from = at(page.next);
          }
          expect(got).toEqual(wantedOf(messages, eventTypes));
        },
      ),
      { numRuns: runs(60) },
    );
  });

  test('are limited in a growing history too, where `more` is set only if messages follow', async () => {
    const messages = someHistory({ length: 300 });
    const { history, read } = heavy(inChunks(messages, [100], false), [SCANNED_BYTES_MAX]);
    for (const position of [0, 100, 200]) {
      const page = await cut(history, {
        from: at(positionOf(messages, position)),
        eventTypes: ['none of these'],
      });
      expect(page).toMatchObject({ messages: [], next: { position: position + 100 }, more: position < 200 });
    }
    expect(read.map(({ start }) => start)).toEqual([0, 100, 100, 200, 200, 200]);
  });

  test('limit a page of the newest messages, which is then marked as partial', async () => {
    const messages = someHistory({ length: 1_000 });
    const { history, read } = heavy(inChunks(messages), [SCANNED_BYTES_MAX / 2]);
    const page = await cut(history, { from: { at: 'last', count: 250 }, eventTypes: ['none of these'] });
    expect(page).toEqual({ messages: [], next: positionOf(messages, 1_000), more: false, partial: true });
    expect(read.map(({ start }) => start)).toEqual([900, 800]);
    expect(await cut(history, { from: { at: 'last', count: 200 } })).not.toHaveProperty('partial');
    const short = await cut(history, { from: { at: 'last', count: 201 } });
    expect([short.messages.length, short.partial]).toEqual([200, true]);
  });

  test('are read with a turn of the event loop between two chunks', async () => {
    const turns: number[] = [];
    const { history, read } = heavy(inChunks(someHistory({ length: 500 })), [10]);
    const counting = { turn: async () => void turns.push(read.length) };
    await cutPage(history, query({ eventTypes: ['none of these'] }), counting);
    expect(turns).toEqual([1, 2, 3, 4]);
  });
});

describe('a filter', () => {
  test('with few matches examines a limited number of messages per page, and the next page continues after them', async () => {
    const messages = someHistory({ length: 2 * SCANNED_MESSAGES_MAX + 100 });
    const history = inChunks(messages, [1_000]);
    let chunks = 0;
    const counted: History = {
      complete: true,
      chunkAt: (position) => {
        chunks++;
        return history.chunkAt(position);
      },
    };
    const first = await cut(counted, { eventTypes: ['none of these'] });
    expect(first).toMatchObject({ messages: [], next: { position: SCANNED_MESSAGES_MAX }, more: true });
    expect(chunks).toBeLessThanOrEqual(6);
    const second = await cut(history, { from: at(first.next), eventTypes: ['none of these'] });
    const third = await cut(history, { from: at(second.next), eventTypes: ['none of these'] });
    expect([second.more, third.more, third.next.position]).toEqual([true, false, messages.length]);
  });
});

describe('a request at a position', () => {
  const messages = someHistory({ length: 250 });
  const other = someHistory({ length: 250, run: 'b' });

  test.each([true, false])(
    'of another history fails with history-changed (complete: %s)',
    async (complete) => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 250 }), anyChunks, async (position, chunks) => {
          const page = await cutPage(
            inChunks(messages, chunks, complete),
            query({ from: at(positionOf(other, position)) }),
            clock,
          );
          expect(page).toEqual(fail({ type: 'history-changed' }));
        }),
      );
    },
  );

  test('past the end gets an empty page if the history can still grow, and history-changed otherwise', async () => {
    const longer = someHistory({ length: 300 });
    for (const position of [251, 300]) {
      const from = at(positionOf(longer, position));
      expect(await cut(inChunks(messages, [100], false), { from })).toEqual({
        messages: [],
        next: positionOf(longer, position),
        more: false,
      });
      expect(await cutPage(inChunks(messages), query({ from }), clock)).toEqual(
        fail({ type: 'history-changed' }),
      );
    }
  });
});

describe('a failed read', () => {
  const messages = someHistory({ length: 250 });
  const failure = { type: 'upstream-throttled', internal: '', retryAfterSeconds: 1 } as const;
  const failingAt = (bad: number, complete = false): History => ({
    complete,
    chunkAt: async (position) => (position >= bad ? fail(failure) : inChunks(messages).chunkAt(position)),
  });

  test('fails the page if no message was read before', async () => {
    expect(await cutPage(failingAt(0), query(), clock)).toEqual(fail(failure));
    expect(await cutPage(failingAt(100), query({ from: { at: 'last', count: 3 } }), clock)).toEqual(
      fail(failure),
    );
  });

  test('after some messages ends the page with `more`, so the next request gets the failure', async () => {
    const page = await cut(failingAt(100), { maxResults: 250 });
    expect(page).toMatchObject({ more: true, next: { position: 100 } });
    expect(page.messages).toEqual(messages.slice(0, 100));
    expect((await cut(failingAt(100), { maxResults: 100 })).more).toBe(true);
    // The same applies if all messages were read and only the check for the end fails.
    expect((await cut(failingAt(250), { maxResults: 250 })).more).toBe(true);
    expect((await cut(failingAt(250, true), { maxResults: 250 })).more).toBe(false);
  });

  test('because the history was replaced ends the page, and the next request gets history-changed', async () => {
    const other = someHistory({ length: 250, run: 'b' });
    const history: History = {
      complete: false,
      chunkAt: (position) => inChunks(position < 100 ? messages : other).chunkAt(position),
    };
    const page = await cut(history, { maxResults: 250 });
    expect(page).toMatchObject({ more: true, next: positionOf(messages, 100) });
    expect(await cutPage(history, query({ from: at(page.next) }), clock)).toEqual(
      fail({ type: 'history-changed' }),
    );
  });

  test('because the history became shorter ends the page without `more`', async () => {
    const history: History = {
      complete: false,
      chunkAt: (position) => inChunks(position < 100 ? messages : messages.slice(0, 60)).chunkAt(position),
    };
    expect(await cut(history, { maxResults: 250 })).toMatchObject({ more: false, next: { position: 100 } });
  });
});
