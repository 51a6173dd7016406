/**
 * Creates an API key directly in a store, as the admin API would: for `npm start`, `deno task start`, tests
 * and benchmarks. Keys that an earlier start printed stay valid as long as its store is kept.
 */
import { randomBytes } from 'node:crypto';
import type { NewKey } from '../access/keys/key-input.ts';
import { CredentialCache } from '../access/keys/credential-cache.ts';
import { KeyAdministration } from '../access/keys/key-administration.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { KeyValueStore } from '../storage/key-value.ts';

const READS_EVERYTHING: NewKey = {
  name: 'npm start',
  executions: ['*'],
  payloads: 'full',
  tickets: true,
  tier: 'high',
  streamLimit: 1000,
  totalStreamLimit: 100_000,
};

/** Returns the text of a new key that reads everything; `limits` overrides the key's settings. */
export async function createKeyIn(
  store: KeyValueStore,
  limits: Partial<NewKey> = {},
  clock: Clock = systemClock,
): Promise<string> {
  // Writes no audit line, because the caller prints the key itself.
  const log = () => {};
  const credentials = new CredentialCache({ store, clock, log });
  const keys = new KeyAdministration({ store, credentials, clock, random: randomBytes, log });
  const issued = await keys.create({ ...READS_EVERYTHING, ...limits });
  if (!issued.ok) throw new Error(`Cannot create a local API key: ${JSON.stringify(issued.failure)}`);
  return issued.value.text;
}
