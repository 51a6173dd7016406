/**
 * Wraps a store for tests. It fails or stalls on demand, and counts calls, so that a test can show that
 * something causes no read.
 */
import type { KeyValueStore } from '../../src/storage/key-value.ts';

export class FaultyStore implements KeyValueStore {
  readonly #inner: KeyValueStore;
  readonly #reads: string[] = [];
  readonly #writes: string[] = [];
  #lists = 0;
  #writesLeft = Number.POSITIVE_INFINITY;
  #failingReads = false;
  #isFull = false;
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;

  constructor(inner: KeyValueStore) {
    this.#inner = inner;
  }

  /**
   * From now on `count` writes (puts and deletes) succeed, then all fail for good: 0 fails the very next one.
   */
  failAfterWrites(count: number): void {
    this.#writesLeft = count;
  }

  /** While on, puts fail as on a full disk. Deletions succeed. */
  fill(full = true): void {
    this.#isFull = full;
  }

  /** While on, `get`, `getMany` and `list` fail. */
  failReads(failing = true): void {
    this.#failingReads = failing;
  }

  /** From now on no call is answered before `release`. */
  stall(): void {
    if (this.#gate !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = { opened: promise, open: resolve };
  }

  release(): void {
    this.#gate?.open();
    this.#gate = undefined;
  }

  /** Keys that were read (each one of a `getMany` counts), failed reads included. */
  reads(prefix = ''): number {
    return this.#reads.filter((key) => key.startsWith(prefix)).length;
  }

  /** Keys that were put or deleted, failed writes included. */
  writes(prefix = ''): number {
    return this.#writes.filter((key) => key.startsWith(prefix)).length;
  }

  get lists(): number {
    return this.#lists;
  }

  /** Reads, writes and lists together. */
  get calls(): number {
    return this.#reads.length + this.#writes.length + this.#lists;
  }

  async get(...[key, options]: Parameters<KeyValueStore['get']>) {
    await this.#read([key]);
    return this.#inner.get(key, options);
  }

  async getMany(...[keys, options]: Parameters<KeyValueStore['getMany']>) {
    await this.#read(keys);
    return this.#inner.getMany(keys, options);
  }

  async list(...[options]: Parameters<KeyValueStore['list']>) {
    this.#lists += 1;
    await this.#read([]);
    return this.#inner.list(options);
  }

  async put(...[key, value, options]: Parameters<KeyValueStore['put']>) {
    await this.#write(key);
    if (this.#isFull) throw new Error('database or disk is full');
    return this.#inner.put(key, value, options);
  }

  async delete(...[key]: Parameters<KeyValueStore['delete']>) {
    await this.#write(key);
    return this.#inner.delete(key);
  }

  async #read(keys: readonly string[]): Promise<void> {
    this.#reads.push(...keys);
    await this.#gate?.opened;
    if (this.#failingReads) throw new Error('KV GET failed: 500 Internal Server Error');
  }

  async #write(key: string): Promise<void> {
    this.#writes.push(key);
    await this.#gate?.opened;
    if (this.#writesLeft <= 0) throw new Error('KV PUT failed: 500 Internal Server Error');
    this.#writesLeft -= 1;
  }
}
