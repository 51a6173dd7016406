/**
 * The key-value port over Deno KV. Platform file.
 *
 * Deno KV takes 64 KiB a value, so a larger one is split: its parts first, under an id that was never used, the pointer last.
 * The pointer is what readers find, so a value appears, and is replaced, in one step; what a process that was killed left
 * half-written is named in a `pending` row, and swept when the store is opened. Expiry is lazy there, so the time is checked
 * here as well. Layout: docs/storage.md. Source: Deno's documentation of Deno.Kv, and its limits as tried out.
 */
import { Buffer } from 'node:buffer';

import * as z from 'zod/mini';

import type { Clock } from '../clock.ts';
import type { Entry, GetOptions, KeyValueStore, ListedKey, ListOptions, PutOptions } from './key-value.ts';
import {
  atLeastMinimumTtl,
  checkKey,
  checkKeyCount,
  checkListLimit,
  checkPrefix,
  checkValue,
  serializeMetadata,
  StoreRefusal,
} from './store-limits.ts';

type Key = readonly (string | number)[];

interface KvEntry {
  readonly key: readonly unknown[];
  /** null: there is none. */
  readonly value: unknown;
  readonly versionstamp: string | null;
}

interface KvAtomic {
  check(entry: { key: Key; versionstamp: string | null }): KvAtomic;
  set(key: Key, value: unknown, options?: { expireIn?: number }): KvAtomic;
  delete(key: Key): KvAtomic;
  commit(): Promise<{ readonly ok: boolean }>;
}

/** What this adapter needs of a `Deno.Kv`, in words that every tool chain knows. */
export interface DenoKv {
  get(key: Key): Promise<KvEntry>;
  getMany(keys: readonly Key[]): Promise<readonly KvEntry[]>;
  set(key: Key, value: unknown, options?: { expireIn?: number }): Promise<unknown>;
  delete(key: Key): Promise<void>;
  list(selector: { prefix: Key } | { prefix: Key; start: Key }): AsyncIterable<KvEntry>;
  atomic(): KvAtomic;
}

/** Under Deno KV's 65,536 with room for what encodes it. */
const PART_BYTES_MAX = 60_000;
/** Values up to here stand in the pointer itself: one read. */
const INLINE_BYTES_MAX = 40_000;
/** Deno KV reads at most ten keys in one `getMany`. */
const READ_AT_ONCE = 10;
/** A pointer that is replaced while its parts are read is read again this often. */
const READ_TRIES_MAX = 5;
/** Two writers of one key: the loser tries again. */
const WRITE_TRIES_MAX = 20;

const partsSchema = z.object({ id: z.string(), count: z.int() });

const pointerSchema = z.object({
  metadataJson: z.optional(z.string()),
  expiresAtMs: z.optional(z.number()),
  /** The value, or where its parts are. */
  value: z.optional(z.string()),
  parts: z.optional(partsSchema),
});
type Pointer = z.infer<typeof pointerSchema>;
type Parts = z.infer<typeof partsSchema>;

const pendingSchema = z.object({ count: z.int() });

const pointerKey = (name: string): Key => ['entry', name];
const partKey = (id: string, index: number): Key => ['part', id, index];
const pendingKey = (id: string): Key => ['pending', id];

