/** The parameters of requests: descriptions and examples, with the schemas that check them. */
import * as z from 'zod/mini';
import { pageMembersSchema } from '../http/aws/things-graph/list-messages-input.ts';
import { type ParameterName, lists, numbers, parameters } from '../http/query-parameters.ts';
import { executionIdSchema } from '../messages/execution-id.ts';
import { CURSOR_EXAMPLE, FLOW_EXAMPLE, ID_EXAMPLE, KEY_ID_EXAMPLE } from './example-values.ts';
import { type Json, requestSchema } from './json-schema.ts';

const queryWords: Readonly<Record<ParameterName, { description: string; example: unknown }>> = {
  maxResults: { description: 'Page only: maximum number of messages. Default 100.', example: 50 },
  last: {
    description: 'Page only: read this many of the newest messages. Cannot be combined with a cursor.',
    example: 20,
  },
  waitTimeSeconds: {
    description:
      'Page only: how many seconds to wait for a message after the cursor. Default 0: do not wait.',
    example: 20,
  },
  eventTypes: {
    description: 'Return only messages of these types, which are values of `eventType` or `upstreamType`.',
    example: ['STEP_FAILED', 'EXECUTION_FAILED'],
  },
  step: {
    description:
      'Return only messages of this step. A stream also sends the message that ends the execution. The answer is 403 if the key may ' +
      'not see the names of steps.',
    example: 'Step2CaptureImage',
  },
  lastEventId: {
    description:
      'Stream only: like the header Last-Event-ID, for clients that cannot send it. The header takes precedence.',
    example: CURSOR_EXAMPLE,
  },
  cursor: {
    description:
      'Continue from here: `cursor` or `nextToken` of a page, or the id of an event, of the same execution.',
    example: CURSOR_EXAMPLE,
  },
  nextToken: { description: 'Another name for `cursor`, as in AWS.', example: CURSOR_EXAMPLE },
  from: {
    description: 'Stream only: where to begin if there is no cursor. Default `start`.',
    example: 'now',
  },
  status: { description: 'Return only executions of these statuses.', example: ['RUNNING', 'FAILED'] },
  flow: {
    description:
      'The flow to list: the ARN of a state machine, or the id of a Things Graph workflow, up to and including its name. May be left ' +
      'out if the key’s patterns name exactly one flow.',
    example: FLOW_EXAMPLE,
  },
  source: {
    description: 'Instead of `flow`: list the executions of this source whose ids name no flow.',
    example: 'things-graph',
  },
  namePrefix: {
    description: 'Return only executions whose own name begins with this text.',
    example: '2019-05-11T',
  },
  startedAfter: {
    description: 'Return only executions that started at this time or later. A date is midnight UTC.',
    example: '2019-05-01',
  },
  startedBefore: {
    description: 'Return only executions that started before this time. A date is midnight UTC.',
    example: '2019-06-01T00:00:00Z',
  },
  limit: { description: 'Maximum number of entries.', example: 100 },
  flowExecutionId: {
    description: 'Adds `allowed` to the answer: whether the key may read this execution.',
    example: ID_EXAMPLE,
  },
};

const idShape = requestSchema(executionIdSchema);

const timeShape: Json = { type: 'string', anyOf: [{ format: 'date-time' }, { format: 'date' }] };

const numberShape = (range: Json): Json => ({ type: 'integer', ...range });

const listShape = ({ words, maxItems }: (typeof lists)[keyof typeof lists]): Json => ({
  type: 'array',
  items: { type: 'string', enum: words },
  minItems: 1,
  maxItems,
});

/** Schemas of the parameters whose text is parsed into another value. The other parameters are plain text. */
const shapes: { readonly [Name in ParameterName]?: Json } = {
  maxResults: numberShape(numbers.maxResults),
  last: numberShape(numbers.last),
  waitTimeSeconds: numberShape(numbers.waitTimeSeconds),
  limit: numberShape(numbers.limit),
  eventTypes: listShape(lists.eventTypes),
  status: listShape(lists.status),
  startedAfter: timeShape,
  startedBefore: timeShape,
  // One schema checks execution ids in paths, queries and bodies.
  flowExecutionId: idShape,
};

const shapeOf = (name: ParameterName): Json => shapes[name] ?? requestSchema(parameters[name]);

export function inQuery(
  name: ParameterName,
  words: Partial<{ description: string; example: unknown }> = {},
): Json {
  const schema = shapeOf(name);
  return {
    name,
    in: 'query',
    ...queryWords[name],
    ...words,
    schema,
    ...(schema['type'] === 'array' && { style: 'form', explode: false }),
  };
}

export const inHeader = (name: string, description: string, example: string, schema: Json = {}): Json => ({
  name,
  in: 'header',
  description,
  schema: { type: 'string', ...schema },
  example,
});

export const ifNoneMatch = inHeader(
  'If-None-Match',
  'The ETag of the client’s copy. The answer is 304 if it is still current.',
  '"FZ0mbCx4Ee6tLOlF3d5wFd"',
);

const inPath = (name: string, description: string, schema: Json, example: string): Json => ({
  name,
  in: 'path',
  required: true,
  description,
  schema,
  example,
});

export const executionIdInPath = inPath(
  'flowExecutionId',
  'Raw or percent-encoded: `:` `/` `.` work either way. 1 to 512 characters. Must not contain control characters, an API key or a ticket.',
  idShape,
  ID_EXAMPLE,
);

export const keyIdInPath = inPath(
  'id',
  'The id of the key or of one of its credentials.',
  { type: 'string' },
  KEY_ID_EXAMPLE,
);

export const awsInput = requestSchema(
  z.object({ flowExecutionId: executionIdSchema, ...pageMembersSchema.shape }),
);
