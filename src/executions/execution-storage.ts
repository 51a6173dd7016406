/**
 * The port to what survives when an Execution's isolate dies: the object's own SQLite-backed storage on Workers, a map in
 * process. Small values only: page starts, tokens, the head of its archive. Anything lost here is recovered by walking the
 * history.
 */

export interface ExecutionStorage {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  /** Ordered by key. */
  list(prefix: string): Promise<ReadonlyMap<string, unknown>>;
}

export function createMemoryExecutionStorage(): ExecutionStorage {
  const values = new Map<string, unknown>();
  return {
    get: async (key) => values.get(key),
    put: async (key, value) => {
      values.set(key, structuredClone(value));
    },
    delete: async (keys) => {
      for (const key of keys) values.delete(key);
    },
    list: async (prefix) =>
      new Map([...values].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
