/**
 * Store failures and damaged records: readers never see half an archive, or messages that differ from those
 * written.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { headKey, partKey } from '../../src/archive/archive-keys.ts';
import type { Message } from '../../src/messages/message.ts';
import { someHistory } from '../support/histories.ts';
import { ArchiveUnderTest, readAll, REF } from './archive-under-test.ts';
import { runs } from '../support/seeded-random.ts';

const finished = (length: number, run = '') =>
  someHistory({
    length,
    terminal: 'EXECUTION_SUCCEEDED',
    run,
    payload: (n) => (n % 9 === 0 ? `ä ${n} 🟢` : '{"a":"b"}'),
  });

/** A history that needs at least nine writes: it has several pages, and one page is stored in parts. */
const large = someHistory({
  length: 1_600,
  terminal: 'EXECUTION_FAILED',
  payload: (position) => (position > 990 && position < 995 ? 'x'.repeat(2_200_000) : 'small'),
});

/**
 * Reads the whole history in another isolate. Returns a failure as its type, or undefined if no archive is
 * found.
 */
async function read(under: ArchiveUnderTest): Promise<Message[] | string | undefined> {
  const found = await under.elsewhere().find(REF);
  return found && readAll(found);
}

describe('interrupted writes', () => {
  test('a first archive is complete or invisible, whichever write is the first to fail', async () => {
    let writes = 0;
    for (let whole = false; !whole; writes++) {
      const under = new ArchiveUnderTest();
      under.store.failAfterWrites(writes);
      whole = await under.tryToWrite(large);
      expect(await read(under)).toEqual(whole ? large : undefined);
    }
    expect(writes).toBeGreaterThan(8);
  });

  test('a replacement is complete or the previous archive stays visible, whichever write is the first to fail', async () => {
    let writes = 0;
    for (let whole = false; !whole; writes++) {
      const under = new ArchiveUnderTest();
      await under.write(finished(700, 'old'));
      under.store.failAfterWrites(writes);
      whole = await under.tryToWrite(large);
      expect(await read(under)).toEqual(whole ? large : finished(700, 'old'));
    }
  });

  test('an archive is no longer found once its deletion has made one write, whichever write fails next', async () => {
    let writes = 0;
    for (let whole = false; !whole; writes++) {
      const under = new ArchiveUnderTest();
      await under.write(large);
      under.store.failAfterWrites(writes);
      whole = await under.archive.forget(REF).then(
        () => true,
        () => false,
      );
      expect(await read(under)).toEqual(writes === 0 ? large : undefined);
      if (whole) expect(await under.keys()).toEqual([]);
    }
    expect(writes).toBeGreaterThan(8);
  });

  test('a writer that is abandoned before its commit leaves no records', async () => {
    const under = new ArchiveUnderTest();
    const writer = under.archive.writer(REF);
    for (const message of large) await writer.add(message);
    expect((await under.keys()).length).toBeGreaterThan(7);
    await writer.abandon();
    expect(await under.keys()).toEqual([]);
  });

  test('an archive whose commit was stored stays complete, even if the store reported an error', async () => {
    const under = new ArchiveUnderTest();
    const { put } = under.store;
    under.store.put = async (...args) => {
      await put.apply(under.store, args);
      if (args[0] === headKey(REF)) throw new Error('connection reset');
    };
    expect(await under.tryToWrite(large)).toBe(false);
    expect(await read(under)).toEqual(large);
  });
});

