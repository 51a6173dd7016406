/** Waits for a condition. How long that takes is the machine's affair: only what never happens fails. */
import { vi } from 'vitest';

/** Longer than a busy machine needs. Shorter than a waiting request (50 s), which must not end a wait by its own end. */
export const PATIENCE_MS = 40_000;

/** Runs `assert` until it does not throw. */
export const eventually = <T>(assert: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(assert, { timeout: PATIENCE_MS, interval: 20 });
