import { describe, expect, test } from 'vitest';
import { matchesFilter, mayEverMatch } from '../../src/lists/list-filter.ts';
import type { ListFilter, ListItem } from '../../src/lists/lists.ts';

const id = 'arn:aws:states:us-west-2:123456789012:execution:Door:front-7';
const item: ListItem = {
  flowExecutionId: id,
  name: 'front-7',
  source: 'step-functions',
  status: 'RUNNING',
  startedAt: '2026-01-02T03:04:05.678Z',
  archived: false,
  final: false,
};
const startedAtMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const all: ListFilter = { patterns: ['*'] };

describe('an item is matched against', () => {
  test.each<[string, Partial<ListFilter>, boolean]>([
    ['no condition', {}, true],
    ['its own status', { statuses: ['FAILED', 'RUNNING'] }, true],
    ['another status', { statuses: ['FAILED'] }, false],
    ['the beginning of its name', { namePrefix: 'front-' }, true],
    ['the middle of its name', { namePrefix: 'ront' }, false],
    ['a range that begins at its start time', { startedAfterMs: startedAtMs }, true],
    ['a range that begins after its start time', { startedAfterMs: startedAtMs + 1 }, false],
    ['a range that ends after its start time', { startedBeforeMs: startedAtMs + 1 }, true],
    ['a range that ends at its start time', { startedBeforeMs: startedAtMs }, false],
    ['a pattern with a prefix of its name', { patterns: ['*:Door:fro*'] }, true],
    ['a pattern of another name', { patterns: ['*:Door:back*'] }, false],
    ['no pattern', { patterns: [] }, false],
  ])('%s (%j): %s', (_, condition, listed) => {
    expect(matchesFilter({ ...all, ...condition }, item)).toBe(listed);
  });
});

test('an execution without a start time matches no range of start times', () => {
  const { startedAt: _, ...undated } = item;
  expect(matchesFilter(all, undated)).toBe(true);
  expect(matchesFilter({ ...all, startedAfterMs: 0 }, undated)).toBe(false);
  expect(matchesFilter({ ...all, startedBeforeMs: Infinity }, undated)).toBe(false);
});

test('an execution without a name matches no name prefix, not even an empty one', () => {
  const { name: _, ...unnamed } = item;
  expect(matchesFilter({ ...all, namePrefix: '' }, unnamed)).toBe(false);
});

test('mayEverMatch ignores the status, because it can change', () => {
  expect(mayEverMatch({ ...all, statuses: ['FAILED'] }, item)).toBe(true);
  expect(mayEverMatch({ patterns: ['other'] }, item)).toBe(false);
});
