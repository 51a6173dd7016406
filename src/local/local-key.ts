/** Creates an API key in the key-value store of a local workerd (see key-in-store.ts). */
import type { NewKey } from '../access/keys/key-input.ts';
import { createWorkersKvStore } from '../storage/workers-kv.ts';
import { createKeyIn } from './key-in-store.ts';
import type { LocalKv } from './workerd.ts';

/** Returns the text of a new key that reads everything; `limits` overrides the key's settings. */
export const createLocalKey = (namespace: LocalKv, limits: Partial<NewKey> = {}): Promise<string> =>
  createKeyIn(createWorkersKvStore(namespace), limits);
