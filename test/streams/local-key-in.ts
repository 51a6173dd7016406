/** An API key in a store of this process. */
import { randomBytes } from 'node:crypto';

import type { NewKey } from '../../src/access/keys/key-input.ts';
import { CredentialCache } from '../../src/access/keys/credential-cache.ts';
import { KeyAdministration } from '../../src/access/keys/key-administration.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { KeyValueStore } from '../../src/storage/key-value.ts';
import { testLog } from '../support/secret-search.ts';

export async function createLocalKeyIn(
  store: KeyValueStore,
  clock: Clock,
  limits: Partial<NewKey>,
): Promise<string> {
  const log = testLog();
  const credentials = new CredentialCache({ store, clock, log });
  const keys = new KeyAdministration({ store, credentials, clock, random: randomBytes, log });
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