describe('a damaged archive', () => {
  /** Changes the value and metadata of one stored record. */
  async function damage(
    under: ArchiveUnderTest,
    key: string,
    change: (value: string, metadata: Record<string, unknown>) => [string, unknown],
  ): Promise<void> {
    const entry = await under.stored.get(key);
    if (!entry) throw new Error(`nothing at ${key}`);
    const [value, metadata] = change(entry.value, entry.metadata as Record<string, unknown>);
    await under.stored.put(key, value, { metadata });
  }

  /**
   * Expects a damaged head to count as "not found", and a damaged later page to fail the read. The damage
   * must be logged.
   */
  async function expectNoOtherMessages(under: ArchiveUnderTest, page: 'head' | 'further'): Promise<void> {
    expect(await read(under)).toBe(page === 'head' ? undefined : 'store-unavailable');
    expect(under.logged).toEqual([
      expect.objectContaining({ event: 'archive-damaged', level: 'error', execution: REF.executionId }),
    ]);
  }

  const history = finished(520);

  test.each(['head', 'further'] as const)(
    'in which one byte changed (%s page) is logged and never yields wrong messages',
    async (page) => {
      await fc.assert(
        fc.asyncProperty(
          fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
          fc.integer({ min: 1, max: 255 }),
          async (at, flip) => {
            const under = new ArchiveUnderTest();
            const { generation } = await under.write(history);
            const key = page === 'head' ? headKey(REF) : partKey(REF, generation, 1, 0);
            await damage(under, key, (value, metadata) => {
              const bytes = Buffer.from(value);
              const index = Math.floor(at * bytes.length);
              bytes[index] = (bytes[index] ?? 0) ^ flip;
              return [bytes.toString(), metadata];
            });
            await expectNoOtherMessages(under, page);
          },
        ),
        { numRuns: runs(100) },
      );
    },
  );

  test.each(['head', 'further'] as const)(
    'with a value that is truncated at any length (%s page) is logged and never yields wrong messages',
    async (page) => {
      await fc.assert(
        fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (at) => {
          const under = new ArchiveUnderTest();
          const { generation } = await under.write(history);
          const key = page === 'head' ? headKey(REF) : partKey(REF, generation, 1, 0);
          await damage(under, key, (value, metadata) => [
            value.slice(0, Math.floor(at * value.length)),
            metadata,
          ]);
          await expectNoOtherMessages(under, page);
        }),
        { numRuns: runs(40) },
      );
    },
  );

  test.each<[string, (head: Record<string, unknown>) => unknown]>([
    ['is missing', () => undefined],
    ['is of a newer version', (head) => ({ ...head, v: 2 })],
    ['has the generation of another archive', (head) => ({ ...head, generation: '0123456789abcdef' })],
    ['counts fewer messages than the page has', (head) => ({ ...head, count: 249 })],
    ['has an unknown status', (head) => ({ ...head, status: 'DONE' })],
    ['is not an object', () => 'head'],
  ])('whose head %s is logged and never yields wrong messages', async (_, change) => {
    const under = new ArchiveUnderTest();
    await under.write(history);
    await damage(under, headKey(REF), (value, metadata) => [value, change(metadata)]);
    await expectNoOtherMessages(under, 'head');
    const listed = await under.elsewhere().list({ limit: 10 });
    expect(listed.ok && listed.value.executions.length).toBeLessThanOrEqual(1);
  });

  test('whose head counts more messages than are stored fails the read instead of ending it early', async () => {
    const under = new ArchiveUnderTest();
    await under.write(history);
    await damage(under, headKey(REF), (value, metadata) => [value, { ...metadata, count: 10_000 }]);
    expect(await read(under)).toBe('store-unavailable');
    expect((await (await under.elsewhere().find(REF))?.chunkAt(520))?.ok).toBe(false);
    expect((await (await under.elsewhere().find(REF))?.chunkAt(9_999))?.ok).toBe(false);
  });

  test('with a record copied from another execution or page is logged and never yields wrong messages', async () => {
    const under = new ArchiveUnderTest();
    const { generation } = await under.write(history);
    const other = { ...REF, executionId: 'other' };
    const otherHead = await under.write(history, other);
    expect(otherHead.generation).not.toBe(generation);
    const ofOther = await under.stored.get(headKey(other));
    await damage(under, headKey(REF), () => [ofOther?.value ?? '', ofOther?.metadata]);
    await expectNoOtherMessages(under, 'head');

    const again = new ArchiveUnderTest();
    const head = await again.write(history);
    const second = await again.stored.get(partKey(REF, head.generation, 2, 0));
    await damage(again, partKey(REF, head.generation, 1, 0), () => [second?.value ?? '', undefined]);
    await expectNoOtherMessages(again, 'further');
  });

  test('from which a page was deleted fails the read', async () => {
    const under = new ArchiveUnderTest();
    const { generation } = await under.write(history);
    await under.stored.delete(partKey(REF, generation, 1, 0));
    await expectNoOtherMessages(under, 'further');
  });

  test('is replaced by the next archive of the execution', async () => {
    const under = new ArchiveUnderTest();
    await under.write(history);
    await damage(under, headKey(REF), (value, metadata) => [
      value.replace('"messageId":"7"', '"messageId":"8"'),
      metadata,
    ]);
    expect(await read(under)).toBeUndefined();
    await under.write(history);
    expect(await read(under)).toEqual(history);
  });
});
