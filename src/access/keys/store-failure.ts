/** Converts errors of the key store, and unreadable records, to expected failures. */
import { fail, type Failure, invalid, ok, type Result } from '../../core/errors.ts';
import { StoreRefusal } from '../../storage/store-limits.ts';

export type StoreUnavailable = Extract<Failure, { type: 'store-unavailable' }>;

type Unavailable = { readonly ok: false; readonly failure: StoreUnavailable };

export const storeUnavailable = (cause: unknown): Unavailable =>
  fail({ type: 'store-unavailable', internal: `key store: ${String(cause)}` });

export const recordsRefused = (keyId: string): Unavailable =>
  fail({ type: 'store-unavailable', internal: `records of key ${keyId} refused`, refused: true });

/**
 * Runs a store operation and converts the error it throws to an expected failure. If the store refuses the
 * cursor, the caller sent a wrong one.
 */
export async function stored<T>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work());
  } catch (error) {
    if (error instanceof StoreRefusal && error.status === 400) {
      return invalid('query', 'cursor', 'is not the cursor of a list of keys.');
    }
    return storeUnavailable(error);
  }
}
