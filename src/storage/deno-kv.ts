/**
 * The key-value port over Deno KV. src/deno/server.ts opens the store.
 *
 * - Deno KV limits values to 64 KiB, so larger values are split into parts. The parts are written first,
 *   under a new id. Then one commit writes the pointer to them and deletes the parts of the previous value.
 *   Readers start at the pointer. So a value appears, is replaced and disappears in one step, and leaves no
 *   parts behind.
 * - While parts are being written, a `pending` row names them. If the process is killed, these parts are
 *   deleted when the store is opened again. Only one process may open a store, which src/deno/server.ts
 *   ensures.
 * - Each commit is on disk before it returns (SQLite in WAL mode, synchronous FULL).
 * - Deno KV may delete expired values late, so this file also checks expiry.
 *
 * Layout: docs/storage.md. Source: Deno's documentation of Deno.Kv, denoland/denokv, and experiments for its
 * limits.
 */
import { Buffer } from 'node:buffer';

import * as z from 'zod/mini';

import type { Clock } from '../core/clock.ts';
import {
  VALUE_BYTES_MAX,
  type Entry,
  type GetOptions,
  type KeyValueStore,
  type ListedKey,
  type ListOptions,
  type PutOptions,
} from './key-value.ts';
import {
  atLeastMinimumTtl,
  checkKey,
  checkKeyCount,
  checkListLimit,
  checkPrefix,
  checkValue,
  serializeMetadata,
} from './store-limits.ts';
import { decodeListCursor, encodeListCursor } from './list-cursor.ts';

type Key = readonly (string | number)[];

interface KvEntry {
  readonly key: readonly unknown[];
  /** null if the key was not found. */
  readonly value: unknown;
  readonly versionstamp: string | null;
}

interface KvAtomic {
  check(entry: { key: Key; versionstamp: string | null }): KvAtomic;
  set(key: Key, value: unknown, options?: { expireIn?: number }): KvAtomic;
  delete(key: Key): KvAtomic;
  commit(): Promise<{ readonly ok: boolean }>;
}

/** The part of `Deno.Kv` that this adapter uses. Declared here, so that no platform types are needed. */
export interface DenoKv {
  get(key: Key): Promise<KvEntry>;
  getMany(keys: readonly Key[]): Promise<readonly KvEntry[]>;
  list(selector: { prefix: Key } | { prefix: Key; start: Key }): AsyncIterable<KvEntry>;
  atomic(): KvAtomic;
}

/** Below Deno KV's limit of 65,536, to leave room for encoding. */
const PART_BYTES_MAX = 60_000;
/**
 * How many parts the largest value has. They are deleted in one commit, for which Deno KV accepts 1,000
 * changes.
 */
const PARTS_MAX = Math.ceil(VALUE_BYTES_MAX / PART_BYTES_MAX);
/** How many parts one commit writes. Deno KV accepts 819,200 bytes per commit. */
const PARTS_AT_ONCE = 10;
/**
 * Values up to this size are stored in the pointer itself, and so read in one step. Small, because lists read
 * all pointers.
 */
export const INLINE_BYTES_MAX = 16 * 1024;
/** Deno KV reads at most ten keys in one `getMany`. */
const READ_AT_ONCE = 10;
/** How many times a read is tried if the pointer is replaced while the parts are read. */
const READ_TRIES_MAX = 5;
/** How many times a write is tried if other writers change the same key meanwhile. */
const WRITE_TRIES_MAX = 20;

const partsSchema = z.object({ id: z.string(), count: z.int() });

const pointerSchema = z.object({
  metadataJson: z.optional(z.string()),
  expiresAtMs: z.optional(z.number()),
  /**
   * The value as UTF-8, if it is small. Not a string, because one wide character would double a string's
   * size.
   */
  value: z.optional(z.instanceof(Uint8Array)),
  parts: z.optional(partsSchema),
});
type Pointer = z.infer<typeof pointerSchema>;
type Parts = z.infer<typeof partsSchema>;

const pointerKey = (name: string): Key => ['entry', name];
const partKeys = ({ id, count }: Parts): Key[] =>
  Array.from({ length: count }, (_, index) => ['part', id, index]);
/** Names parts that no pointer refers to yet. */
const pendingKey = (id: string): Key => ['pending', id];

/**
 * Makes a store from an open Deno KV that has no other writers. Deletes parts that a killed process left
 * behind.
 */
export async function createDenoKvStore(kv: DenoKv, clock: Clock): Promise<KeyValueStore> {
  for await (const { key } of kv.list({ prefix: ['pending'] })) await discard(kv, String(key[1]));
  return new DenoKvStore(kv, clock);
}

class DenoKvStore implements KeyValueStore {
  readonly #kv: DenoKv;
  readonly #clock: Clock;

  constructor(kv: DenoKv, clock: Clock) {
    this.#kv = kv;
    this.#clock = clock;
  }