/** Opens the store: sweeps what was left half-written. */
export async function createDenoKvStore(kv: DenoKv, clock: Clock): Promise<KeyValueStore> {
  for await (const { key, value } of kv.list({ prefix: ['pending'] })) {
    const id = String(key[1]);
    await deleteParts(kv, { id, count: z.parse(pendingSchema, value).count });
    await kv.delete(pendingKey(id));
  }
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
      const value = pointer.value ?? (await this.#join(pointer.parts));
      if (value !== undefined) return { value, metadata: metadataOf(pointer) };
    }
    throw new Error(`the parts of ${name} are missing`);
  }

  async getMany(keys: readonly string[], options?: GetOptions): Promise<readonly (Entry | undefined)[]> {
    checkKeyCount(keys);
    return Promise.all(keys.map((key) => this.get(key, options)));
  }

  async put(key: string, value: string, { metadata, ttlSeconds }: PutOptions = {}): Promise<void> {
    const name = checkKey(key);
    const text = checkValue(value);
    const metadataJson = serializeMetadata(metadata);
    const ttlMs = ttlSeconds === undefined ? undefined : atLeastMinimumTtl(ttlSeconds) * 1000;
    const bytes = Buffer.from(text);
    const split = bytes.length > INLINE_BYTES_MAX;
    const parts = split ? await this.#writeParts(bytes, ttlMs) : undefined;
    await this.#replace(
      name,
      {
        ...(metadataJson !== undefined && { metadataJson }),
        ...(ttlMs !== undefined && { expiresAtMs: this.#clock.now() + ttlMs }),
        ...(parts ? { parts } : { value: text }),
      },
      ttlMs,
    );
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
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const keys: ListedKey[] = [];
    const from =
      after !== undefined && Buffer.compare(Buffer.from(after), Buffer.from(start)) > 0 ? after : start;
    for await (const { key, value } of this.#kv.list({ prefix: ['entry'], start: pointerKey(from) })) {
      const name = String(key[1]);
      if (!name.startsWith(start)) break;
      const pointer = z.parse(pointerSchema, value);
      if (name === after || this.#isExpired(pointer)) continue;
      const last = keys.at(-1);
      if (keys.length === most && last) return { keys, cursor: encodeCursor(last.name) };
      keys.push({ name, metadata: metadataOf(pointer) });
    }
    return { keys };
  }

  #isExpired({ expiresAtMs }: Pointer): boolean {
    return expiresAtMs !== undefined && expiresAtMs <= this.#clock.now();
  }

  async #writeParts(bytes: Buffer, ttlMs: number | undefined): Promise<Parts> {
    const parts = { id: crypto.randomUUID(), count: Math.ceil(bytes.length / PART_BYTES_MAX) };
    await this.#kv.set(pendingKey(parts.id), { count: parts.count });
    for (let index = 0; index < parts.count; index++) {
      const part = Uint8Array.from(bytes.subarray(index * PART_BYTES_MAX, (index + 1) * PART_BYTES_MAX));
      // Parts outlive their pointer, so that nobody meets a pointer without them.
      await this.#kv.set(partKey(parts.id, index), part, ttlMs === undefined ? {} : { expireIn: ttlMs * 2 });
    }
    return parts;
  }

  /** Sets the pointer (undefined: takes it away), and then clears away what it pointed at before. */
  async #replace(name: string, pointer: Pointer | undefined, ttlMs: number | undefined): Promise<void> {
    const key = pointerKey(name);
    for (let tries = 0; tries < WRITE_TRIES_MAX; tries++) {
      const before = await this.#kv.get(key);
      const change = this.#kv.atomic().check({ key, versionstamp: before.versionstamp });
      if (pointer) change.set(key, pointer, ttlMs === undefined ? {} : { expireIn: ttlMs });
      else change.delete(key);
      if (pointer?.parts) change.delete(pendingKey(pointer.parts.id));
      if (!(await change.commit()).ok) continue;
      const replaced = z.safeParse(pointerSchema, before.value).data?.parts;
      if (replaced) await deleteParts(this.#kv, replaced);
      return;
    }
    if (pointer?.parts) await deleteParts(this.#kv, pointer.parts);
    throw new Error(`${name} is written by too many at once`);
  }

  /** The value; undefined when a part is gone: the pointer was replaced meanwhile. */
  async #join(parts: Parts | undefined): Promise<string | undefined> {
    if (!parts) return undefined;
    const keys = Array.from({ length: parts.count }, (_, index) => partKey(parts.id, index));
    const values: Uint8Array[] = [];
    for (let at = 0; at < keys.length; at += READ_AT_ONCE) {
      for (const { value } of await this.#kv.getMany(keys.slice(at, at + READ_AT_ONCE))) {
        if (!(value instanceof Uint8Array)) return undefined;
        values.push(value);
      }
    }
    return Buffer.concat(values).toString();
  }
}

async function deleteParts(kv: DenoKv, { id, count }: Parts): Promise<void> {
  for (let index = 0; index < count; index++) await kv.delete(partKey(id, index));
}

const metadataOf = ({ metadataJson }: Pointer): unknown =>
  metadataJson === undefined ? undefined : JSON.parse(metadataJson);

const encodeCursor = (lastKey: string): string => Buffer.from(lastKey).toString('base64url');

function decodeCursor(cursor: string): string {
  const lastKey = Buffer.from(cursor, 'base64url').toString();
  if (cursor === '' || encodeCursor(lastKey) !== cursor) throw new StoreRefusal(400, 'Invalid list cursor');
  return lastKey;
}
