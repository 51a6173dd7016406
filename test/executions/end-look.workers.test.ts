/** On Workers: reading the first page of an execution that has ended leaves an alarm, and the alarm archives it. */
import { createExecutionContext, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';

import { executionKey, parseExecutionRef } from '../../src/core/execution-ref.ts';
import { createKeyIn } from '../../src/local/key-in-store.ts';
import { createWorkersKvStore } from '../../src/storage/workers-kv.ts';
import worker, { type ExecutionObject } from '../../src/worker.ts';
import { SIGNING_SECRET } from '../support/secret-patterns.ts';

// Safety: the bindings that wrangler.toml names; the generated types of all bindings belong to the Worker's entry.
const { STORE, EXECUTIONS } = env as unknown as {
  STORE: KVNamespace;
  EXECUTIONS: DurableObjectNamespace<ExecutionObject>;
};
const settings = {
  AWS_REGION: 'us-west-2',
  AWS_ACCESS_KEY_ID: 'AKIATEST',
  AWS_SECRET_ACCESS_KEY: 'the secret of the emulator',
  SIGNING_SECRET,
  SFN_ALLOWED: 'us-west-2:123456789012',
};
const ARN = 'arn:aws:states:us-west-2:123456789012:execution:flow:run';
const ENDED_AT = Date.UTC(2025, 0, 1) / 1000;

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/** A page of two messages and one of a single message, in each service's form. */
function answer(operation: string, isSecond: boolean): object {
  if (operation.endsWith('DescribeExecution')) return { status: 'SUCCEEDED', stopDate: ENDED_AT };
  const ids = isSecond ? [3] : [1, 2];
  const nextToken = isSecond ? {} : { nextToken: 'second' };
  if (operation.endsWith('GetExecutionHistory')) {
    const type = isSecond ? 'ExecutionSucceeded' : 'PassStateEntered';
    return { events: ids.map((id) => ({ id, type, timestamp: ENDED_AT })), ...nextToken };
  }
  const eventType = isSecond ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED';
  return {
    messages: ids.map((id) => ({ messageId: `${id}`, eventType, timestamp: ENDED_AT })),
    ...nextToken,
  };
}

test.each(['a-flow', ARN])(
  'an execution that has ended (%s) is archived after its first page was read',
  async (id) => {
    let calls = 0;
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
      const request = new Request(url instanceof Request ? url : String(url), init);
      calls++;
      return Response.json(
        answer(request.headers.get('x-amz-target') ?? '', (await request.text()).includes('"second"')),
      );
    });
    const key = await createKeyIn(createWorkersKvStore(STORE));
    const url = `https://flowtap.example/v1/executions/${encodeURIComponent(id)}/messages?maxResults=1`;
    const read = async () => {
      const request = new Request<unknown, IncomingRequestCfProperties>(url, {
        headers: { authorization: `Bearer ${key}` },
      });
      // Safety: all bindings of wrangler.toml, and the settings that the Worker reads.
      const response = await worker.fetch(
        request,
        { ...env, ...settings } as never,
        createExecutionContext(),
      );
      await response.text();
      return response;
    };
    const object = EXECUTIONS.get(
      EXECUTIONS.idFromName(
        createHash('sha256')
          .update(executionKey(parseExecutionRef(id)))
          .digest('hex'),
      ),
    );
    expect((await read()).status).toBe(200);
    // The look, and the archiving that follows from it. The platform may have run an alarm that was due already.
    for (let n = 0; n < 2; n++) await runDurableObjectAlarm(object);
    const isArchived = async () => (await STORE.list({ prefix: 'archive/1/head/' })).keys.length > 0;
    await vi.waitFor(async () => expect(await isArchived()).toBe(true));
    expect(await runInDurableObject(object, (_, { storage }) => storage.getAlarm())).toBeNull();
    const before = calls;
    expect((await read()).headers.get('cache-status')).toContain('hit');
    expect(calls).toBe(before);
  },
);
