/** OpenAPI responses: JSON answers, problems and AWS exceptions, with headers and examples. */
import { stepFunctionsDialect } from '../http/aws/step-functions/step-functions-dialect.ts';
import { thingsGraphDialect } from '../http/aws/things-graph/things-graph-dialect.ts';
import { statusOfException } from '../problems/aws-exceptions.ts';
import { PROBLEM_STATUS, type ServiceProblemCode } from '../problems/problem-codes.ts';
import { problemDocumentation } from '../problems/problem-documentation.ts';
import { type JsonAnswerName, answerExamples } from './answer-examples.ts';
import { notStored, sent, sentAlways, sentAs } from './headers.ts';
import { answerRef, type Json, requestSchema } from './json-schema.ts';
import { exceptionExamples, problemExample, problemExampleRef } from './problem-examples.ts';

export const json = (description: string, name: JsonAnswerName, headers: Json = {}): Json => ({
  description,
  headers: { ...sentAlways, ...headers },
  content: { 'application/json': { schema: answerRef(name), example: answerExamples[name] } },
});

/** An answer without a body. */
export const empty = (description: string, headers: Json): Json => ({
  description,
  headers: { ...sentAlways, ...headers },
});

/** The headers that depend on the status. Retry-After is optional on a 503. */
function headersOf(status: number, codes: readonly ServiceProblemCode[], allow: string): Json {
  if (status === 401) return sent('WWW-Authenticate');
  if (status === 405) return sentAs('Allow', { schema: { type: 'string', const: allow }, example: allow });
  if (status === 429) return sent('Retry-After');
  if (status === 503 && codes.some((code) => problemExample(code).retryAfterSeconds !== undefined)) {
    const description = 'Retry after this many seconds. Absent while the service is not configured.';
    return sentAs('Retry-After', { required: false, description });
  }
  return {};
}

export interface Refusals {
  /** The methods of the path, for the `Allow` header of a 405. */
  readonly allow: string;
  /** Additional headers for the answers of this path. */
  readonly headers?: Json;
  /** True if the path is part of the admin API, whose problems have their own texts. */
  readonly admin?: boolean;
}

/** One response for each status of these codes, with an example for each code. */
export function problems(codes: readonly ServiceProblemCode[], { allow, headers, admin }: Refusals): Json {
  const response = (status: number, ofStatus: readonly ServiceProblemCode[]): Json => ({
    description: ofStatus.map((code) => `\`${code}\`: ${problemDocumentation[code].meaning}`).join('\n\n'),
    headers: {
      ...sentAlways,
      ...headers,
      ...notStored,
      ...sent('Vary'),
      ...headersOf(status, ofStatus, allow),
    },
    content: {
      'application/problem+json': {
        schema: answerRef('Problem'),
        examples: Object.fromEntries(ofStatus.map((code) => [code, problemExampleRef(code, admin)])),
      },
    },
  });
  return Object.fromEntries(
    [...Map.groupBy(codes, (code) => PROBLEM_STATUS[code])].map(([status, ofStatus]) => [
      String(status),
      response(status, ofStatus),
    ]),
  );
}

const awsHeaders: Json = { ...sentAlways, ...notStored, ...sent('x-amzn-RequestId') };

export const awsPage: Json = {
  description: 'A page; timestamps are epoch seconds.',
  headers: awsHeaders,
  content: {
    [thingsGraphDialect.contentType]: { schema: answerRef('AwsPage'), example: answerExamples.AwsPage },
    [stepFunctionsDialect.contentType]: {
      schema: { type: 'object', description: 'The members of AWS’s model of the operation.' },
      example: {
        events: [{ timestamp: 1_764_547_200.25, type: 'ExecutionStarted', id: 1, previousEventId: 0 }],
        nextToken: answerExamples.AwsPage.nextToken,
      },
    },
  },
};

/** Describes the exceptions with status 500 if `isOurs`, otherwise those with status 400. AWS clients retry a 500. */
export function exceptions(isOurs: boolean): Json {
  const names = [...exceptionExamples.keys()].filter((name) => (statusOfException(name) === 500) === isOurs);
  return {
    description: names.map((name) => `\`${name}\``).join(', '),
    headers: { ...awsHeaders, ...sent('x-amzn-ErrorType') },
    content: {
      [thingsGraphDialect.contentType]: {
        schema: answerRef('AwsError'),
        examples: Object.fromEntries(
          names.map((name) => [name, { summary: name, value: exceptionExamples.get(name) }]),
        ),
      },
    },
  };
}

export const jsonBody = (
  schema: Parameters<typeof requestSchema>[0],
  example: unknown,
  required: boolean,
): Json => ({
  required,
  content: { 'application/json': { schema: requestSchema(schema), example } },
});
