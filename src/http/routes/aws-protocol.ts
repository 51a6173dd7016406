/**
 * POST / speaks AWS's own protocols: Things Graph (JSON 1.1) and, read-only, Step Functions (JSON 1.0). Users
 * of boto3, the AWS CLI, the AWS SDKs and tools based on them only need to change the client's constructor.
 * They pass the API key as session token, which clients send as a plain header. The request's signature is
 * not verified, because Flowtap does not know the secret it was made with.
 *
 * This file finds the operation, authenticates the caller, reads the body and writes the response. The
 * operations check their input and compute the answer.
 */
import { fail, ok } from '../../core/errors.ts';
import { authenticate } from '../authenticate-request.ts';
import type { Handler } from '../routing.ts';
import { type AwsRefused, awsAnswer, awsRefusal } from '../aws/aws-answer.ts';
import { STEP_FUNCTIONS_TARGET, THINGS_GRAPH_TARGET } from './aws-dialects.ts';
import { readBody } from '../aws/aws-input.ts';
import type { AwsOperation, AwsPorts, AwsService } from '../aws/aws-operation.ts';
import { describeExecution } from '../aws/step-functions/describe-execution.ts';
import { getExecutionHistory } from '../aws/step-functions/get-execution-history.ts';
import { listExecutions } from '../aws/step-functions/list-executions.ts';
import { listStateMachines } from '../aws/step-functions/list-state-machines.ts';
import { leftOutOperation } from '../aws/step-functions/left-out-operations.ts';
import { stepFunctionsDialect } from '../aws/step-functions/step-functions-dialect.ts';
import { listFlowExecutionMessages } from '../aws/things-graph/list-messages.ts';
import { thingsGraphDialect } from '../aws/things-graph/things-graph-dialect.ts';

const STEP_FUNCTIONS_OPERATIONS = new Map<string, AwsOperation>([
  ['DescribeExecution', describeExecution],
  ['GetExecutionHistory', getExecutionHistory],
  ['ListExecutions', listExecutions],
  ['ListStateMachines', listStateMachines],
]);

const SERVICES: readonly AwsService[] = [
  {
    prefix: THINGS_GRAPH_TARGET,
    dialect: thingsGraphDialect,
    operations: new Map([['ListFlowExecutionMessages', listFlowExecutionMessages]]),
  },
  {
    prefix: STEP_FUNCTIONS_TARGET,
    dialect: stepFunctionsDialect,
    operations: STEP_FUNCTIONS_OPERATIONS,
    leftOut: leftOutOperation([...STEP_FUNCTIONS_OPERATIONS.keys()]),
  },
];

/** All supported values of the X-Amz-Target header. */
export const awsTargets = (): readonly string[] =>
  SERVICES.flatMap(({ prefix, operations }) =>
    [...operations.keys()].map((operation) => `${prefix}.${operation}`),
  );

export const awsProtocol =
  (ports: AwsPorts): Handler =>
  async (exchange) => {
    const { request, facts } = exchange;
    const [prefix = '', name = ''] = (request.headers.get('X-Amz-Target') ?? '').split('.');
    const service = SERVICES.find((known) => known.prefix === prefix);
    const operation = service?.operations.get(name);
    if (!service) return fail({ type: 'no-such-route', operation: true });
    const refuse = (failure: AwsRefused) => {
      facts.failure = failure.name;
      return ok(awsRefusal(service.dialect, failure, facts.requestId));
    };
    if (!operation) {
      const leftOut = service.leftOut?.(name);
      return leftOut
        ? refuse({ type: 'aws-exception', ...leftOut })
        : fail({ type: 'no-such-route', operation: true });
    }
    facts.route = `aws-${name}`;
    // Authenticate before reading the body, although the body names the execution. Callers without a valid
    // key must not make us wait for a body.
    const caller = await authenticate(ports, exchange, 'session-token', undefined);
    if (!caller.ok) return caller;
    const body = await readBody(request, ports.clock);
    const answer = body.ok
      ? await operation({ ports, exchange, caller: caller.value, body: body.value })
      : body;
    if (answer.ok) return ok(awsAnswer(service.dialect.contentType, answer.value, facts.requestId));
    return answer.failure.type === 'aws-exception' ? refuse(answer.failure) : fail(answer.failure);
  };
