/**
 * The index of archived executions, by flow and in the order of lists (order-key.ts). Entries are written and
 * deleted after their heads. The Archivist keeps the two consistent (executions/settling/index-upkeep.ts).
 * index-record.ts defines the records and their keys.
 */
import { LruMap } from '../core/lru-map.ts';
import type { Clock } from '../core/clock.ts';
import { type Result, fail, invalid, ok } from '../core/errors.ts';
import type { FlowRef } from '../core/flow-ref.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import { parseJson } from '../core/parse-json.ts';
import {
  GET_MANY_KEYS_MAX,
  type KeyValueStore,
  LIST_KEYS_MAX,
  type ListedKey,
} from '../storage/key-value.ts';
import { StoreRefusal } from '../storage/store-limits.ts';
import type { ArchiveHead } from './archive-head.ts';
import {
  FLOW_PREFIX,
  INDEX_PREFIX,
  type IndexGroup,
  type IndexedExecution,
  flowKey,
  flowOfRecord,
  flowRecordJson,
  groupPrefix,
  indexEntryOf,
  listedFlowOf,
  parseFlowRecord,
  parseIndexRecord,
  stored,
} from './index-record.ts';
import { prefixesFrom, positionAfter, positionBefore } from './order-key.ts';

/** Store listings per page: a request reads up to 5 pages, and a Worker may make only 1,000 operations. */
const LISTINGS_MAX = 40;
/** Keys per listing of a `#seek`. More keys save listings only if many executions start at the same time. */
const SEEK_KEYS = 500;
/** How much longer a flow's record lives than needed, so that it is not rewritten for each execution. */
const FLOW_OUTLIVES_MS = 86_400_000;
/** How many flows' records are cached, and for how long. Saves store calls when many executions end. */
const KNOWN_FLOWS_MAX = 1_000;
const KNOWN_FLOW_MS = 60_000;

export interface IndexPageOptions {
  /** An order key or position. The page begins after it. */
  readonly after?: string;
  /** The page begins with executions that started at this time or earlier. */
  readonly startedBeforeMs?: number;
  readonly limit: number;
}

export interface IndexPage {
  /** In the order of their order keys. */
  readonly executions: readonly IndexedExecution[];
  /** Where the next page begins. Absent on the last page. */
  readonly next?: string;
}

export interface ExecutionIndexOptions {
  readonly store: KeyValueStore;
  readonly clock: Clock;
}

export class ExecutionIndex {
  readonly #store: KeyValueStore;
  readonly #clock: Clock;
  /** When each flow's record expires, by its key. Infinity if it never expires. */
  readonly #knownFlows: LruMap<string, number>;

  constructor({ store, clock }: ExecutionIndexOptions) {
    this.#store = store;
    this.#clock = clock;
    const now = () => clock.now();
    this.#knownFlows = new LruMap({ max: KNOWN_FLOWS_MAX, maxAgeMs: KNOWN_FLOW_MS, now });
  }

  /**
   * Reads a page of a group. The search is bounded, so a page can be short or empty and still have a `next`.
   */
  async page(
    group: IndexGroup,
    { after = '', startedBeforeMs, limit }: IndexPageOptions,
  ): Promise<Result<IndexPage>> {
    const bound = startedBeforeMs === undefined ? '' : positionBefore(startedBeforeMs);
    const search = new Search(this.#store, groupPrefix(group), after > bound ? after : bound, limit);
    try {
      const { keys, next } = await search.run();
      const executions = await this.#parsed(keys);
      return ok({ executions, ...(next !== undefined && { next }) });
    } catch (error) {
      return fail({ type: 'store-unavailable', internal: `execution index: ${String(error)}` });
    }
  }

  /** Lists all archived executions page by page, by source and flow. */
  list(options: ListOptions): Promise<Result<{ executions: readonly IndexedExecution[]; cursor?: string }>> {
    return this.#listed(options, INDEX_PREFIX, 'executions', (keys) => this.#parsed(keys));
  }

  /** Lists the flows that have archived executions, page by page. */
  flows(options: ListOptions): Promise<Result<{ flows: readonly FlowRef[]; cursor?: string }>> {
    return this.#listed(options, FLOW_PREFIX, 'flows', async (keys) => {
      const records = (await this.#records(keys)).map((record) => parseFlowRecord(record));
      return records.map((record) => record && flowOfRecord(record)).filter((flow) => flow !== undefined);
    });
  }

