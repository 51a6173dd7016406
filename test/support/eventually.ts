/** Waits for a condition for as long as the machine needs. */
import { vi } from 'vitest';

/**
 * Longer than a busy machine needs. Shorter than a waiting request (50 s), whose own end must not look like
 * success.
 */
export const TIMEOUT_MS = 40_000;

/** Runs `assert` until it does not throw. */
export const eventually = <T>(assert: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(assert, { timeout: TIMEOUT_MS, interval: 20 });
