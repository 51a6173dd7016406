/** Problems for credentials that are valid but do not permit the request. */
import type { DocumentationOf, ProblemEntries } from './problem-entry.ts';

/** The message for AWS clients. */
const keyMayNotRead = (what: string, them = 'it'): string =>
  `The API key may not read ${what}. Ask the operator of this service to add ${them} to the key's executions, ` +
  'which GET /v1/key lists.';

export const permissionProblems = {
  'execution-forbidden': {
    code: 'AccessDeniedException',
    title: ({ list }) => (list ? 'No access to these executions' : 'No access to this execution'),
    detail: ({ list }) =>
      `This credential may not read ${list ? 'any execution of this list' : 'this execution'}. GET /v1/key lists the executions ` +
      'that the key may read.',
    exception: 'AccessDeniedException',
    awsMessage: keyMayNotRead('this flowExecutionId'),
    stepFunctions: ({ list }) => ({
      message: list
        ? keyMayNotRead('any execution of this list', 'them')
        : keyMayNotRead('this executionArn'),
    }),
  },
  'operation-forbidden': {
    code: 'OperationNotAllowed',
    title: 'Not allowed',
    detail: ({ detail }) => detail,
    exception: 'AccessDeniedException',
  },
  'source-forbidden': {
    code: 'SourceNotAllowed',
    title: 'Account or region not enabled',
    detail: 'This service does not read executions of this AWS account and region.',
    exception: 'AccessDeniedException',
  },
} as const satisfies Partial<ProblemEntries>;

export const permissionDocumentation: DocumentationOf<typeof permissionProblems> = {
  AccessDeniedException: {
    meaning: 'The credential may not read this execution, or any execution of this list.',
    cause:
      'The patterns of the key do not match the id, or cannot match any execution of the flow. Or the ticket is for another execution. ' +
      'The answer is the same whether or not the execution exists.',
    action: 'GET /v1/key?flowExecutionId=… lists the patterns and shows whether they match.',
    examples: { 'execution-forbidden': { type: 'execution-forbidden' } },
  },
  OperationNotAllowed: {
    meaning: 'The credential does not permit this operation.',
    cause:
      'The key may not create tickets. Or the request has a ticket, but the route accepts only keys. Or the permissions of the key were ' +
      'reduced while a stream was open.',
    action: 'See detail. The operator can change what a key may do.',
    examples: {
      'operation-forbidden': { type: 'operation-forbidden', detail: 'This key may not create tickets.' },
    },
  },
  SourceNotAllowed: {
    meaning: 'This service does not read executions of this AWS account and region.',
    cause:
      'The id or the flow is an ARN of Step Functions whose region and account SFN_ALLOWED does not include. Lists of such a ' +
      'flow contain only the archived executions that the key may read.',
    action: 'Ask the operator to add the region and account.',
    examples: { 'source-forbidden': { type: 'source-forbidden', internal: 'for the log' } },
  },
};
