/**
 * Validates our answers with botocore's parser, parameter validator and service model. Needs no network.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { awsRefusalFor } from '../../src/http/routes/aws-dialects.ts';
import { EVENT_TYPES } from '../../src/messages/event-types.ts';
import { type ServiceUnderTest, endedLongAgo, openService } from '../http/service-under-test.ts';
import { TARGET, callAws } from './aws-call.ts';
import { PYTHON, hasBoto3 } from '../support/installed.ts';
import { judgeOf } from './judge-answers.ts';

const judge = judgeOf('iotthingsgraph', 'ListFlowExecutionMessages');

const refuse = awsRefusalFor({ headers: new Headers({ 'X-Amz-Target': TARGET }) });

const messages = fc.array(
  fc.record(
    {
      messageId: fc.string(),
      eventType: fc.constantFrom(...EVENT_TYPES, 'A_TYPE_OF_TOMORROW'),
      // Whole milliseconds, as AWS sends them. Python would round finer times to microseconds.
      timestamp: fc.integer({ min: -1e9, max: 4e12 }).map((ms) => ms / 1000),
      payload: fc.string({ unit: 'grapheme', maxLength: 40 }),
    },
    { requiredKeys: ['timestamp'] },
  ),
  { maxLength: 20 },
);

describe.skipIf(!hasBoto3(PYTHON))(`botocore (skipped when ${PYTHON} has no boto3)`, () => {
  it("accepts every page, and reads the upstream's messages from it", async () => {
    const service = await openService();
    const key = await service.key();
    const histories = fc.sample(messages, 150);
    const answers = [];
    for (const [index, history] of histories.entries()) {
      const flowExecutionId = `execution ${index}`;
      await service.script(flowExecutionId, history);
      answers.push(await callAws(service, { key, input: { flowExecutionId } }));
      // Advancing the clock refills the budget of upstream calls.
      await service.clock.advance(100);
    }
    const judgements = await judge(answers);
    expect(judgements.flatMap(({ problems }) => problems)).toEqual([]);
    expect(judgements.map((judgement) => judgement.messages)).toEqual(histories);
  });

  it('accepts pages with a token, pages without payloads, empty pages, and each exception', async () => {
    const service: ServiceUnderTest = await openService();
    const key = await service.key();
    const shy = await service.key({ payloads: 'none', executions: ['history'] });
    await service.script('history', endedLongAgo(service.clock, 5));
    await service.script('empty', []);
    const call = (input: unknown, as = key, target?: string) =>
      callAws(service, { key: as, input, ...(target !== undefined && { target }) });
    const flowExecutionId = 'history';
    const judgements = await judge([
      await call({ flowExecutionId, maxResults: 2 }),
      await call({ flowExecutionId }, shy),
      await call({ flowExecutionId: 'empty' }),
      await call({ flowExecutionId, maxResults: 251 }),
      await call({ flowExecutionId: 'unknown' }),
      await call('{'),
      await call({ flowExecutionId }, 'wrong'),
      await call({ flowExecutionId: 'empty' }, shy),
      await call({}, key, 'IotThingsGraphFrontEndService.GetEntities'),
      refuse({ type: 'rate-limited', retryAfterSeconds: 1 }, 'an id'),
      refuse({ type: 'internal', internal: '' }, 'an id'),
    ]);
    expect(judgements.flatMap(({ problems }) => problems)).toEqual([]);
    expect(judgements.map((judgement) => judgement.messages?.length ?? judgement.code)).toEqual([
      2,
      5,
      0,
      'InvalidRequestException',
      'ResourceNotFoundException',
      'SerializationException',
      'UnrecognizedClientException',
      'AccessDeniedException',
      'UnknownOperationException',
      'ThrottlingException',
      'InternalFailureException',
    ]);
  });
});
