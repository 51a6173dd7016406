/** How work on the store waits after a failure of the store. */
import { Backoff } from '../../core/backoff.ts';

const RETRY_MS = 60_000;
const RETRY_MS_MAX = 60 * 60_000;

/** Doubled after each failure. */
export const createStoreBackoff = (): Backoff => new Backoff(RETRY_MS, RETRY_MS_MAX);
