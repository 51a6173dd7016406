/**
 * Wraps a store for tests. It fails or stalls on demand. It counts calls, so that a test can prove that an operation
 * reads nothing.
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

  /** Lets `count` more writes (puts and deletes) succeed. All later ones fail. With 0, the next write fails. */
  failAfterWrites(count: number): void {
    this.#writesLeft = count;
  }

  /** While `full` is true, puts fail as on a full disk. Deletions still succeed. */
  fill(full = true): void {
    this.#isFull = full;
  }

  /** While `failing` is true, `get`, `getMany` and `list` fail. */
  failReads(failing = true): void {
    this.#failingReads = failing;
  }

  /** Holds all further calls until `release`. */
  stall(): void {
    if (this.#gate !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = { opened: promise, open: resolve };
  }

  release(): void {
    this.#gate?.open();
    this.#gate = undefined;
  }

  /** The number of keys read, including failed reads. `getMany` counts each of its keys. */
  reads(prefix = ''): number {
    return this.#reads.filter((key) => key.startsWith(prefix)).length;
  }

  /** The number of keys put or deleted, including failed writes. */
  writes(prefix = ''): number {
    return this.#writes.filter((key) => key.startsWith(prefix)).length;
  }

  get lists(): number {
    return this.#lists;
  }

  /** The total number of reads, writes and lists. */
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
