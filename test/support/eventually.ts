/** Waits for a condition, as long as the machine needs. Fails only if the condition never holds. */
import { vi } from 'vitest';

/** Longer than a busy machine needs, and shorter than a waiting request (50 s), whose own end must not end the wait. */
export const PATIENCE_MS = 40_000;

/** Runs `assert` until it does not throw. */
export const eventually = <T>(assert: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(assert, { timeout: PATIENCE_MS, interval: 20 });
