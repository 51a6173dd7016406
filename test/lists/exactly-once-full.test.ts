import { test } from 'vitest';
import { SEED } from '../support/seeded-random.ts';
import { walksListExactlyOnce } from './exactly-once.ts';

test.each([250, 1_000])(
  'a walk through 5,000 changing executions lists each exactly once, in order (upstream pages of %i)',
  (pageSizeMax) =>
    walksListExactlyOnce({
      executions: 5_000,
      walks: 8,
      seed: SEED + pageSizeMax,
      pageSizeMax,
      maxResults: [97, 250],
    }),
  300_000,
);
