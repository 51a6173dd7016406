/** The index agrees with the archives, whatever fails or ends in between. */
import { beforeEach, describe, expect, test } from 'vitest';

import type { IndexedExecution } from '../../src/archive/index-record.ts';
import { HEAD_VISIBLE_MS } from '../../src/executions/settling/index-upkeep.ts';
import { someHistory } from '../support/histories.ts';
import { ExecutionsUnderTest, REF, failureOf, valueOf } from './executions-under-test.ts';

const historyFrom = (startMs: number) =>
  someHistory({ length: 260, terminal: 'EXECUTION_SUCCEEDED', startMs });
const FIRST = historyFrom(Date.UTC(2025, 0, 1));
/** A history with another start, so that its entry has another key. */
const SECOND = historyFrom(Date.UTC(2025, 0, 2));

let under: ExecutionsUnderTest;
beforeEach(() => {
  under = new ExecutionsUnderTest();
  under.source.missing = true;
});

async function listed(): Promise<readonly IndexedExecution[]> {
  const page = await under.archive.index.page({ source: REF.source }, { limit: 10 });
  return valueOf(page).executions;
}

/** The index has just what is archived, and no note is left. */
async function expectTrue(): Promise<void> {
  const head = await under.archive.visibleHead(REF);
  const executions = await listed();
  expect(executions.map(({ startedAt, archivedAt }) => ({ startedAt, archivedAt }))).toEqual(
    head ? [{ startedAt: head.startedAt, archivedAt: head.archivedAt }] : [],
  );
  const notes = await under.store.list({ prefix: 'execution/' });
  expect(notes.keys.map(({ name }) => name).filter((name) => name.endsWith('unindexed'))).toEqual([]);
}

/** Until everything is repaired and retried: the process ends now, and the next one has an hour. */
async function recover(): Promise<void> {
  under.store.failAfterWrites(Infinity);
  under.store.failReads(false);
  await under.resume();
  await under.clock.advance(3_600_000);
}

describe('an archived execution', () => {
  test('is in the index at once: imported, walked, and no more once it is deleted', async () => {
    valueOf(await under.import(FIRST));
    await expectTrue();
    expect(await listed()).toMatchObject([{ executionId: REF.executionId, count: 260, from: 'import' }]);
    valueOf(await under.executions.forget(REF));
    expect(await listed()).toEqual([]);
    under = new ExecutionsUnderTest({ messages: FIRST });
    await under.page({ from: { at: 'last', count: 1 } });
    await under.idle();
    await expectTrue();
    expect(await listed()).toMatchObject([{ count: 260, from: 'source' }]);
  });

  test('that is imported again, with another start, is listed once, at its new place', async () => {
    valueOf(await under.import(FIRST));
    valueOf(await under.import(SECOND));
    expect(await listed()).toMatchObject([{ startedAt: SECOND[0]?.timestamp }]);
    await expectTrue();
  });
});

describe.each([
  ['import', async () => under.import(FIRST)],
  ['second import', async () => under.import(SECOND)],
  ['deletion', async () => under.executions.forget(REF)],
] as const)('a process that ends during the %s', (what, change) => {
  const before = async () => {
    if (what !== 'import') valueOf(await under.import(FIRST));
  };

  test.each(Array.from({ length: 14 }, (_, writes) => writes))(
    'after its write %i leaves an index that the next process completes',
    async (writes) => {
      await before();
      under.store.failAfterWrites(writes);
      await change();
      await recover();
      await expectTrue();
    },
  );

  test('writes its last with fewer than 14 writes, so that each of them was tried', async () => {
    await before();
    const written = under.store.writes();
    await change();
    expect(under.store.writes() - written).toBeLessThan(14);
  });
});

describe('a store that refuses the entry', () => {
  test('does not refuse the archive, and gets the entry a minute later', async () => {
    valueOf(await under.import(FIRST));
    // Note of pages, page, note of the old pages, note of the index, head, and the notes that are deleted
    // after it.
    under.store.failAfterWrites(5);
    await under.import(SECOND);
    under.store.failAfterWrites(Infinity);
    expect((await under.archive.visibleHead(REF))?.startedAt).toBe(SECOND[0]?.timestamp);
    await under.clock.advance(HEAD_VISIBLE_MS);
    await under.idle();
    await expectTrue();
  });

  test('of a deleted archive makes the deletion fail, and a second one complete it', async () => {
    valueOf(await under.import(FIRST));
    const notes = 2;
    const headAndPage = 2;
    under.store.failAfterWrites(notes + headAndPage);
    expect(failureOf(await under.executions.forget(REF))).toBe('store-unavailable');
    under.store.failAfterWrites(Infinity);
    expect(valueOf(await under.executions.forget(REF))).toEqual({ archived: false });
    await expectTrue();
  });

  test('and is full still gives up the entry with the archive', async () => {
    valueOf(await under.import(FIRST));
    under.store.fill();
    valueOf(await under.executions.forget(REF));
    await expectTrue();
  });
});
