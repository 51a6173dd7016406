/**
 * An API key in a store that is at hand, made as the admin API makes one, without asking it: for `npm start`, `deno task
 * start`, tests and benchmarks. One that an earlier start printed still opens, as long as its store is kept.
 */
import { randomBytes } from 'node:crypto';
import type { NewKey } from '../access/keys/key-input.ts';
import { CredentialCache } from '../access/keys/credential-cache.ts';
import { KeyAdministration } from '../access/keys/key-administration.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { KeyValueStore } from '../storage/key-value.ts';

/** Reads everything. */
const OPENS_ALL: NewKey = {
  name: 'npm start',
  executions: ['*'],
  payloads: 'full',
  tickets: true,
  tier: 'high',
  streamLimit: 1000,
  totalStreamLimit: 100_000,
};

/** The text of a new key that reads everything, but for what `limits` says. */
export async function createKeyIn(
  store: KeyValueStore,
  limits: Partial<NewKey> = {},
  clock: Clock = systemClock,
): Promise<string> {
  // The audit line tells an operator; here the text of the key itself is about to be printed.
  const log = () => {};
  const credentials = new CredentialCache({ store, clock, log });
  const keys = new KeyAdministration({ store, credentials, clock, random: randomBytes, log });
  const issued = await keys.create({ ...OPENS_ALL, ...limits });
  if (!issued.ok) throw new Error(`Cannot create a local API key: ${JSON.stringify(issued.failure)}`);
  return issued.value.text;
}
