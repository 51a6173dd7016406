/**
 * Stores settled histories in a key-value store. The Worker reads them without an Execution. Only the
 * Execution writes, replaces and deletes them.
 *
 * An archive becomes visible in one write (invariant 4). This is the last write: the first part of page 0,
 * with the head as its metadata. All other parts are written before it, under a new generation. If the store
 * is slow or fails, the failure is logged and the archive counts as missing, so that page requests do not
 * fail. Schema: docs/storage.md.
 */
import * as z from 'zod/mini';

import { type Result, fail, invalid, ok } from '../core/errors.ts';
import type { Clock } from '../core/clock.ts';
import type { OpenWalk } from '../messages/derive.ts';
import type { Log } from '../core/log.ts';
import { type Chunk, type History, endOf } from '../messages/history.ts';
import type { KeyValueStore, ListedKey } from '../storage/key-value.ts';
import { StoreRefusal } from '../storage/store-limits.ts';
import { type ExecutionName, type ExecutionRef, executionName, logNames } from '../core/execution-ref.ts';
import {
  type ArchiveHead,
  type ReadDescription,
  archiveHeadSchema,
  isUpgraded,
  upstreamFactsOf,
} from './archive-head.ts';
import { HEAD_PREFIX, headKey, pagesPrefix, partKey, nameOfHeadKey } from './archive-keys.ts';
import { type ArchiveMemory, MISS_MEMORY_MS, type StoredPart } from './archive-memory.ts';
import type { ArchivedPages } from './archived-pages.ts';
import { ARCHIVE_PAGE_MESSAGES, decodeRecord } from './archive-record.ts';
import { ExecutionIndex } from './execution-index.ts';
import { derivedHistory } from './derived-history.ts';
import { ArchiveWriter, type PageIntents } from './archive-writer.ts';

/** If the store does not answer within this time, the page is read from upstream. */
export const STORE_TIMEOUT_MS = 2_000;
/** How long the store's own cache may keep pages. Long, because pages of a generation never change. */
const PAGE_CACHE_SECONDS = 3_600;

/** Where an answer was read from, for Cache-Status: this isolate's cache, or the store. */
export type ArchiveLayer = 'memory' | 'kv';

export interface ArchivedHistory extends History {
  readonly head: ArchiveHead;
  /** `kv` if anything was read from the store so far. */
  readonly layer: ArchiveLayer;
  /** The source's description of the settled execution, without input and output, if it was stored. */
  description(): Promise<Result<Readonly<Record<string, unknown>> | undefined>>;
}

export interface ArchivedExecution extends ExecutionName {
  readonly head: ArchiveHead;
}

export interface ArchiveOptions {
  readonly store: KeyValueStore;
  readonly memory: ArchiveMemory;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly openWalk: OpenWalk;
  readonly readDescription: ReadDescription;
  /** How long histories are kept. Absent if they never expire. */
  readonly ttlSeconds?: number;
}

