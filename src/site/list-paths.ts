/** Operations that list flows and executions, for callers with a key. */
import { LISTED_DEFAULT, LIST_PARAMETERS } from '../http/list-query.ts';
import type { ServiceProblemCode } from '../problems/problem-codes.ts';
import { answerExamples } from './answer-examples.ts';
import { LIST_CURSOR_EXAMPLE } from './example-values.ts';
import { eventStreamContent, eventsTable } from './event-stream-content.ts';
import { EVERY_CALLER, GET, READING, around, cached, keyOnly, ofPage, ofStream } from './execution-paths.ts';
import { sentAlways, sentAs } from './headers.ts';
import { answerRef, type Json } from './json-schema.ts';
import { liveList } from './list-events.ts';
import { executionIdInPath, ifNoneMatch, inQuery } from './parameters.ts';
import { empty, json, problems } from './responses.ts';

const LINK = {
  required: false,
  description: '`rel="next"`, if more may follow.',
  example: `<?maxResults=50&cursor=${LIST_CURSOR_EXAMPLE}>; rel="next"`,
};

const MAX_RESULTS = `Maximum number of entries. Default ${LISTED_DEFAULT}.`;
const CONTINUE =
  'Continue from here: the `nextToken` of the previous page. Repeat the other parameters of that request.';

const listed: Json = { ...cached, ...sentAs('Link', LINK) };

const cursors = [
  inQuery('cursor', { description: CONTINUE, example: LIST_CURSOR_EXAMPLE }),
  inQuery('nextToken', { example: LIST_CURSOR_EXAMPLE }),
];

const LISTING: readonly ServiceProblemCode[] = [
  ...EVERY_CALLER,
  'AccessDeniedException',
  'SourceNotAllowed',
  'ResourceNotFoundException',
  'UpstreamShareExceeded',
  'ThrottlingException',
  'Overloaded',
];

const listFlows: Json = {
  tags: ['lists'],
  operationId: 'listFlows',
  summary: 'List the flows of which the key may read all or some executions',
  security: keyOnly,
  parameters: [inQuery('maxResults', { description: MAX_RESULTS }), ...cursors, ifNoneMatch],
  responses: {
    '200': json('The flows, by source and name.', 'Flows', listed),
    '304': empty('The client’s copy is current.', listed),
    ...problems(EVERY_CALLER, GET),
  },
};

const DESCRIPTION = `This path serves two formats.

**A page** is the default: JSON with at most \`maxResults\` executions, newest start first. It may be short or empty and still have a
\`nextToken\`, because one request searches a bounded part of the flow: follow \`nextToken\` until it is absent.

**The live list** needs \`Accept: text/event-stream\`, by the same rules as the stream of an execution. It sends the newest
\`maxResults\` executions that match, then each that appears or changes. Events have no ids: tell executions apart by
\`flowExecutionId\`. After a reconnect the list is sent again.

${eventsTable(liveList)}`;

const listExecutions: Json = {
  tags: ['lists'],
  operationId: 'listExecutions',
  summary: 'List the executions of a flow, or follow the live list',
  security: keyOnly,
  description: DESCRIPTION,
  parameters: [
    ...LIST_PARAMETERS.map((name) =>
      inQuery(name, name === 'maxResults' ? { description: MAX_RESULTS } : {}),
    ),
    ...cursors,
    { ...ifNoneMatch, description: 'Page only: the ETag of the client’s copy.' },
  ],
  responses: {
    '200': {
      description: 'The page or the live list.',
      headers: {
        ...sentAlways,
        ...around,
        ...sentAs('ETag', {
          ...ofPage,
          description: 'Pages only. A strong ETag. Send it back as If-None-Match.',
        }),
        ...sentAs('Cache-Control', {
          description: 'Pages: `private, no-cache`. Live lists: `no-store, no-transform`.',
        }),
        ...sentAs('Cache-Status', {
          ...ofPage,
          description: 'Pages only. RFC 9211: `hit`, or `fwd=miss` if the request needed an upstream call.',
        }),
        ...sentAs('Link', { ...LINK, description: `Pages only: ${LINK.description}` }),
        ...sentAs('X-Accel-Buffering', {
          ...ofStream,
          description: 'Live lists only. Turns off buffering in nginx.',
        }),
      },
      content: {
        'application/json': { schema: answerRef('ExecutionList'), example: answerExamples.ExecutionList },
        'text/event-stream': eventStreamContent(liveList),
      },
    },
    '304': empty('The client’s copy is current.', listed),
    ...problems(LISTING, GET),
  },
};

const listChildren: Json = {
  tags: ['lists'],
  operationId: 'listChildren',
  summary: 'List the executions that an execution has started',
  security: keyOnly,
  description:
    'Lists the executions that the `states:startExecution` steps and map runs of a Step Functions execution have started. ' +
    'Executions that the key may not read are left out.',
  parameters: [inQuery('maxResults', { description: MAX_RESULTS }), ...cursors, ifNoneMatch],
  responses: {
    '200': json('The children.', 'ChildList', listed),
    '304': empty('The client’s copy is current.', listed),
    ...problems([...READING, 'HistoryChanged'], GET),
  },
};

export const listPaths: Readonly<Record<string, Json>> = {
  '/v1/flows': { get: listFlows },
  '/v1/executions': { get: listExecutions },
  '/v1/executions/{flowExecutionId}/children': { parameters: [executionIdInPath], get: listChildren },
};