  /** True if the index has an entry with this key. Throws if the store fails. */
  async has(key: string): Promise<boolean> {
    return (await this.#store.get(key)) !== undefined;
  }

  /** Writes the entry of an archived execution, and the flow's record. Throws if the store fails. */
  async put(ref: ExecutionRef, head: ArchiveHead): Promise<void> {
    const { key, json, expiresAtMs } = indexEntryOf(ref, head);
    await this.#put(key, json, expiresAtMs);
    const flow = listedFlowOf(ref);
    if (flow) await this.#keepFlow(flow, expiresAtMs ?? Infinity);
  }

  /** Deletes an entry, and the flow's record if the flow has no other entries. Throws if the store fails. */
  async remove(ref: ExecutionRef, key: string): Promise<void> {
    await this.#store.delete(key);
    const flow = listedFlowOf(ref);
    if (!flow || (await this.#hasExecutions(flow))) return;
    // The order matters. If an execution is archived meanwhile, either its `put` finds no record and writes
    // it, or the last check finds the execution.
    this.#knownFlows.delete(flowKey(flow));
    await this.#store.delete(flowKey(flow));
    if (await this.#hasExecutions(flow)) await this.#keepFlow(flow, Infinity);
  }

  async #hasExecutions(flow: FlowRef): Promise<boolean> {
    return (await this.#store.list({ prefix: groupPrefix(flow), limit: 1 })).keys.length > 0;
  }

  /** Writes the record of a flow, unless the stored one lives at least until `untilMs`. */
  async #keepFlow(flow: FlowRef, untilMs: number): Promise<void> {
    const key = flowKey(flow);
    const knownUntilMs = this.#knownFlows.get(key) ?? (await this.#storedUntilMs(key));
    if (knownUntilMs < untilMs) {
      const expiresAtMs = untilMs === Infinity ? undefined : untilMs + FLOW_OUTLIVES_MS;
      await this.#put(key, flowRecordJson(flow, expiresAtMs), expiresAtMs);
      this.#knownFlows.set(key, expiresAtMs ?? Infinity);
    } else this.#knownFlows.set(key, knownUntilMs);
  }

  async #storedUntilMs(key: string): Promise<number> {
    const entry = await this.#store.get(key);
    const record = entry && parseFlowRecord(recordOf(entry.metadata, entry.value));
    if (!record) return -Infinity;
    return record.expiresAt === undefined ? Infinity : Date.parse(record.expiresAt);
  }

  async #put(key: string, json: string, expiresAtMs: number | undefined): Promise<void> {
    const { value, metadata } = stored(json);
    await this.#store.put(key, value, {
      ...(metadata !== undefined && { metadata }),
      // If the archive has expired meanwhile, use the shortest time that the store accepts.
      ...(expiresAtMs !== undefined && { ttlSeconds: Math.max(1, (expiresAtMs - this.#clock.now()) / 1000) }),
    });
  }

  async #listed<Name extends string, T>(
    options: ListOptions,
    prefix: string,
    name: Name,
    parse: (keys: readonly ListedKey[]) => Promise<readonly T[]>,
  ): Promise<Result<Record<Name, readonly T[]> & { cursor?: string }>> {
    try {
      const { keys, cursor } = await this.#store.list({ prefix, ...options });
      // Safety: the only member of the object is `name`.
      const items = { [name]: await parse(keys) } as Record<Name, readonly T[]>;
      return ok({ ...items, ...(cursor !== undefined && { cursor }) });
    } catch (error) {
      if (options.cursor !== undefined && error instanceof StoreRefusal && error.status === 400) {
        return invalid('query', 'cursor', `is not the cursor of a list of ${name}.`);
      }
      return fail({ type: 'store-unavailable', internal: `list of ${name}: ${String(error)}` });
    }
  }

  async #parsed(keys: readonly ListedKey[]): Promise<readonly IndexedExecution[]> {
    const now = this.#clock.now();
    const executions = (await this.#records(keys)).map((record) => parseIndexRecord(record, now));
    return executions.filter((execution) => execution !== undefined);
  }

  /** Returns the records of listed keys, from the metadata if present, otherwise from the values. */
  async #records(keys: readonly ListedKey[]): Promise<readonly unknown[]> {
    const long = keys.filter(({ metadata }) => metadata === undefined).map(({ name }) => name);
    const values = new Map<string, string | undefined>();
    for (let at = 0; at < long.length; at += GET_MANY_KEYS_MAX) {
      const names = long.slice(at, at + GET_MANY_KEYS_MAX);
      const entries = await this.#store.getMany(names);
      for (const [index, name] of names.entries()) values.set(name, entries[index]?.value);
    }
    return keys.map(({ name, metadata }) => recordOf(metadata, values.get(name)));
  }
}

interface ListOptions {
  readonly cursor?: string;
  readonly limit: number;
}

const recordOf = (metadata: unknown, value: string | undefined): unknown =>
  metadata ?? parseJson(value ?? '');

/**
 * Finds the keys of a group after a position. The store lists keys by prefix and cannot start in the middle.
 * So `run` lists ever longer prefixes of the position until a listing reaches it, then the prefixes that
 * follow.
 */
class Search {
  readonly #store: KeyValueStore;
  readonly #prefix: string;
  readonly #after: string;
  readonly #limit: number;
  readonly #found: ListedKey[] = [];
  #listings = 0;

