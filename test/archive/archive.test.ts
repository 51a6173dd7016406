import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ARCHIVE_MEMORY_MS, MISS_MEMORY_MS } from '../../src/archive/archive-memory.ts';
import { PART_BYTES_MAX } from '../../src/archive/archive-record.ts';
import { STORE_TIMEOUT_MS } from '../../src/archive/archive.ts';
import { endOf, positionIn } from '../../src/messages/history.ts';
import { VALUE_BYTES_MAX } from '../../src/storage/key-value.ts';
import { anyHistory, ended, someHistory } from '../support/histories.ts';
import { settle } from '../support/manual-clock.ts';
import { ArchiveUnderTest, readAll, REF } from './archive-under-test.ts';
import { runs } from '../support/seeded-random.ts';

const finished = (length: number) => someHistory({ length, terminal: 'EXECUTION_SUCCEEDED' });

/** A history in which every ninth payload is huge, so that its page needs several parts (values in the store). */
const huge = (length: number, megabytes: number) =>
  someHistory({
    length,
    terminal: 'EXECUTION_FAILED',
    payload: (position) => (position % 9 === 0 ? `${position}`.padEnd(megabytes * 1024 * 1024, 'ä') : ''),
  });

describe('an archived history', () => {
  test('is read back unchanged, for any length and payloads', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory(1_100, 1), async (history) => {
        const under = new ArchiveUnderTest();
        const head = await under.write(ended(history));
        const found = await under.elsewhere().find(REF);
        expect(found?.head).toEqual(head);
        expect(found && (await readAll(found))).toEqual(ended(history));
        expect(under.logged).toEqual([]);
      }),
      { numRuns: runs(60) },
    );
  });

  test('returns the chunk that contains a position, or the last chunk for a position past the end', async () => {
    const history = finished(1_003);
    const under = new ArchiveUnderTest();
    await under.write(history);
    const found = await under.elsewhere().find(REF);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.nat(1_002), fc.integer({ min: 1_003 })), async (position) => {
        const read = await found?.chunkAt(position);
        if (!read?.ok) throw new Error('the read failed');
        const { start, messages, last } = read.value;
        expect(messages).toEqual(history.slice(start, endOf(read.value)));
        expect(last).toBe(endOf(read.value) === 1_003);
        if (position < 1_003) expect(history[position]).toEqual(messages[position - start] ?? 'nothing');
        else expect(last).toBe(true);
      }),
    );
  });

  test.each([
    ['many, several per part', huge(260, 0.9)],
    ['each larger than a part', huge(20, 4.5)],
    ['only the first message', huge(2, 5)],
    ['the only message', huge(1, 5)],
  ])(
    'with huge payloads (%s) is stored in parts of bounded size and read back unchanged',
    async (_, history) => {
      const under = new ArchiveUnderTest();
      await under.write(history);
      const found = await under.elsewhere().find(REF);
      expect(found && (await readAll(found))).toEqual(history);
      const sizes = await Promise.all(
        (await under.keys()).map(async (key) =>
          Buffer.byteLength((await under.stored.get(key))?.value ?? ''),
        ),
      );
      expect(Math.max(...sizes)).toBeLessThan(Math.max(PART_BYTES_MAX, 11 * 1024 * 1024) + 100_000);
      expect(Math.max(...sizes)).toBeLessThan(VALUE_BYTES_MAX);
      // Reads backwards with an empty cache, too, because finding a part must not depend on earlier reads.
      const fresh = await under.elsewhere().find(REF);
      for (let position = history.length - 1; position >= 0; position -= 5) {
        const read = await fresh?.chunkAt(position);
        expect(read?.ok && positionIn(read.value, position)).toBeTruthy();
      }
    },
  );

  test('has a head with its length, status, times and origin', async () => {
    const under = new ArchiveUnderTest();
    const history = someHistory({ length: 300, terminal: 'EXECUTION_ABORTED' });
    const head = await under.write(history);
    expect(head).toMatchObject({
      count: 300,
      status: 'ABORTED',
      startedAt: history[0]?.timestamp,
      endedAt: history[299]?.timestamp,
      from: 'source',
    });
  });

  test('has its first 250 messages in the head, which is written after all other pages and makes the archive visible', async () => {
    const under = new ArchiveUnderTest();
    const writer = under.archive.writer(REF);
    for (const message of finished(1_000)) await writer.add(message);
    expect(under.store.writes('archive/1/page/')).toBe(2);
    expect(await under.elsewhere().find(REF)).toBeUndefined();
    await writer.commit({ from: 'import', archivedAt: new Date(0).toISOString() });
    expect(under.store.writes('archive/1/page/')).toBe(3);
    expect(under.store.writes('archive/1/head/')).toBe(1);
    expect((await under.elsewhere().find(REF))?.head.from).toBe('import');
  });

  test('is refused if it has no messages', async () => {
    const writer = new ArchiveUnderTest().archive.writer(REF);
    await expect(writer.commit({ from: 'source', archivedAt: '' })).rejects.toThrow(RangeError);
  });
});

