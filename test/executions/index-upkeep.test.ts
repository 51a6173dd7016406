/**
 * The index of archives agrees with the archives, even if the store fails or the process ends between two
 * writes.
 */
import { beforeEach, describe, expect, test } from 'vitest';

import type { IndexedExecution } from '../../src/archive/index-record.ts';
import { HEAD_VISIBLE_MS } from '../../src/executions/settling/index-upkeep.ts';
import { someHistory } from '../support/histories.ts';
import { ExecutionsUnderTest, REF, failureOf, valueOf } from './executions-under-test.ts';

const historyFrom = (startMs: number) =>
  someHistory({ length: 260, terminal: 'EXECUTION_SUCCEEDED', startMs });
const FIRST = historyFrom(Date.UTC(2025, 0, 1));
/** Starts a day after FIRST, so its entry in the index has another key. */
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

/** Expects the index to list the execution only if it is archived, and no note about a repair to be left. */
async function expectTrue(): Promise<void> {
  const head = await under.archive.visibleHead(REF);
  const executions = await listed();
  expect(executions.map(({ startedAt, archivedAt }) => ({ startedAt, archivedAt }))).toEqual(
    head ? [{ startedAt: head.startedAt, archivedAt: head.archivedAt }] : [],
  );
  const notes = await under.store.list({ prefix: 'execution/' });
  expect(notes.keys.map(({ name }) => name).filter((name) => name.endsWith('unindexed'))).toEqual([]);
}

/** Repairs the store, starts a new process, and gives it an hour to finish and retry everything. */
async function recover(): Promise<void> {
  under.store.failAfterWrites(Infinity);
  under.store.failReads(false);
  await under.resume();
  await under.clock.advance(3_600_000);
}

describe('the entry of an archived execution', () => {
  test('is in the index as soon as it is archived, and is removed when the archive is deleted', async () => {
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

  test('moves to its new place if another import changes the start time', async () => {
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
    'after %i writes leaves an index that the next process repairs',
    async (writes) => {
      await before();
      under.store.failAfterWrites(writes);
      await change();
      await recover();
      await expectTrue();
    },
  );

  test('has made at most 13 writes, so the tests above cover every moment at which it can end', async () => {
    await before();
    const written = under.store.writes();
    await change();
    expect(under.store.writes() - written).toBeLessThan(14);
  });
});

describe('a failing store', () => {
  test('that cannot write an index entry keeps the archive visible, and gets the entry after 70 s', async () => {
    valueOf(await under.import(FIRST));
    // The five writes are the note about new pages, the page, the note about the old pages, the note about
    // the index, and the head. After that, the store refuses the index entry and the deletion of the notes.
    under.store.failAfterWrites(5);
    await under.import(SECOND);
    under.store.failAfterWrites(Infinity);
    expect((await under.archive.visibleHead(REF))?.startedAt).toBe(SECOND[0]?.timestamp);
    await under.clock.advance(HEAD_VISIBLE_MS);
    await under.idle();
    await expectTrue();
  });

  test('that cannot delete an index entry fails the deletion of the archive, and a second deletion completes it', async () => {
    valueOf(await under.import(FIRST));
    const notes = 2;
    const headAndPage = 2;
    under.store.failAfterWrites(notes + headAndPage);
    expect(failureOf(await under.executions.forget(REF))).toBe('store-unavailable');
    under.store.failAfterWrites(Infinity);
    expect(valueOf(await under.executions.forget(REF))).toEqual({ archived: false });
    await expectTrue();
  });

  test('that is full can still delete an index entry together with its archive', async () => {
    valueOf(await under.import(FIRST));
    under.store.fill();
    valueOf(await under.executions.forget(REF));
    await expectTrue();
  });
});
