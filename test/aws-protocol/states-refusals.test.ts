/**
 * Requests that are refused in Step Functions' protocol, with the exceptions of AWS's model. Forbidden executions and
 * operations cause no upstream call.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type ServiceUnderTest, endedLongAgo, openService } from '../http/service-under-test.ts';
import { arnOf } from '../step-functions/source-under-test.ts';
import { callStates, scriptEvents } from './states-call.ts';

const ARN = arnOf('run');

let service: ServiceUnderTest;
let key: string;
beforeAll(async () => {
  service = await openService();
  key = await service.key();
  await scriptEvents(service, ARN, [{ type: 'ExecutionStarted', executionStartedEventDetails: {} }]);
});

/** Returns the exception and its text. Fails the test if the answer is not formatted like AWS's. */
async function refusal(operation: string, input: unknown, apiKey: string | undefined = key) {
  const { status, headers, body } = await callStates(service, operation, { input, key: apiKey });
  const { __type, message, ...rest } = body;
  expect(rest).toEqual({});
  expect(headers.get('x-amzn-errortype')).toBe(__type);
  expect(headers.get('Content-Type')).toBe('application/x-amz-json-1.0');
  expect(headers.get('x-amzn-RequestId')).toMatch(/^[\w-]{36}$/);
  return { status, name: String(__type), message: String(message) };
}

const BY_ARN = ['GetExecutionHistory', 'DescribeExecution'];
const MACHINE = 'arn:aws:states:us-west-2:123456789012:stateMachine:StateMachine';

describe.each(BY_ARN)('%s refuses', (operation) => {
  it.each([
    ['a request without an ARN', {}, 'ValidationException', 'executionArn: must be given.'],
    ['an ARN that is too long', { executionArn: `${ARN}${'x'.repeat(256)}` }, 'ValidationException', '256'],
    ['the ARN of a state machine', { executionArn: MACHINE }, 'InvalidArn', 'is the ARN of a state machine'],
    [
      'the ARN of an EXPRESS execution',
      { executionArn: ARN.replace(':execution:', ':express:') },
      'InvalidArn',
      'EXPRESS',
    ],
    ['an id of Things Graph', { executionArn: 'urn:tdm:x' }, 'InvalidArn', 'ListFlowExecutionMessages'],
    ['an unknown execution', { executionArn: arnOf('unknown') }, 'ExecutionDoesNotExist', arnOf('unknown')],
    [
      'an account that is not enabled',
      { executionArn: arnOf('run', 'eu-west-1:123456789012') },
      'AccessDeniedException',
      'account and region',
    ],
    [
      'a member of the wrong type',
      { executionArn: 1 },
      'SerializationException',
      'executionArn: must be a string.',
    ],
    ['a JSON string', '"x"', 'SerializationException', 'The body must be a JSON object.'],
    ['text that is not JSON', '{', 'SerializationException', 'The body must be JSON.'],
  ])('%s', async (_, input, name, text) => {
    expect(await refusal(operation, input)).toEqual({
      status: 400,
      name,
      message: expect.stringContaining(text),
    });
  });

  it('an execution that the key may not read, before anything is looked up', async () => {
    const foreign = await service.key({ executions: [arnOf('other')] });
    const calls = service.calls();
    for (const executionArn of [ARN, arnOf('unknown')]) {
      expect(await refusal(operation, { executionArn }, foreign)).toMatchObject({
        status: 400,
        name: 'AccessDeniedException',
        message: expect.stringContaining('may not read this executionArn'),
      });
    }
    expect(service.calls()).toBe(calls);
  });

  it('a caller without a valid key', async () => {
    for (const apiKey of ['wrong', '']) {
      const { name, message } = await refusal(operation, { executionArn: ARN }, apiKey);
      expect([name, message]).toEqual([
        'UnrecognizedClientException',
        expect.stringContaining('session token'),
      ]);
    }
  });
});

describe('GetExecutionHistory refuses', () => {
  it.each([
    [{ maxResults: 1_001 }, 'ValidationException', 'from 0 to 1000'],
    [{ maxResults: -1 }, 'ValidationException', 'from 0 to 1000'],
    [{ maxResults: 1.5 }, 'SerializationException', 'maxResults: must be a whole number.'],
    [{ reverseOrder: 'yes' }, 'SerializationException', 'reverseOrder: must be true or false.'],
    [{ includeExecutionData: 1 }, 'SerializationException', 'includeExecutionData: must be true or false.'],
    [{ nextToken: '' }, 'ValidationException', 'nextToken: must have from 1 to 1024 characters.'],
    [{ nextToken: 'x'.repeat(1_025) }, 'ValidationException', 'nextToken'],
    [{ nextToken: 'foreign' }, 'InvalidToken', 'nextToken was not issued'],
  ])('%j', async (input, name, text) => {
    expect(await refusal('GetExecutionHistory', { executionArn: ARN, ...input })).toEqual({
      status: 400,
      name,
      message: expect.stringContaining(text),
    });
  });

  it.each(['none', 'names'] as const)('a key with the level %s, and states the reason', async (payloads) => {
    const shy = await service.key({ payloads });
    expect(await refusal('GetExecutionHistory', { executionArn: ARN }, shy)).toEqual({
      status: 400,
      name: 'AccessDeniedException',
      message: expect.stringContaining(`at the level "${payloads}" only`),
    });
  });

  it('an imported history whose messages are not events of Step Functions', async () => {
    const executionArn = arnOf('prose');
    const messages = endedLongAgo(service.clock, 3);
    const put = await service.admin('PUT', `/executions/${encodeURIComponent(executionArn)}/messages`, {
      messages,
    });
    expect(put.status).toBeLessThan(300);
    expect(await refusal('GetExecutionHistory', { executionArn })).toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('not events of Step Functions'),
    });
  });
});

it('DescribeExecution refuses unknown values of includedData', async () => {
  expect(await refusal('DescribeExecution', { executionArn: ARN, includedData: 'SOME' })).toMatchObject({
    name: 'ValidationException',
    message: 'includedData: must be one of ALL_DATA, METADATA_ONLY.',
  });
});

describe('an operation', () => {
  it.each([
    'StartExecution',
    'StopExecution',
    'DeleteStateMachine',
    'SendTaskSuccess',
    'RedriveExecution',
    'DescribeStateMachine',
    'TestState',
  ])('%s, which AWS has, is denied with a list of supported operations', async (operation) => {
    const calls = service.calls();
    expect(await refusal(operation, { stateMachineArn: MACHINE })).toEqual({
      status: 400,
      name: 'AccessDeniedException',
      message: expect.stringMatching(/read-only\. It answers .*DescribeExecution.*GetExecutionHistory/),
    });
    expect(service.calls()).toBe(calls);
  });

  it.each(['Nonsense', '', 'constructor', 'getExecutionHistory'])('%j is unknown', async (operation) => {
    expect(await refusal(operation, {})).toMatchObject({ status: 400, name: 'UnknownOperationException' });
  });
});

it('a throttling upstream causes status 400 and a failing one status 500, and clients retry both', async () => {
  await service.faults({ throttleRate: 1 });
  const asked = refusal('GetExecutionHistory', { executionArn: arnOf('throttled') });
  await service.clock.advance(30_000);
  expect(await asked).toMatchObject({ status: 400, name: 'ThrottlingException' });
  await service.faults({ internalErrorRate: 1 });
  const failing = refusal('DescribeExecution', { executionArn: arnOf('failing') });
  await service.clock.advance(30_000);
  expect(await failing).toMatchObject({ status: 500, name: 'InternalFailureException' });
});
