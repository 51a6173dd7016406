/** Delays between retries after a failure of the store. */
import { Backoff } from '../../core/backoff.ts';

const RETRY_MS = 60_000;
const RETRY_MS_MAX = 60 * 60_000;

/** A backoff that doubles after each failure. */
export const createStoreBackoff = (): Backoff => new Backoff(RETRY_MS, RETRY_MS_MAX);
