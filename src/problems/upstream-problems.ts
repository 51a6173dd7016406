/** Problems for upstream services that do not have the execution, fail, or are too slow. */
import { isKmsException } from './aws-exceptions.ts';
import type { DocumentationOf, ProblemEntries } from './problem-entry.ts';

/** Used for upstream failures that do not say when to retry. */
const RETRY_UPSTREAM_SECONDS = 5;

const UNUSABLE_ANSWER = {
  code: 'BadUpstream',
  title: 'Unusable upstream answer',
  detail: 'The upstream service gave an unusable answer. The operator finds the details in the log.',
  retryAfterSeconds: RETRY_UPSTREAM_SECONDS,
  exception: 'InternalFailureException',
} as const;

const ENCRYPTED =
  'The data of this execution is encrypted with a KMS key that this service cannot currently use. ' +
  'The operator finds the details in the log.';

const unknownName = (executionId: string | undefined, flow: string | undefined): string => {
  if (flow !== undefined) return `the flow ${JSON.stringify(flow)}`;
  return executionId === undefined ? 'this flowExecutionId' : `the execution ${JSON.stringify(executionId)}`;
};

export const upstreamProblems = {
  'upstream-not-found': {
    code: 'ResourceNotFoundException',
    title: ({ flow }) => (flow === undefined ? 'Execution not found' : 'Flow not found'),
    detail: ({ executionId, flow }) =>
      `Neither the archive nor the upstream service knows ${unknownName(executionId, flow)}.`,
    exception: 'ResourceNotFoundException',
    stepFunctions: ({ executionId, flow, mapRun }) => {
      if (mapRun !== undefined)
        return { exception: 'ResourceNotFound', message: `Map Run Does Not Exist: '${mapRun}'` };
      if (flow !== undefined)
        return { exception: 'StateMachineDoesNotExist', message: `State Machine Does Not Exist: '${flow}'` };
      const message = `Execution Does Not Exist: '${executionId}'. Neither the archive nor Step Functions knows it.`;
      return { message };
    },
  },
  'upstream-internal': {
    code: 'InternalFailureException',
    title: 'The upstream service failed',
    detail: 'The upstream service could not answer. Retry later.',
    retryAfterSeconds: RETRY_UPSTREAM_SECONDS,
    exception: 'InternalFailureException',
  },
  'upstream-broken': {
    ...UNUSABLE_ANSWER,
    stepFunctions: ({ awsCode = '' }) =>
      isKmsException(awsCode) ? { exception: awsCode, message: ENCRYPTED } : {},
  },
  'upstream-too-large': UNUSABLE_ANSWER,
  'upstream-timeout': {
    code: 'UpstreamTimeout',
    title: 'The upstream service is too slow',
    detail: 'The upstream service did not answer in time. Retry later.',
    retryAfterSeconds: RETRY_UPSTREAM_SECONDS,
    exception: 'InternalFailureException',
  },
  'upstream-unfinished': {
    code: 'HistoryNotReadYet',
    title: 'The history has not been read that far yet',
    detail: 'The history is long, and one request reads only a part of it. Retry to read the next part.',
    retryAfterSeconds: 1,
    exception: 'ThrottlingException',
  },
  'upstream-throttled': {
    code: 'ThrottlingException',
    title: 'The upstream service is throttled',
    detail: ({ retryAfterSeconds }) =>
      `The upstream service accepts no more requests. Retry in ${retryAfterSeconds} s.`,
    retryAfterSeconds: ({ retryAfterSeconds }) => retryAfterSeconds,
    exception: 'ThrottlingException',
  },
} as const satisfies Partial<ProblemEntries>;

export const upstreamDocumentation: DocumentationOf<typeof upstreamProblems> = {
  ResourceNotFoundException: {
    meaning: 'Neither the archive nor the upstream service knows the execution or the flow.',
    cause:
      'The id is wrong or belongs to another region, or the upstream service deleted the history before it was archived.',
    action: 'Check the id or the name. The operator can import an exported history.',
    examples: { 'upstream-not-found': { type: 'upstream-not-found', internal: 'for the log' } },
  },
  InternalFailureException: {
    meaning: 'The upstream service failed.',
    cause: 'AWS answered with an internal error or could not be reached, after several retries.',
    action: 'Retry later. Archived executions remain available.',
    examples: { 'upstream-internal': { type: 'upstream-internal', internal: 'for the log' } },
  },
  BadUpstream: {
    meaning: 'The upstream service gave an unusable answer.',
    cause: 'The AWS credentials of this service are wrong, or a proxy between it and AWS answered instead.',
    action: 'Give the requestId to the operator: the log has the details.',
    examples: {
      'upstream-broken': { type: 'upstream-broken', internal: 'for the log' },
      'upstream-too-large': { type: 'upstream-too-large', internal: 'for the log' },
    },
  },
  UpstreamTimeout: {
    meaning: 'The upstream service did not answer in time.',
    cause: 'AWS or the network is slow.',
    action: 'Retry later.',
    examples: { 'upstream-timeout': { type: 'upstream-timeout', internal: 'for the log' } },
  },
  HistoryNotReadYet: {
    meaning: 'The history has not been read from the upstream service as far as this request needs it.',
    cause:
      'The request needs the end of a long history that was not read before. One request reads at most 40 pages of ' +
      'the upstream service.',
    action: 'Retry after the seconds in Retry-After: the next request continues where this one stopped.',
    examples: { 'upstream-unfinished': { type: 'upstream-unfinished', internal: 'for the log' } },
  },
  ThrottlingException: {
    meaning: 'The upstream service accepts no more requests at the moment.',
    cause: 'The limits of AWS for the whole account were reached.',
    action: 'Retry after the seconds in Retry-After.',
    examples: {
      'upstream-throttled': { type: 'upstream-throttled', internal: 'for the log', retryAfterSeconds: 5 },
    },
  },
};
