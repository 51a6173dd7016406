import assert from 'node:assert/strict';
import type { Json } from '../http.ts';
import { requirement, type Section } from '../requirement.ts';
import { history, idsFrom, pageOf, type Target } from '../target.ts';

const TARGET = 'IotThingsGraphFrontEndService.ListFlowExecutionMessages';

/** Sends what an AWS client sends. The signature is a dummy, because Flowtap does not verify it. */
async function call(target: Target, input: unknown, key: string | null = target.key, operation = TARGET) {
  const answer = await target.ask('/', {
    method: 'POST',
    key: null,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': operation,
      authorization:
        'AWS4-HMAC-SHA256 Credential=flowtap/20260101/us-west-2/iotthingsgraph/aws4_request, SignedHeaders=host, Signature=0',
      ...(key !== null && { 'x-amz-security-token': key }),
    },
    body: typeof input === 'string' ? input : JSON.stringify(input),
  });
  return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.text) as Json };
}

export const aws: Section = {
  title: "AWS's own protocol",
  requirements: [
    requirement(
      'Pages, checks and limits are those of [a page](#a-page), and cursors are interchangeable with its `cursor` and `nextToken`.',
      'an AWS client reads a history page by page; times are numbers, and the last page has no token',
      ['emulator'],
      async (target) => {
        const id = target.newId('aws');
        await target.script(id, history(7, 'EXECUTION_SUCCEEDED'));
        const ids: string[] = [];
        for (let nextToken: string | undefined; ;) {
          const { status, body } = await call(target, {
            flowExecutionId: id,
            maxResults: 3,
            ...(nextToken !== undefined && { nextToken }),
          });
          assert.equal(status, 200);
          for (const message of body['messages']) {
            assert.equal(typeof message.timestamp, 'number');
            ids.push(message.messageId);
          }
          if (!('nextToken' in body)) break;
          nextToken = body['nextToken'];
          assert.equal(typeof nextToken, 'string');
        }
        assert.deepEqual(ids, idsFrom(0, 7));
        const page = await target.json(pageOf(id, 'maxResults=3'));
        const { body } = await call(target, { flowExecutionId: id, nextToken: page['nextToken'] });
        assert.equal(body['messages'].length, 4);
      },
    ),
    requirement(
      'Errors have `__type` and `message`; `x-amzn-errortype` repeats the name of the exception.',
      'an error names its AWS exception in body and header, and client errors have status 400',
      ['admin'],
      async (target) => {
        const other = await target.newKey({ executions: ['nothing'] });
        for (const [input, key, operation, status, name] of [
          [{}, target.key, TARGET, 400, 'InvalidRequestException'],
          [{ flowExecutionId: 'x', maxResults: 251 }, target.key, TARGET, 400, 'InvalidRequestException'],
          ['not JSON', target.key, TARGET, 400, 'SerializationException'],
          [{ flowExecutionId: 'x' }, null, TARGET, 400, 'UnrecognizedClientException'],
          [{ flowExecutionId: 'x' }, 'a token of AWS', TARGET, 400, 'UnrecognizedClientException'],
          [{ flowExecutionId: 'x' }, other['key'], TARGET, 400, 'AccessDeniedException'],
          [{}, target.key, 'IotThingsGraphFrontEndService.Other', 400, 'UnknownOperationException'],
        ] as const) {
          const answer = await call(target, input, key, operation);
          const context = JSON.stringify([input, answer.body]);
          assert.deepEqual([answer.status, answer.body['__type']], [status, name], context);
          assert.match(answer.headers['x-amzn-errortype'] ?? '', new RegExp(`^${name}`), context);
          assert.equal(typeof answer.body['message'], 'string', context);
        }
      },
    ),
  ],
};
