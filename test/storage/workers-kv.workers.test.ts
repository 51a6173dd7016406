import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test } from 'vitest';

import { createWorkersKvStore } from '../../src/storage/workers-kv.ts';
import { describeKeyValueContract } from './key-value-contract.ts';

afterEach(async () => {
  await reset();
});

const assertEquals = (actual: unknown, expected: unknown) => expect(actual).toEqual(expected);

// Safety: wrangler.toml defines this binding. Its generated type is visible only to the Worker's entry.
const { STORE } = env as unknown as { STORE: KVNamespace };

describeKeyValueContract('Workers KV', { describe, test, assertEquals }, async () => ({
  store: createWorkersKvStore(STORE),
  now: () => Date.now(),
  secondsLeft: async (key) => {
    const { keys } = await STORE.list({ prefix: key });
    const expiration = keys.find(({ name }) => name === key)?.expiration;
    return expiration === undefined ? undefined : expiration - Date.now() / 1000;
  },
}));
