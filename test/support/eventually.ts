/** Waits for a condition, long enough for a slow machine. */
import { vi } from 'vitest';

/**
 * Longer than a busy machine needs, but shorter than a waiting request (50 s): a request that only ends by its own
 * timeout must fail the test.
 */
export const TIMEOUT_MS = 40_000;

/** Repeats `assert` until it no longer throws. */
export const eventually = <T>(assert: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(assert, { timeout: TIMEOUT_MS, interval: 20 });
