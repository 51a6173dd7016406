/** The parameters of requests: what people need to know of each, beside the schema that checks it. */
import { listInputSchema } from '../http/aws/input.ts';
import { type ParameterName, parameterShapes, parameters } from '../http/query.ts';
import { executionIdSchema } from '../messages/execution-id.ts';
import { CURSOR_EXAMPLE, ID_EXAMPLE, KEY_ID_EXAMPLE } from './example-values.ts';
import { type Json, requestSchema } from './json-schema.ts';

const queryWords: Readonly<Record<ParameterName, { description: string; example: unknown }>> = {
  maxResults: { description: 'Page only: messages in it, at the most. Default 100.', example: 50 },
  last: {
    description: 'Page only: the newest messages instead of the first ones. Not together with a cursor.',
    example: 20,
  },
  waitTimeSeconds: {
    description: 'Page only: how long to wait for a message behind the cursor. 0, the default: not at all.',
    example: 20,
  },
  eventTypes: { description: 'Only these types of events.', example: ['STEP_FAILED', 'EXECUTION_FAILED'] },
  lastEventId: {
    description:
      'Stream only: the same as the header Last-Event-ID, for clients that cannot send it. The header goes first.',
    example: CURSOR_EXAMPLE,
  },
  cursor: {
    description:
      'Go on from here: `cursor` or `nextToken` of a page, or the id of an event, of the same execution.',
    example: CURSOR_EXAMPLE,
  },
  nextToken: { description: 'The same as `cursor`, by its AWS name.', example: CURSOR_EXAMPLE },
  from: { description: 'Stream only: where to begin without a cursor. Default `start`.', example: 'now' },
  status: { description: 'Only executions that ended so.', example: 'FAILED' },
  limit: { description: 'Entries in the answer, at the most.', example: 100 },
  flowExecutionId: {
    description: 'Adds `allowed`: whether the key may read this execution.',
    example: ID_EXAMPLE,
  },
};

const idShape = requestSchema(executionIdSchema);

/** Ids are checked by one schema, wherever they come in. */
const shapeOf = (name: ParameterName): Json =>
  name === 'flowExecutionId'
    ? idShape
    : (parameterShapes.get(parameters[name])?.shape ?? requestSchema(parameters[name]));

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
  'The ETag of what the client has: 304 when it is still so.',
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
  'Raw or percent-encoded: `:` `/` `.` work either way. 1 to 512 characters, no control characters, no API key or ticket.',
  idShape,
  ID_EXAMPLE,
);

export const keyIdInPath = inPath(
  'id',
  'Of the key, or of one of its credentials.',
  { type: 'string' },
  KEY_ID_EXAMPLE,
);

export const awsInput = requestSchema(listInputSchema);
