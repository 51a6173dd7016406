/** How a key store that fails, or that holds records nobody can read, becomes an expected failure. */
import { fail, type Failure } from '../../core/errors.ts';

export type StoreUnavailable = Extract<Failure, { type: 'store-unavailable' }>;

type Unavailable = { readonly ok: false; readonly failure: StoreUnavailable };

export const storeUnavailable = (cause: unknown): Unavailable =>
  fail({ type: 'store-unavailable', internal: `key store: ${String(cause)}` });

export const recordsRefused = (keyId: string): Unavailable =>
  fail({ type: 'store-unavailable', internal: `records of key ${keyId} refused`, refused: true });
