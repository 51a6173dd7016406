/**
 * Sets up the search for secrets in a test file inside workerd. It covers the console, to which the Worker and the
 * objects write, and every value put into KV or into the storage of Durable Objects. Values are searched when they are
 * put, because most files `reset()` the stores after each test.
 */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterAll, beforeAll } from 'vitest';

import { expectNothingFound, search, watchConsole, watchMemoryStores } from './secret-search.ts';

// Safety: wrangler.toml has these bindings. The generated types cover only the Worker's entry.
const { STORE, EXECUTIONS } = env as unknown as { STORE: KVNamespace; EXECUTIONS: DurableObjectNamespace };

watchConsole();
watchMemoryStores();
watchPuts(STORE, 'KV');
beforeAll(() =>
  // All storages share one class, so patching the class through any object covers them all. This object stores nothing
  // itself.
  runInDurableObject(EXECUTIONS.getByName('shows its storage'), (_, { storage }) =>
    watchPuts(storage, 'a Durable Object'),
  ),
);
afterAll(expectNothingFound);

function watchPuts(store: object, place: string): void {
  // Safety: both classes have a `put` method that takes a key, a value and options.
  const methods = Object.getPrototypeOf(store) as { put(...args: unknown[]): Promise<void> };
  const { put } = methods;
  methods.put = function (...args) {
    search(`${place}, under ${String(args[0])}`, args.map((arg) => textOf(arg)).join('\n'));
    return put.apply(this, args);
  };
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
