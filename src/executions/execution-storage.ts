/**
 * The port to an Execution's own storage: the object's SQLite-backed storage on Workers, or a map in process.
 * All values are small. Most are page rows and the head of the archive, which a walk through the history
 * recovers if they are lost.
 */

import type { ExecutionName } from '../core/execution-ref.ts';

export interface ExecutionStorage {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  /** The values whose keys have this prefix, ordered by key. */
  list(prefix: string): Promise<ReadonlyMap<string, unknown>>;
}

/** In process, `keeps` selects the few keys of an Execution's storage that must outlive the process. */
export interface DurableKeys {
  keeps(key: string): boolean;
  put(ref: ExecutionName, key: string, value: unknown): Promise<void>;
  delete(ref: ExecutionName, key: string): Promise<void>;
  /** Reads everything that earlier processes have stored. Throws if the store fails. */
  load(): Promise<readonly { readonly name: ExecutionName; readonly values: ReadonlyMap<string, unknown> }[]>;
}

/**
 * A map in memory. Durable keys are written to the store first, so that memory never contains a durable value
 * that a restart would lose.
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
