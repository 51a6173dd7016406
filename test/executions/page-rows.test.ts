import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createMemoryExecutionStorage } from '../../src/executions/execution-storage.ts';
import { type PageRow, PageRows } from '../../src/executions/upstream/page-rows.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { WALK_START } from '../../src/messages/derive.ts';
import { fingerprintAtStart } from '../../src/messages/fingerprint.ts';

const REF = { source: 'source', executionId: 'id' };
const fingerprint = '0123456789abcdef';
const row = (start: number, more: Partial<PageRow> = {}): PageRow => ({
  start,
  fingerprint,
  token: `token ${start}`,
  lost: false,
  walk: WALK_START,
  ...more,
});

function underTest(storage = createMemoryExecutionStorage()) {
  const logged: LogRecord[] = [];
  const open = () => new PageRows(storage, REF, (record) => void logged.push(record));
  return { storage, logged, open, rows: open() };
}

const all = (rows: PageRows) => [rows.at(0), ...rows.between(0, Infinity)];

/** One random operation on the rows. The test applies it to a plain sorted list as well. */
const anyChange = fc.oneof(
  fc.record({ put: fc.nat(500) }),
  fc.record({ lose: fc.nat(500) }),
  fc.record({ dropBehind: fc.nat(500) }),
  fc.record({ dropLost: fc.tuple(fc.nat(500), fc.nat(500)) }),
  fc.record({ clear: fc.constant(true) }),
);

describe('page rows', () => {
  test('are found by position after any operations, with or without a restart', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyChange, { maxLength: 60 }),
        fc.array(fc.nat(600)),
        async (changes, positions) => {
          const { rows, open } = underTest();
          let model = [rows.at(0)];
          for (const change of changes) {
            if ('put' in change && change.put > 0) {
              await rows.put(row(change.put));
              model = [...model.filter(({ start }) => start !== change.put), row(change.put)];
              model.sort((a, b) => a.start - b.start);
            } else if ('lose' in change) {
              await rows.loseTokensUpTo(change.lose);
              model = model.map((known) => {
                if (known.start > change.lose || known.token === undefined) return known;
                const { token: _, ...rest } = known;
                return { ...rest, lost: known.start > 0 };
              });
            } else if ('dropBehind' in change) {
              const dropped = await rows.dropBehind(change.dropBehind);
              expect(dropped).toEqual(model.filter(({ start }) => start > change.dropBehind));
              model = model.filter(({ start }) => start <= change.dropBehind);
            } else if ('dropLost' in change) {
              const [from, to] = change.dropLost;
              await rows.dropLost(from, to);
              model = model.filter(({ start, lost }) => !(lost && start > from && start <= to));
            } else if ('clear' in change) {
              await rows.clear();
              model = model.slice(0, 1);
            }
          }
          const restarted = open();
          await restarted.load();
          for (const either of [rows, restarted]) {
            expect(all(either)).toEqual(model);
            expect(either.lastStart).toBe(model.at(-1)?.start);
            for (const position of [...positions, Infinity]) {
              const before = model.filter(({ start }) => start <= position);
              expect(either.at(position)).toEqual(before.at(-1));
              expect(either.startingAt(position)).toEqual(before.find(({ start }) => start === position));
              expect(either.usableAt(position)).toEqual(before.findLast(({ lost }) => !lost));
            }
          }
        },
      ),
    );
  });

  test('always begin with a row for the start of the history, which needs no token', async () => {
    const { rows } = underTest();
    expect(rows.at(Infinity)).toEqual({
      start: 0,
      fingerprint: fingerprintAtStart(REF),
      lost: false,
      walk: WALK_START,
    });
    await rows.put({ ...rows.at(0), token: 'behind an empty page' });
    await rows.loseTokensUpTo(0);
    expect(rows.usableAt(Infinity)).toMatchObject({ start: 0, lost: false });
    expect(rows.at(0).token).toBeUndefined();
  });

  test('are not duplicated if they are loaded twice', async () => {
    const { storage, open } = underTest();
    const written = open();
    for (const start of [100, 200, 1_000, 20_000]) await written.put(row(start));
    const rows = open();
    await rows.load();
    await rows.load();
    expect(all(rows).map(({ start }) => start)).toEqual([0, 100, 200, 1_000, 20_000]);
    expect((await storage.list('row/')).size).toBe(4);
  });

  test('that an older version wrote, without the state of the walk, are dropped with all later rows', async () => {
    const { storage, logged, open } = underTest();
    const written = open();
    for (const start of [100, 200, 300]) await written.put(row(start));
    const { walk: _, ...older } = row(200);
    await storage.put('row/0000000200', older);
    const rows = open();
    await rows.load();
    expect(all(rows).map(({ start }) => start)).toEqual([0, 100]);
    expect(logged).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['is not an object', 'row'],
    ['has no fingerprint', { start: 200, token: 'x', lost: false }],
    ['has an invalid start', { ...row(200), start: -200 }],
    ['has a malformed fingerprint', { ...row(200), fingerprint: 'ABC' }],
  ])(
    'that are damaged are dropped with all later rows, and the damage is logged (the row %s)',
    async (_, damaged) => {
      const { storage, logged, open } = underTest();
      const written = open();
      for (const start of [100, 200, 300]) await written.put(row(start));
      await storage.put('row/0000000200', damaged);
      const rows = open();
      await rows.load();
      expect(all(rows).map(({ start }) => start)).toEqual([0, 100]);
      expect(logged).toEqual([expect.objectContaining({ event: 'execution-row-damaged' })]);
    },
  );

  test('are cleared immediately, even if the storage has not deleted them yet', async () => {
    const { rows, storage } = underTest();
    await rows.put(row(100));
    const clearing = rows.clear();
    expect(all(rows).map(({ start }) => start)).toEqual([0]);
    await rows.put(row(50));
    await clearing;
    expect(all(rows).map(({ start }) => start)).toEqual([0, 50]);
    expect([...(await storage.list('row/')).keys()]).toEqual(['row/0000000050']);
  });
});
