/**
 * The port to the storage that survives when an Execution's isolate dies: the object's own SQLite-backed
 * storage on Workers, a map in process. Small values only: page starts, tokens, the head of its archive.
 * Anything lost here is recovered by walking the history.
 */

import type { ExecutionName } from '../core/execution-ref.ts';

export interface ExecutionStorage {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  /** Ordered by key. */
  list(prefix: string): Promise<ReadonlyMap<string, unknown>>;
}

/**
 * In process: the part of an Execution's storage that outlives the process. It has few keys, which `keeps`
 * selects.
 */
export interface DurableKeys {
  keeps(key: string): boolean;
  put(ref: ExecutionName, key: string, value: unknown): Promise<void>;
  delete(ref: ExecutionName, key: string): Promise<void>;
  /** Everything that an earlier process has stored. Throws when the store fails. */
  load(): Promise<readonly { readonly name: ExecutionName; readonly values: ReadonlyMap<string, unknown> }[]>;
}

/**
 * A map whose durable keys are also written to the store. They are written there first, so that memory never
 * has what a restart would lose.
 */
export function createMemoryExecutionStorage(
  kept: ReadonlyMap<string, unknown> = new Map(),
  durable?: { readonly ref: ExecutionName; readonly keys: DurableKeys },
): ExecutionStorage {
  const values = new Map<string, unknown>(kept);
  return {
    get: async (key) => values.get(key),
    put: async (key, value) => {
      if (durable?.keys.keeps(key)) await durable.keys.put(durable.ref, key, value);
      values.set(key, structuredClone(value));
    },
    delete: async (keys) => {
      for (const key of keys) {
        if (values.has(key) && durable?.keys.keeps(key)) await durable.keys.delete(durable.ref, key);
        values.delete(key);
      }
    },
    list: async (prefix) =>
      new Map([...values].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
