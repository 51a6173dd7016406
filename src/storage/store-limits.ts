/**
 * Checks the limits of Workers KV (key-value.ts), for adapters of stores that would accept more (memory, Deno
 * KV). So code that works on one runtime also works on the others. Workers KV checks most limits itself.
 * Source: Cloudflare's KV limits, and how miniflare checks them.
 */
import {
  GET_MANY_KEYS_MAX,
  KEY_BYTES_MAX,
  LIST_KEYS_MAX,
  METADATA_BYTES_MAX,
  TTL_SECONDS_MIN,
  VALUE_BYTES_MAX,
} from './key-value.ts';

/**
 * A request that Workers KV would refuse with this HTTP status. 429: a second write of a key within a second.
 */
export class StoreRefusal extends Error {
  override readonly name = 'StoreRefusal';
  readonly status: 400 | 413 | 414 | 429;

  constructor(status: 400 | 413 | 414 | 429, message: string) {
    super(message);
    this.status = status;
  }
}

/** Checks a key and returns it as stored: lone surrogates are replaced, as Workers KV does. */
export function checkKey(key: string): string {
  if (key === '') throw new StoreRefusal(400, 'Key names must not be empty');
  if (key === '.' || key === '..') throw new StoreRefusal(400, `Illegal key name "${key}"`);
  return checkPrefix(key);
}

export function checkPrefix(prefix: string): string {
  const bytes = utf8Bytes(prefix);
  if (bytes > KEY_BYTES_MAX) {
    throw new StoreRefusal(414, `Key length must be at most ${KEY_BYTES_MAX} bytes: it is ${bytes}`);
  }
  return prefix.toWellFormed();
}

export function checkValue(value: string): string {
  // A UTF-16 unit has at most three bytes in UTF-8. So the length of nearly every value shows that it fits.
  // Only longer values have to be encoded here.
  if (value.length * 3 > VALUE_BYTES_MAX) {
    const bytes = utf8Bytes(value);
    if (bytes > VALUE_BYTES_MAX) {
      throw new StoreRefusal(413, `Value must be at most ${VALUE_BYTES_MAX} bytes: it has ${bytes}`);
    }
  }
  return value.toWellFormed();
}

/** Returns the metadata as the JSON text to store, or undefined without metadata. */
export function serializeMetadata(metadata: unknown): string | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  const json = JSON.stringify(metadata);
  const bytes = utf8Bytes(json);
  if (bytes > METADATA_BYTES_MAX) {
    throw new StoreRefusal(413, `Metadata must be at most ${METADATA_BYTES_MAX} bytes: it has ${bytes}`);
  }
  return json;
}

/**
 * Returns whole seconds, at least 60, as KV requires. Refuses NaN and infinity, with which the entry would
 * never expire.
 */
export function atLeastMinimumTtl(seconds: number): number {
  if (!(seconds > 0 && Number.isFinite(seconds))) {
    throw new StoreRefusal(400, `Time to live must be a positive number of seconds: it is ${seconds}`);
  }
  return Math.max(TTL_SECONDS_MIN, Math.ceil(seconds));
}

export function checkListLimit(limit: number | undefined): number {
  if (limit === undefined) return LIST_KEYS_MAX;
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= LIST_KEYS_MAX)) {
    throw new StoreRefusal(400, `List limit must be 1 to ${LIST_KEYS_MAX}: it is ${limit}`);
  }
  return limit;
}

export function checkKeyCount(keys: readonly string[]): void {
  if (keys.length > GET_MANY_KEYS_MAX) {
    throw new StoreRefusal(400, `At most ${GET_MANY_KEYS_MAX} keys can be read at once, not ${keys.length}`);
  }
}

const utf8Bytes = (text: string): number => new TextEncoder().encode(text).length;
