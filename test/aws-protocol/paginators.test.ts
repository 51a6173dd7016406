/** Paginators must neither loop nor stop early, even if a bug in Executions returns an empty page too soon. */
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { ok } from '../../src/core/errors.ts';
import type { Executions, PageAnswer } from '../../src/executions/executions.ts';
import { awsRefusalFor } from '../../src/http/routes/aws-dialects.ts';
import { awsProtocol } from '../../src/http/routes/aws-protocol.ts';
import { RequestAddresses } from '../../src/http/request-address.ts';
import { createRequestLog } from '../../src/http/request-log.ts';
import { type AppBindings, answer } from '../../src/http/routing.ts';
import type { Lists } from '../../src/lists/lists.ts';
import { encodeCursor } from '../../src/messages/cursor.ts';
import { CursorReader } from '../../src/messages/cursor-reader.ts';
import { createPageEncoder } from '../../src/messages/encoded-page.ts';
import { eventOfMessage } from '../../src/sources/step-functions/step-functions-event.ts';
import { createKey, openAccess } from '../access/access-under-test.ts';
import { testLog } from '../support/secret-search.ts';
import { TARGET, exceptionOf } from './aws-call.ts';

const FLOW_EXECUTION_ID = 'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_2019_1';
const cursorKeys = { current: new Uint8Array(32) };
const scope = { source: 'things-graph', executionId: FLOW_EXECUTION_ID };
const fingerprint = '0123456789abcdef';

it.each([0, 7])(
  'an empty page at position %i, although more messages follow, becomes a logged InternalFailureException',
  async (position) => {
    const access = openAccess();
    const { text } = await createKey(access);
    const page: PageAnswer = {
      ...createPageEncoder(cursorKeys)(scope, { messages: [], next: { position, fingerprint }, more: true }),
      final: false,
      full: false,
      served: { layer: 'live', forward: 'hit', upstreamCalls: 0 },
    };
    // Safety: the operation under test calls only `page`.
    const executions = { page: async () => ok(page) } as unknown as Executions;
    const { clock, logged } = access;
    const cursors = new CursorReader(cursorKeys);
    // Safety: the operation under test uses no lists.
    const lists = {} as unknown as Lists;
    const ports = { access, executions, lists, cursorKeys, clock, cursors, eventOfMessage };
    const handler = awsProtocol(ports);
    const app = new Hono<AppBindings>();
    const addresses = new RequestAddresses();
    const routing = { addresses, clock, logRequest: createRequestLog(testLog(logged), 1) };
    app.post('/', (context) =>
      answer(routing, context, 'aws', handler, { refuse: awsRefusalFor(context.req.raw) }),
    );

    const nextToken = encodeCursor(cursorKeys, scope, { position, fingerprint, end: 'none' });
    const request = new Request('https://flowtap.example/', {
      method: 'POST',
      headers: { 'X-Amz-Target': TARGET, 'X-Amz-Security-Token': text },
      body: JSON.stringify({
        flowExecutionId: FLOW_EXECUTION_ID,
        ...(position > 0 && { nextToken }),
      }),
    });
    const runtime = { clientAddress: () => '192.0.2.1', waitUntil: () => undefined };
    expect(await exceptionOf(app.fetch(request, { runtime }))).toMatchObject({
      name: 'InternalFailureException',
      status: 500,
    });
    expect(logged.at(-1)).toMatchObject({ event: 'request', level: 'error', failure: 'internal' });
  },
);