describe('the cache of archives', () => {
  test('serves repeated reads without the store until its entries expire', async () => {
    const under = new ArchiveUnderTest();
    await under.write(finished(600));
    const archive = under.elsewhere();
    const read = async () => {
      const found = await archive.find(REF);
      expect(found && (await readAll(found))).toHaveLength(600);
      return found?.layer;
    };
    expect(await read()).toBe('kv');
    const calls = under.store.calls;
    expect(await read()).toBe('memory');
    expect(under.store.calls).toBe(calls);
    await under.clock.advance(ARCHIVE_MEMORY_MS + 1);
    expect(await read()).toBe('kv');
  });

  test('evicts pages to stay within its budget, and evicted pages are read from the store again', async () => {
    const under = new ArchiveUnderTest();
    await under.write(finished(2_000));
    const archive = under.elsewhere(100_000);
    const found = await archive.find(REF);
    for (let reads = 0; reads < 3; reads++) expect(found && (await readAll(found))).toHaveLength(2_000);
    expect(found?.layer).toBe('kv');
    expect(under.store.reads('archive/1/page/')).toBeGreaterThan(14);
  });

  test('caches a miss briefly, but finds an archive immediately once this isolate has remembered its head', async () => {
    const under = new ArchiveUnderTest();
    expect(await under.archive.find(REF)).toBeUndefined();
    expect(await under.archive.find(REF)).toBeUndefined();
    expect(under.store.reads()).toBe(1);
    const elsewhere = under.elsewhere();
    await elsewhere.find(REF);
    const head = await under.write(finished(10));
    expect(await under.archive.find(REF)).toBeUndefined();
    under.archive.remember(REF, head);
    expect((await under.archive.find(REF))?.head).toEqual(head);
    expect(await elsewhere.find(REF)).toBeUndefined();
    await under.clock.advance(MISS_MEMORY_MS + 1);
    expect((await elsewhere.find(REF))?.head).toEqual(head);
  });

  test('keeps the pages of a replaced archive and of the new one apart', async () => {
    const under = new ArchiveUnderTest();
    const archive = under.elsewhere();
    await under.write(finished(300));
    const old = await archive.find(REF);
    await old?.chunkAt(0);
    const other = someHistory({ length: 280, terminal: 'EXECUTION_FAILED', run: 'b' });
    const head = await under.write(other);
    archive.remember(REF, head);
    const found = await archive.find(REF);
    expect(found && (await readAll(found))).toEqual(other);
    // A reader with the old head gets the old chunks from the cache, and other old pages as long as the store
    // has them.
    expect(old && (await readAll(old))).toEqual(finished(300));
  });
});

describe('a read from the store', () => {
  test('that fails is logged, counts as "not archived", and is not repeated for a while', async () => {
    const under = new ArchiveUnderTest();
    await under.write(finished(10));
    const archive = under.elsewhere();
    under.store.failReads();
    expect(await archive.find(REF)).toBeUndefined();
    expect(await archive.find(REF)).toBeUndefined();
    expect(under.store.reads()).toBe(1);
    expect(under.logged).toEqual([expect.objectContaining({ event: 'archive-read-failed', level: 'error' })]);
    under.store.failReads(false);
    await under.clock.advance(MISS_MEMORY_MS + 1);
    expect(await archive.find(REF)).toBeDefined();
  });

  test('that takes too long counts as "not archived", and its late answer has no effect', async () => {
    const under = new ArchiveUnderTest();
    await under.write(finished(10));
    const archive = under.elsewhere();
    under.store.stall();
    let found: unknown = 'waits';
    const finding = archive.find(REF).then((answer) => (found = answer));
    await under.clock.advance(STORE_TIMEOUT_MS - 1);
    expect(found).toBe('waits');
    await under.clock.advance(1);
    expect(found).toBeUndefined();
    under.store.failReads();
    under.store.release();
    await finding;
    await settle();
    expect(under.clock.sleepers).toBe(0);
    expect(under.logged).toHaveLength(1);
  });

  test('that fails in the middle of a history fails only chunks that are not cached', async () => {
    const under = new ArchiveUnderTest();
    await under.write(finished(600));
    const found = await under.elsewhere().find(REF);
    under.store.failReads();
    expect((await found?.chunkAt(249))?.ok).toBe(true);
    const read = await found?.chunkAt(250);
    expect(read?.ok === false && read.failure.type).toBe('store-unavailable');
  });
});