  constructor(store: KeyValueStore, prefix: string, after: string, limit: number) {
    this.#store = store;
    this.#prefix = prefix;
    this.#after = after;
    this.#limit = limit;
  }

  async run(): Promise<{ readonly keys: readonly ListedKey[]; readonly next?: string }> {
    const { length, listed } = await this.#seek();
    let known: Listed | undefined = listed;
    for (const keyPrefix of prefixesFrom(this.#after, length)) {
      let page = known ?? (await this.#list(keyPrefix, this.#wanted));
      known = undefined;
      for (;;) {
        this.#found.push(...page.keys.filter((key) => this.#orderKeyOf(key) > this.#after));
        if (this.#found.length > this.#limit) return this.#pageUpTo(this.#found.slice(0, this.#limit));
        if (page.cursor === undefined) break;
        if (this.#listings >= LISTINGS_MAX) return this.#pageUpTo(this.#found, page.keys);
        page = await this.#list(keyPrefix, this.#wanted, page.cursor);
      }
      if (this.#listings >= LISTINGS_MAX) return { keys: this.#found, next: positionAfter(keyPrefix) };
    }
    return { keys: this.#found };
  }

  /** Finds a prefix of the position whose first listing reaches beyond the position, or is complete. */
  async #seek(): Promise<{ readonly length: number; readonly listed: Listed }> {
    let length = 0;
    let listed = await this.#list('', this.#after === '' ? this.#wanted : SEEK_KEYS);
    for (;;) {
      const last = this.#lastOf(listed.keys);
      if (listed.cursor === undefined || last > this.#after || length >= this.#after.length) break;
      length = commonLength(last, this.#after) + 1;
      listed = await this.#list(this.#after.slice(0, length), SEEK_KEYS);
    }
    return { length, listed };
  }

  /** One key more than the page has room for, to learn whether more keys follow. */
  get #wanted(): number {
    return Math.min(LIST_KEYS_MAX, this.#limit + 1 - this.#found.length);
  }

  #list(keyPrefix: string, limit: number, cursor?: string): Promise<Listed> {
    this.#listings++;
    return this.#store.list({
      prefix: `${this.#prefix}${keyPrefix}`,
      limit,
      ...(cursor !== undefined && { cursor }),
    });
  }

  #pageUpTo(keys: readonly ListedKey[], lookedAt = keys) {
    return { keys, next: this.#lastOf(lookedAt) };
  }

  #lastOf(keys: readonly ListedKey[]): string {
    const last = keys.at(-1);
    return last ? this.#orderKeyOf(last) : '';
  }

  #orderKeyOf({ name }: ListedKey): string {
    return name.slice(this.#prefix.length);
  }
}

type Listed = Awaited<ReturnType<KeyValueStore['list']>>;

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
