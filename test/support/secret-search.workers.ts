/**
 * Sets the search for secrets up for a test file inside workerd: its console, which the Worker and the
 * objects write to, and all that is put into KV and into the storage of Durable Objects. As it is put, since
 * most files `reset()` after each test.
 */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterAll, beforeAll } from 'vitest';

import { expectNothingFound, search, watchConsole, watchMemoryStores } from './secret-search.ts';

// Safety: wrangler.toml has these bindings. Their generated types are only for the Worker's entry.
const { STORE, EXECUTIONS } = env as unknown as { STORE: KVNamespace; EXECUTIONS: DurableObjectNamespace };

watchConsole();
watchMemoryStores();
watchPuts(STORE, 'KV');
beforeAll(() =>
  // All storages are of one class. Of the object that shows its own nothing stays.
  runInDurableObject(EXECUTIONS.getByName('shows its storage'), (_, { storage }) =>
    watchPuts(storage, 'a Durable Object'),
  ),
);
afterAll(expectNothingFound);

function watchPuts(store: object, place: string): void {
  // Safety: both have a `put` of a key, a value and more.
  const methods = Object.getPrototypeOf(store) as { put(...args: unknown[]): Promise<void> };
  const { put } = methods;
  methods.put = function (...args) {
    search(`${place}, under ${String(args[0])}`, args.map((arg) => textOf(arg)).join('\n'));
    return put.apply(this, args);
  };
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
