/**
 * An API key in the local store, made as the admin API makes one, without asking it. Tests and benchmarks make theirs here
 * too. Keys stay in the state directory: one that an earlier start printed still opens.
 */
import { randomBytes } from 'node:crypto';
import type { NewKey } from '../access/key-input.ts';
import { KeyReader } from '../access/key-reader.ts';
import { KeyStore } from '../access/key-store.ts';
import { systemClock } from '../clock.ts';
import { createWorkersKvStore } from '../storage/workers-kv.ts';
import type { LocalKv } from './workerd.ts';

/** Reads everything. */
const OPENS_ALL: NewKey = {
  name: 'npm start',
  executions: ['*'],
  payloads: 'full',
  tickets: true,
  tier: 'high',
  streamLimit: 1000,
};

/** The text of a new key that reads everything, but for what `limits` says. */
export async function createLocalKey(namespace: LocalKv, limits: Partial<NewKey> = {}): Promise<string> {
  const store = createWorkersKvStore(namespace);
  const clock = systemClock;
  // The audit line tells an operator; here the text of the key itself is about to be printed.
  const log = () => {};
  const reader = new KeyReader({ store, clock, log });
  const keys = new KeyStore({ store, reader, clock, random: randomBytes, log });
  const issued = await keys.create({ ...OPENS_ALL, ...limits });
  if (!issued.ok) throw new Error(`Cannot create a local API key: ${JSON.stringify(issued.failure)}`);
  return issued.value.text;
}