export class Archive {
  readonly #options: ArchiveOptions;
  /** The index of archived executions, in the order of lists. */
  readonly index: ExecutionIndex;

  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.index = new ExecutionIndex(options);
  }

  /** The cache of encoded pages. */
  get pages(): ArchivedPages {
    return this.#options.memory.pages;
  }

  /** Returns the archived history, or undefined if it is not archived or cannot be read now. Never throws. */
  async find(ref: ExecutionRef): Promise<ArchivedHistory | undefined> {
    const { heads, parts } = this.#options.memory;
    const name = executionName(ref);
    const known = heads.get(name);
    if (known) return known.head && this.open(ref, known.head, 'memory');
    const key = headKey(ref);
    const entry = await this.#read(key);
    if (entry === 'failed') {
      // Cache the failure, so that other requests do not wait for the same slow store.
      heads.set(name, { head: undefined, unread: true }, MISS_MEMORY_MS);
      return undefined;
    }
    const head = entry && parseHead(entry.metadata);
    const decoded = head && decodeRecord(entry.value, { head, start: 0, ref });
    if (!head || !decoded) {
      if (entry) this.#damaged(ref, key);
      heads.set(name, { head: undefined }, MISS_MEMORY_MS);
      return undefined;
    }
    heads.set(name, { head });
    parts.set(`${key}#${head.generation}`, storedPart(decoded));
    return this.open(ref, head, 'kv');
  }

  /** True if the last `find` could not read the store. Then it is unknown whether the history is archived. */
  isUnread(ref: ExecutionRef): boolean {
    return this.#options.memory.heads.get(executionName(ref))?.unread === true;
  }

  /** Opens the history of a known head, such as the copy in the Execution's own storage. */
  open(ref: ExecutionRef, head: ArchiveHead, layer: ArchiveLayer = 'memory'): ArchivedHistory {
    const history = this.#stored(ref, head, layer);
    return isUpgraded(head) ? history : derivedHistory(history, this.#options.openWalk);
  }

  #stored(ref: ExecutionRef, head: ArchiveHead, layer: ArchiveLayer): ArchivedHistory {
    const unreadable = (page: number) => {
      this.#options.memory.heads.delete(executionName(ref));
      return fail({
        type: 'store-unavailable',
        internal: `archive page ${page} of ${head.generation} can't be read`,
      });
    };
    const history = {
      head,
      complete: true,
      layer,
      description: async () => {
        const first = await this.#part(ref, head, 0, 0, 0, history);
        return first ? ok(first.description) : unreadable(0);
      },
      chunkAt: async (position: number): Promise<Result<Chunk>> => {
        const wanted = Math.max(0, Math.min(position, head.count - 1));
        const page = Math.floor(wanted / ARCHIVE_PAGE_MESSAGES);
        const first = await this.#part(ref, head, page, 0, page * ARCHIVE_PAGE_MESSAGES, history);
        const index = first?.parts.findLastIndex((start) => start <= wanted) ?? -1;
        const start = first?.parts[index];
        const part =
          start === undefined ? first : await this.#part(ref, head, page, index + 1, start, history);
        if (part && wanted >= part.chunk.start && wanted < endOf(part.chunk)) return ok(part.chunk);
        return unreadable(page);
      },
    };
    return history;
  }

  /** Reads the head from the store, without the cache. Throws if the store fails. */
  async visibleHead(ref: ExecutionRef): Promise<ArchiveHead | undefined> {
    return parseHead((await this.#options.store.get(headKey(ref)))?.metadata);
  }

  /**
   * Completes a head for the index with the facts that the source reported. Heads that older versions of
   * Flowtap wrote lack them. If page 0 contains the source's description, the facts are read from there.
   * Throws if the store fails.
   */
  async completeHead(ref: ExecutionRef, head: ArchiveHead): Promise<ArchiveHead> {
    if (head.upstream || head.from === 'import' || !ref.arn) return head;
    const entry = await this.#options.store.get(headKey(ref));
    const decoded = entry && decodeRecord(entry.value, { head, start: 0, ref });
    const upstream = upstreamFactsOf(decoded?.record.description, this.#options.readDescription);
    return upstream ? { ...head, upstream } : head;
  }

  /** Creates a writer for a new generation of this history. */
  writer(ref: ExecutionRef, intents?: PageIntents): ArchiveWriter {
    const { store, random, clock, openWalk, readDescription, ttlSeconds } = this.#options;
    return new ArchiveWriter({
      ref,
      store,
      random,
      clock,
      openWalk,
      readDescription,
      ...(ttlSeconds !== undefined && { ttlSeconds }),
      ...(intents && { intents }),
    });
  }

  /** Makes a new head visible in this isolate immediately. Pass undefined after a deletion. */
  remember(ref: ExecutionRef, head: ArchiveHead | undefined): void {
    const { heads } = this.#options.memory;
    const name = executionName(ref);
    if (head) heads.set(name, { head });
    else heads.set(name, { head: undefined }, MISS_MEMORY_MS);
  }

  /**
   * Deletes the archive, page 0 first, so that no reader finds an incomplete history. Throws if the store
   * fails.
   */
  async forget(ref: ExecutionRef): Promise<void> {
    await this.#options.store.delete(headKey(ref));
    this.remember(ref, undefined);
    await this.dropPages(ref);
  }

  /** Deletes the parts of one generation or of all, except the first part of page 0. */
  async dropPages(ref: ExecutionRef, generation?: string): Promise<void> {
    const { store } = this.#options;
    for (let cursor: string | undefined; ;) {
      const listed = await store.list({ prefix: pagesPrefix(ref, generation), ...(cursor && { cursor }) });
      for (const { name } of listed.keys) await store.delete(name);
      cursor = listed.cursor;
      if (cursor === undefined) return;
    }
  }

  /** Lists archived histories in the order of their keys. The list can be a minute behind. */
  async list(options: {
    readonly cursor?: string;
    readonly limit: number;
  }): Promise<Result<{ executions: ArchivedExecution[]; cursor?: string }>> {
    try {
      const { keys, cursor } = await this.#options.store.list({ prefix: HEAD_PREFIX, ...options });
      const executions = await Promise.all(keys.map((key) => this.#listed(key)));
      return ok({
        executions: executions.filter((execution) => execution !== undefined),
        ...(cursor !== undefined && { cursor }),
      });
    } catch (error) {
      if (options.cursor !== undefined && error instanceof StoreRefusal && error.status === 400) {
        return invalid('query', 'cursor', 'is not the cursor of a list of executions.');
      }
      return fail({ type: 'store-unavailable', internal: `archive list: ${String(error)}` });
    }
  }

  async #listed({ name, metadata, expiresAtMs }: ListedKey): Promise<ArchivedExecution | undefined> {
    const parsed = parseHead(metadata);
    if (!parsed) return undefined;
    const expiresAt = expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString() };
    const head = { ...expiresAt, ...parsed };
    const execution = nameOfHeadKey(name);
    if (execution) return { ...execution, head };
    const entry = await this.#read(name);
    const decoded = entry && entry !== 'failed' ? decodeRecord(entry.value, { head, start: 0 }) : undefined;
    return decoded && { source: decoded.record.source, executionId: decoded.record.executionId, head };
  }

  async #part(
    ref: ExecutionRef,
    head: ArchiveHead,
    page: number,
    part: number,
    start: number,
    history: { layer: ArchiveLayer },
  ): Promise<StoredPart | undefined> {
    const { parts } = this.#options.memory;
    const key = partKey(ref, head.generation, page, part);
    const memoryKey = `${key}#${head.generation}`;
    const known = parts.get(memoryKey);
    if (known) return known;
    history.layer = 'kv';
    const entry = await this.#read(key, page === 0 && part === 0 ? undefined : PAGE_CACHE_SECONDS);
    if (entry === 'failed') return undefined;
    const decoded = entry && decodeRecord(entry.value, { head, start, ref });
    if (!decoded) {
      this.#damaged(ref, key);
      return undefined;
    }
    const stored = storedPart(decoded);
    parts.set(memoryKey, stored);
    return stored;
  }

  async #read(key: string, cacheTtlSeconds?: number) {
    const { store, clock, log } = this.#options;
    const slow = new AbortController();
    try {
      return await Promise.race([
        store.get(key, cacheTtlSeconds === undefined ? {} : { cacheTtlSeconds }),
        clock.sleep(STORE_TIMEOUT_MS, slow.signal).then(() => {
          throw new Error(`no answer within ${STORE_TIMEOUT_MS} ms`);
        }),
      ]);
    } catch (error) {
      log({ event: 'archive-read-failed', level: 'error', key, reason: String(error) });
      return 'failed' as const;
    } finally {
      slow.abort();
    }
  }

  #damaged(ref: ExecutionRef, key: string): void {
    this.#options.log({ event: 'archive-damaged', level: 'error', ...logNames(ref), key });
  }
}

const storedPart = ({ chunk, record }: NonNullable<ReturnType<typeof decodeRecord>>): StoredPart => ({
  chunk,
  parts: record.parts ?? [],
  ...(record.description && { description: record.description }),
});

const parseHead = (metadata: unknown): ArchiveHead | undefined =>
  z.safeParse(archiveHeadSchema, metadata).data;