  async get(key: string, _options?: GetOptions): Promise<Entry | undefined> {
    const name = checkKey(key);
    for (let tries = 0; tries < READ_TRIES_MAX; tries++) {
      const { value: stored } = await this.#kv.get(pointerKey(name));
      if (stored === null) return undefined;
      const pointer = z.parse(pointerSchema, stored);
      if (this.#isExpired(pointer)) return undefined;
      const bytes = pointer.value ?? (await this.#join(pointer.parts));
      if (bytes !== undefined) return { value: textOf(bytes), metadata: metadataOf(pointer) };
    }
    throw new Error(`the parts of ${name} are missing`);
  }

  async getMany(keys: readonly string[], options?: GetOptions): Promise<readonly (Entry | undefined)[]> {
    checkKeyCount(keys);
    return Promise.all(keys.map((key) => this.get(key, options)));
  }

  async put(key: string, value: string, { metadata, ttlSeconds }: PutOptions = {}): Promise<void> {
    const name = checkKey(key);
    const bytes = Buffer.from(checkValue(value));
    const metadataJson = serializeMetadata(metadata);
    const ttlMs = ttlSeconds === undefined ? undefined : atLeastMinimumTtl(ttlSeconds) * 1000;
    const facts = {
      ...(metadataJson !== undefined && { metadataJson }),
      ...(ttlMs !== undefined && { expiresAtMs: this.#clock.now() + ttlMs }),
    };
    if (bytes.length <= INLINE_BYTES_MAX) {
      await this.#replace(name, { ...facts, value: Uint8Array.from(bytes) }, ttlMs);
      return;
    }
    const parts = { id: crypto.randomUUID(), count: Math.ceil(bytes.length / PART_BYTES_MAX) };
    try {
      await this.#writeParts(parts, bytes, ttlMs);
      await this.#replace(name, { ...facts, parts }, ttlMs);
    } catch (error) {
      // A store that has just failed might fail again. Then the pending row remains, and the next start
      // deletes the parts.
      await discard(this.#kv, parts.id).catch(() => undefined);
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await this.#replace(checkKey(key), undefined, undefined);
  }

  async list({
    prefix,
    cursor,
    limit,
  }: ListOptions): Promise<{ keys: readonly ListedKey[]; cursor?: string }> {
    const start = checkPrefix(prefix);
    const most = checkListLimit(limit);
    const after = cursor === undefined ? undefined : decodeListCursor(cursor);
    const keys: ListedKey[] = [];
    const from =
      after !== undefined && Buffer.compare(Buffer.from(after), Buffer.from(start)) > 0 ? after : start;
    for await (const { key, value } of this.#kv.list({ prefix: ['entry'], start: pointerKey(from) })) {
      const name = String(key[1]);
      if (!name.startsWith(start)) break;
      const pointer = z.parse(pointerSchema, value);
      if (name === after || this.#isExpired(pointer)) continue;
      const last = keys.at(-1);
      if (keys.length === most && last) return { keys, cursor: encodeListCursor(last.name) };
      const { expiresAtMs } = pointer;
      keys.push({ name, metadata: metadataOf(pointer), ...(expiresAtMs !== undefined && { expiresAtMs }) });
    }
    return { keys };
  }

  #isExpired({ expiresAtMs }: Pointer): boolean {
    return expiresAtMs !== undefined && expiresAtMs <= this.#clock.now();
  }

  async #writeParts(parts: Parts, bytes: Buffer, ttlMs: number | undefined): Promise<void> {
    // Parts expire after their pointer, so that no reader finds a pointer whose parts are missing.
    const options = ttlMs === undefined ? {} : { expireIn: ttlMs * 2 };
    const keys = partKeys(parts);
    for (let at = 0; at < keys.length; at += PARTS_AT_ONCE) {
      const write = this.#kv.atomic();
      if (at === 0) write.set(pendingKey(parts.id), true);
      for (const [index, key] of keys.slice(at, at + PARTS_AT_ONCE).entries()) {
        const start = (at + index) * PART_BYTES_MAX;
        write.set(key, Uint8Array.from(bytes.subarray(start, start + PART_BYTES_MAX)), options);
      }
      await write.commit();
    }
  }

  /**
   * Sets the pointer, or deletes it if `pointer` is undefined. The same commit deletes the parts of the
   * previous value.
   */
  async #replace(name: string, pointer: Pointer | undefined, ttlMs: number | undefined): Promise<void> {
    const key = pointerKey(name);
    for (let tries = 0; tries < WRITE_TRIES_MAX; tries++) {
      const { value, versionstamp } = await this.#kv.get(key);
      const change = this.#kv.atomic().check({ key, versionstamp });
      if (pointer) change.set(key, pointer, ttlMs === undefined ? {} : { expireIn: ttlMs });
      else change.delete(key);
      if (pointer?.parts) change.delete(pendingKey(pointer.parts.id));
      const replaced = z.safeParse(pointerSchema, value).data?.parts;
      for (const part of replaced ? partKeys(replaced) : []) change.delete(part);
      if ((await change.commit()).ok) return;
    }
    throw new Error(`gave up writing ${name}: other writers changed it ${WRITE_TRIES_MAX} times`);
  }

  /**
   * Reads and joins the parts. Undefined if a part is missing, because the value has been replaced meanwhile.
   */
  async #join(parts: Parts | undefined): Promise<Uint8Array | undefined> {
    if (!parts) return undefined;
    const keys = partKeys(parts);
    const values: Uint8Array[] = [];
    for (let at = 0; at < keys.length; at += READ_AT_ONCE) {
      for (const { value } of await this.#kv.getMany(keys.slice(at, at + READ_AT_ONCE))) {
        if (!(value instanceof Uint8Array)) return undefined;
        values.push(value);
      }
    }
    return Buffer.concat(values);
  }
}

/** Deletes the parts with this id if they are still pending, which means that no pointer refers to them. */
async function discard(kv: DenoKv, id: string): Promise<void> {
  const key = pendingKey(id);
  const { versionstamp } = await kv.get(key);
  if (versionstamp === null) return;
  const change = kv.atomic().check({ key, versionstamp }).delete(key);
  for (const part of partKeys({ id, count: PARTS_MAX })) change.delete(part);
  await change.commit();
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

const metadataOf = ({ metadataJson }: Pointer): unknown =>
  metadataJson === undefined ? undefined : JSON.parse(metadataJson);
