/**
 * Access to the Worker in the test's own isolate inside workerd: its store, its objects, and requests without a socket.
 */
import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { createHash } from 'node:crypto';

import { createKeyIn } from '../../src/local/key-in-store.ts';
import { createWorkersKvStore } from '../../src/storage/workers-kv.ts';
import worker, { type ExecutionObject } from '../../src/worker.ts';
import { ADMIN_TOKEN, SIGNING_SECRET } from './secret-patterns.ts';

// Safety: wrangler.toml has these bindings. The generated types cover only the Worker's entry.
export const { STORE, EXECUTIONS } = env as unknown as {
  STORE: KVNamespace;
  EXECUTIONS: DurableObjectNamespace<ExecutionObject>;
};

const settings = {
  AWS_REGION: 'us-west-2',
  AWS_ACCESS_KEY_ID: 'AKIATEST',
  AWS_SECRET_ACCESS_KEY: 'the secret of the emulator',
  SIGNING_SECRET,
  SFN_ALLOWED: 'us-west-2:123456789012',
  ADMIN_TOKEN,
};

/** Creates a key that may read everything, unless `limits` restrict it. */
export const createKey = (limits?: Parameters<typeof createKeyIn>[1]): Promise<string> =>
  createKeyIn(createWorkersKvStore(STORE), limits);

/** Sends a request to the Worker, with `token` as bearer token. */
export async function fetchWorker(
  path: string,
  { token, ...init }: RequestInit & { readonly token?: string } = {},
  context = createExecutionContext(),
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://flowtap.example${path}`, {
    ...(init as RequestInit<IncomingRequestCfProperties>),
    headers,
  });
  // Safety: this object has all bindings of wrangler.toml and all settings that the Worker reads.
  return worker.fetch(request, { ...env, ...settings } as never, context);
}

/** Returns the object of an execution or a list, by its key (`executionKey`, `listKey`). */
export const objectOf = (key: string): DurableObjectStub<ExecutionObject> =>
  EXECUTIONS.get(EXECUTIONS.idFromName(createHash('sha256').update(key).digest('hex')));
