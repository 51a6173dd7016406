/** An API key in the key-value store of a local workerd (key-in-store.ts). */
import type { NewKey } from '../access/keys/key-input.ts';
import { createWorkersKvStore } from '../storage/workers-kv.ts';
import { createKeyIn } from './key-in-store.ts';
import type { LocalKv } from './workerd.ts';

/** The text of a new key that reads everything, but for what `limits` says. */
export const createLocalKey = (namespace: LocalKv, limits: Partial<NewKey> = {}): Promise<string> =>
  createKeyIn(createWorkersKvStore(namespace), limits);
