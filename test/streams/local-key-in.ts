/** An API key in a store of this process. */
import { randomBytes } from 'node:crypto';

import type { NewKey } from '../../src/access/keys/key-input.ts';
import { KeyReader } from '../../src/access/keys/key-cache.ts';
import { KeyStore } from '../../src/access/keys/key-store.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { KeyValueStore } from '../../src/storage/key-value.ts';
import { testLog } from '../support/secret-search.ts';

export async function createLocalKeyIn(
  store: KeyValueStore,
  clock: Clock,
  limits: Partial<NewKey>,
): Promise<string> {
  const log = testLog();
  const reader = new KeyReader({ store, clock, log });
  const keys = new KeyStore({ store, reader, clock, random: randomBytes, log });
  const issued = await keys.create({
    name: 'streams',
    executions: ['*'],
    payloads: 'full',
    tickets: true,
    tier: 'high',
    streamLimit: 1_000,
    ...limits,
  });
  if (!issued.ok) throw new Error(JSON.stringify(issued.failure));
  return issued.value.text;
}
