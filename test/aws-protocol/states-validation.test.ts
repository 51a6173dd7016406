/**
 * Validates answers of Step Functions' protocol with botocore's parser, parameter validator and service model. Needs
 * no network.
 */
import { describe, expect, it } from 'vitest';
import { openService } from '../http/service-under-test.ts';
import { readRecordedHistories } from '../step-functions/recorded-histories.ts';
import { arnOf } from '../step-functions/source-under-test.ts';
import { PYTHON, hasBoto3 } from '../support/installed.ts';
import { type Judged, judgeOf } from './judge-answers.ts';
import { callStates, scriptEvents } from './states-call.ts';

/** Members that AWS has added since the release of Debian's botocore. */
const NEWER = [
  'assignedVariables',
  'assignedVariablesDetails',
  'evaluationFailedEventDetails',
  'redriveCount',
  'redriveDate',
  'redriveStatus',
  'redriveStatusReason',
];

describe.skipIf(!hasBoto3(PYTHON))(`botocore (skipped when ${PYTHON} has no boto3)`, () => {
  it('accepts every page, description and exception', async () => {
    const service = await openService();
    const key = await service.key();
    const answers: Judged[] = [];
    const call = async (operation: string, input: object, apiKey = key) => {
      const { status, headers, body } = await callStates(service, operation, { key: apiKey, input });
      answers.push({ operation, status, headers, body: JSON.stringify(body) });
    };
    for (const [index, { events }] of readRecordedHistories().entries()) {
      const executionArn = arnOf(`run-${index}`);
      await scriptEvents(service, executionArn, events);
      await call('GetExecutionHistory', { executionArn, maxResults: 1_000 });
      await call('DescribeExecution', { executionArn });
      await service.clock.advance(200);
    }
    const stateMachineArn = 'arn:aws:states:us-west-2:123456789012:stateMachine:StateMachine';
    await call('ListExecutions', { stateMachineArn, maxResults: 100 });
    await call('ListStateMachines', { maxResults: 2 });
    const [known, unknown] = [arnOf('run-0'), arnOf('unknown')];
    const shy = await service.key({ payloads: 'none' });
    await call('DescribeExecution', { executionArn: known }, shy);
    await call('GetExecutionHistory', { executionArn: known, maxResults: 2 });
    const successes = answers.length;
    for (const operation of ['DescribeExecution', 'GetExecutionHistory']) {
      await call(operation, { executionArn: unknown });
      await call(operation, { executionArn: 'arn:aws:states' });
      await call(operation, { executionArn: known }, 'wrong');
    }
    await call('GetExecutionHistory', { executionArn: known, nextToken: 'x' });
    await call('GetExecutionHistory', { executionArn: known }, shy);

    const judgements = await judgeOf('stepfunctions', 'GetExecutionHistory')(answers);
    const problems = judgements.flatMap((judgement) => judgement.problems);
    expect(problems.filter((problem) => !NEWER.includes(problem))).toEqual([]);
    const ofEach = ['ExecutionDoesNotExist', 'InvalidArn', 'UnrecognizedClientException'];
    expect(judgements.slice(successes).map(({ code }) => code)).toEqual([
      ...ofEach,
      ...ofEach,
      'InvalidToken',
      'AccessDeniedException',
    ]);
    expect(judgements.slice(0, successes).every(({ code }) => code === undefined)).toBe(true);
  });
});
