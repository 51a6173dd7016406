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

describe('an item is listed if all conditions hold', () => {
  test.each<[string, Partial<ListFilter>, boolean]>([
    ['no condition', {}, true],
    ['its status', { statuses: ['FAILED', 'RUNNING'] }, true],
    ['another status', { statuses: ['FAILED'] }, false],
    ['what its name begins with', { namePrefix: 'front-' }, true],
    ['what is inside its name', { namePrefix: 'ront' }, false],
    ['started at the very time', { startedAfterMs: startedAtMs }, true],
    ['started earlier', { startedAfterMs: startedAtMs + 1 }, false],
    ['started before the time', { startedBeforeMs: startedAtMs + 1 }, true],
    ['started at the time that ends the range', { startedBeforeMs: startedAtMs }, false],
    ['a pattern that cuts inside the name', { patterns: ['*:Door:fro*'] }, true],
    ['a pattern of another name', { patterns: ['*:Door:back*'] }, false],
    ['no pattern', { patterns: [] }, false],
  ])('%s', (_, condition, listed) => {
    expect(matchesFilter({ ...all, ...condition }, item)).toBe(listed);
  });
});

test('an execution without a start time is not between times', () => {
  const { startedAt: _, ...undated } = item;
  expect(matchesFilter(all, undated)).toBe(true);
  expect(matchesFilter({ ...all, startedAfterMs: 0 }, undated)).toBe(false);
  expect(matchesFilter({ ...all, startedBeforeMs: Infinity }, undated)).toBe(false);
});

test('an execution without a name has no prefix, not even an empty one', () => {
  const { name: _, ...unnamed } = item;
  expect(matchesFilter({ ...all, namePrefix: '' }, unnamed)).toBe(false);
});

test('an execution of another status may come to match', () => {
  expect(mayEverMatch({ ...all, statuses: ['FAILED'] }, item)).toBe(true);
  expect(mayEverMatch({ patterns: ['other'] }, item)).toBe(false);
});
