import { expect, test } from 'vitest';
import { Backoff } from '../../src/core/backoff.ts';

test('the delay doubles with each failure in a row up to its maximum, and starts anew after a success', () => {
  const backoff = new Backoff(1_000, 5_000);
  expect([1, 2, 3, 4, 5].map(() => backoff.failed())).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
  expect(backoff.failures).toBe(5);
  backoff.reset();
  expect(backoff.failed()).toBe(1_000);
  // A store that is down for a year.
  for (let failures = 0; failures < 10_000; failures++) backoff.failed();
  expect(backoff.failed()).toBe(5_000);
});
