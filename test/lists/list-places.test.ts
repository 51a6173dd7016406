/**
 * Callers can decode the place in a cursor. The cursor of a short page must reveal no ids that the key may not read.
 */
import { describe, expect, test } from 'vitest';

import { orderKey } from '../../src/archive/order-key.ts';
import { START_MS, idOf, listUnderTest, namesOf } from './list-under-test.ts';

/** More executions than one request reads: an index page of 100, and four pages of 1,000. */
const HIDDEN = 4_500;

const mine = [idOf('mine-*')];

describe('the cursor of a page that skips executions that the key may not read', () => {
  test('contains only a time, so it reveals nothing about their ids', async () => {
    const { archive, page, walk } = listUnderTest();
    for (let age = 0; age < HIDDEN; age++) await archive(idOf(`hidden-${age}`), START_MS - age * 1_000);
    await archive(idOf('mine-1'), START_MS - HIDDEN * 1_000);
    const { executions, next = '' } = await page({ patterns: mine });
    expect(executions).toEqual([]);
    expect(next).toMatch(/^\d{17}$/);
    expect(namesOf(await walk({ patterns: mine }))).toEqual(['mine-1']);
  });

  test('is the place of the last listed execution if all executions started in the same millisecond', async () => {
    const { archive, page, walk } = listUnderTest();
    const names = Array.from({ length: HIDDEN }, (_, index) => `hidden-${index}`);
    for (const name of names) await archive(idOf(name), START_MS);
    // The key may read only the first and the last execution in list order.
    const keyOf = (name: string) => orderKey(new Date(START_MS).toISOString(), idOf(name));
    const sorted = names.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const [first = '', last = ''] = [sorted[0], sorted.at(-1)];
    const patterns = [idOf(first), idOf(last)];
    expect((await page({ patterns })).next).toBe(keyOf(first));
    expect(namesOf(await walk({ patterns }))).toEqual([first, last]);
  });
});
