/**
 * The limits of Workers KV as functions, for adapters of stores that would accept more (memory, Deno KV), so
 * that nothing works on one runtime only. Workers KV checks them itself. The limits are in key-value.ts.
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
 * Workers KV would answer this request with this HTTP status. 429: a second write of a key within a second.
 */
export class StoreRefusal extends Error {
  override readonly name = 'StoreRefusal';
  readonly status: 400 | 413 | 414 | 429;

  constructor(status: 400 | 413 | 414 | 429, message: string) {
    super(message);
    this.status = status;
  }
}

/** The key as stored: lone surrogates are replaced, as on the way to KV. */
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
  // A UTF-16 unit takes at most three bytes, so short values (nearly all) need not be encoded to be measured.
  if (value.length * 3 > VALUE_BYTES_MAX) {
    const bytes = utf8Bytes(value);
    if (bytes > VALUE_BYTES_MAX) {
      throw new StoreRefusal(413, `Value must be at most ${VALUE_BYTES_MAX} bytes: it has ${bytes}`);
    }
  }
  return value.toWellFormed();
}

/** Metadata as the stored JSON text; undefined without metadata. */
export function serializeMetadata(metadata: unknown): string | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  const json = JSON.stringify(metadata);
  const bytes = utf8Bytes(json);
  if (bytes > METADATA_BYTES_MAX) {
    throw new StoreRefusal(413, `Metadata must be at most ${METADATA_BYTES_MAX} bytes: it has ${bytes}`);
  }
  return json;
}

/** Whole seconds, at least 60, as KV requires. Refuses NaN and the like: the entry would never expire. */
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
    throw new StoreRefusal(
      400,
      `At most ${GET_MANY_KEYS_MAX} keys can be read at once: ${keys.length} asked`,
    );
  }
}

const utf8Bytes = (text: string): number => new TextEncoder().encode(text).length;
