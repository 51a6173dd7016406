/**
 * On Workers, reading the first page of an ended execution sets an alarm, and that alarm archives the
 * execution.
 */
import { reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, expect, test, vi } from 'vitest';

import { executionKey, parseExecutionRef } from '../../src/core/execution-ref.ts';
import { createKey, fetchWorker, objectOf, STORE } from '../support/inside-workerd.workers.ts';

const ARN = 'arn:aws:states:us-west-2:123456789012:execution:flow:run';
const ENDED_AT = Date.UTC(2025, 0, 1) / 1000;

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/**
 * Answers a call in the format of its service: with a description, the first page with two messages, or the
 * second page with one.
 */
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
    const token = await createKey();
    const read = async () => {
      const response = await fetchWorker(`/v1/executions/${encodeURIComponent(id)}/messages?maxResults=1`, {
        token,
      });
      await response.text();
      return response;
    };
    const object = objectOf(executionKey(parseExecutionRef(id)));
    expect((await read()).status).toBe(200);
    // One alarm makes the look, and the next one archives. The platform might already have run one of them.
    for (let n = 0; n < 2; n++) await runDurableObjectAlarm(object);
    const isArchived = async () => (await STORE.list({ prefix: 'archive/1/head/' })).keys.length > 0;
    await vi.waitFor(async () => expect(await isArchived()).toBe(true));
    expect(await runInDurableObject(object, (_, { storage }) => storage.getAlarm())).toBeNull();
    const before = calls;
    expect((await read()).headers.get('cache-status')).toContain('hit');
    expect(calls).toBe(before);
  },
);
