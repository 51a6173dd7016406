/**
 * Tests the search for secrets inside workerd. secret-search.test.ts tests which kinds of secrets it finds.
 */
import { reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, test, vi } from 'vitest';

import { takeFindings } from '../support/secret-search.ts';

// Safety: wrangler.toml has these bindings. The generated types belong to the Worker's entry, not to tests.
const { STORE, EXECUTIONS } = env as unknown as { STORE: KVNamespace; EXECUTIONS: DurableObjectNamespace };
const KEY = `ftk_${'a'.repeat(10)}_${'b'.repeat(38)}`;

afterEach(async () => {
  await reset();
});

test('a secret is found on the console, in KV and in a Durable Object', async () => {
  const written = vi.spyOn(console, 'error');
  console.error(KEY);
  written.mockRestore();
  await STORE.put('value', KEY);
  await STORE.put('metadata', '', { metadata: { KEY } });
  await runInDurableObject(EXECUTIONS.getByName('x'), (_, { storage }) => storage.put('kept', { KEY }));
  await STORE.put('no secret', 'ftk_aaaaaaaaaa');
  expect(takeFindings()).toEqual([
    expect.stringContaining('an API key in the console'),
    expect.stringContaining('an API key in KV, under value'),
    expect.stringContaining('an API key in KV, under metadata'),
    expect.stringContaining('an API key in a Durable Object, under kept'),
  ]);
  expect(await STORE.get('value')).toBe(KEY);
});
