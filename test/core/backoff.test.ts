import { expect, test } from 'vitest';
import { Backoff } from '../../src/core/backoff.ts';

test('the delay doubles with each consecutive failure up to its maximum, and starts over after a success', () => {
  const backoff = new Backoff(1_000, 5_000);
  expect([1, 2, 3, 4, 5].map(() => backoff.failed())).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
  expect(backoff.failures).toBe(5);
  backoff.reset();
  expect(backoff.failed()).toBe(1_000);
  // Even ten thousand failures do not exceed the maximum.
  for (let failures = 0; failures < 10_000; failures++) backoff.failed();
  expect(backoff.failed()).toBe(5_000);
});
