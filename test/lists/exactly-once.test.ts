import { test } from 'vitest';
import { SEED } from '../support/seeded-random.ts';
import { walksListExactlyOnce } from './exactly-once.ts';

test.each([1, 2, 3, 4, 5, 6])(
  'a walk through a changing list lists each execution exactly once, in order (round %i)',
  (round) =>
    walksListExactlyOnce({
      executions: 300,
      walks: 12,
      seed: SEED + round,
      pageSizeMax: 15 * round,
      maxResults: [7, 11, 50, 250],
    }),
);

test('a walk lists each execution exactly once, in order, if the upstream lists the oldest first', () =>
  walksListExactlyOnce({
    executions: 300,
    walks: 12,
    seed: SEED,
    pageSizeMax: 40,
    maxResults: [7, 50, 250],
    oldestFirst: true,
  }));
