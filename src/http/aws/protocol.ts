/**
 * POST / in AWS's own protocol, JSON 1.1: ListFlowExecutionMessages, so that boto3, the AWS CLI and the AWS SDKs read from
 * here with only their constructor changed. The API key comes as the session token, which clients send in clear; their
 * signature is not verified, since nobody here knows the secret that it was made with.
 *
 * The same port, cursors, limits and checks as the pages of messages.ts: a cursor of one is a nextToken of the other. What a
 * failure becomes is exceptions.ts. The wire follows botocore's model iotthingsgraph/2018-09-06, and what its clients
 * were seen to need: no `nextToken: null`, never the token again that was asked with, times as numbers.
 */
import type { Caller } from '../../access/caller.ts';
import { presentedCredential } from '../../access/presented-credential.ts';
import { type Failure, type Result, fail, ok } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { PageAnswer } from '../../executions/executions.ts';
import { decodeCursor, encodeCursor } from '../../messages/cursor.ts';
import { readExecutionId } from '../../messages/execution-id.ts';
import type { Message } from '../../messages/message.ts';
import { epochSecondsFromIso } from '../../messages/timestamp.ts';
import { awsAnswer, awsRefusal } from './exceptions.ts';
import { type ListInput, checkInput, readInput } from './input.ts';
import type { ExecutionRoutesPorts } from '../execution-routes.ts';
import type { Exchange, Handler } from '../routing.ts';

const LIST_FLOW_EXECUTION_MESSAGES = 'IotThingsGraphFrontEndService.ListFlowExecutionMessages';

/** The route's name in the log. */
const ROUTE = 'aws-ListFlowExecutionMessages';

export const awsProtocol =
  (ports: ExecutionRoutesPorts): Handler =>
  async (exchange) => {
    const { request, facts } = exchange;
    if (request.headers.get('X-Amz-Target') !== LIST_FLOW_EXECUTION_MESSAGES) {
      return fail({ type: 'no-such-route', operation: true });
    }
    facts.route = ROUTE;
    const input = await readInput(request);
    const flowExecutionId = input.ok ? input.value.flowExecutionId : undefined;
    const ref = flowExecutionId == null ? undefined : readExecutionId(flowExecutionId);
    // An id that cannot be an execution's is refused as such, whatever the credential may read.
    const caller = await letIn(ports, exchange, ref?.ok ? ref.value : undefined);
    if (!caller.ok) return caller;
    if (!input.ok) {
      if (input.failure.type !== 'unreadable-input') return fail(input.failure);
      facts.failure = input.failure.type;
      return ok(awsRefusal(input.failure, facts.requestId));
    }
    const asked = checkInput(input.value, ref);
    return asked.ok ? answerPage(ports, exchange, asked.value, caller.value) : asked;
  };

/** Asks who calls, for that very execution, before anything of it is read (invariant 5). */
async function letIn(
  { access }: ExecutionRoutesPorts,
  { request, facts, runtime }: Exchange,
  ref: ExecutionRef | undefined,
): Promise<Result<Caller>> {
  const token = request.headers.get('X-Amz-Security-Token');
  // A key is not taken from anywhere else; but one in the URL, or a second one, is refused here as everywhere.
  const elsewhere = presentedCredential(request.url, request.headers);
  if (!elsewhere.ok && elsewhere.failure.type !== 'missing-credentials') return elsewhere;
  if (!token) return fail({ type: 'missing-credentials' });
  if (elsewhere.ok && elsewhere.value.text !== token) return fail({ type: 'conflicting-credentials' });
  const { clientAddress } = runtime;
  const caller = await access.authenticator.key(token, {
    clientAddress,
    ...(ref && { executionId: ref.executionId }),
  });
  if (!caller.ok) return caller;
  facts.keyId = caller.value.keyId;
  const noted = access.noteUse(caller.value.keyId);
  if (noted) runtime.waitUntil(noted);
  return caller;
}

async function answerPage(
  { executions, cursorKeys }: ExecutionRoutesPorts,
  { request, facts }: Exchange,
  { ref, maxResults, nextToken }: ListInput,
  caller: Caller,
): Promise<Result<Response>> {
  facts.execution = ref.executionId;
  facts.source = ref.source;
  const cursor = nextToken === undefined ? undefined : decodeCursor(cursorKeys, ref, nextToken);
  if (nextToken !== undefined && cursor === undefined) return fail(foreignToken);
  const page = await executions.page(
    ref,
    {
      from: cursor
        ? { at: 'position', position: cursor.position, fingerprint: cursor.fingerprint }
        : { at: 'start' },
      maxResults,
      payloads: caller.payloads,
      waitMs: 0,
    },
    request.signal,
  );
  if (!page.ok) return page;
  const { messages, more, next, served }: PageAnswer = page.value;
  facts.upstreamCalls = served.upstreamCalls;
  if (more && next.position === (cursor?.position ?? 0)) {
    return fail({
      type: 'internal',
      internal: `a page at ${next.position} gives nothing, and promises more`,
    });
  }
  return ok(
    awsAnswer(
      {
        messages: messages.map(wireMessage),
        ...(more && { nextToken: encodeCursor(cursorKeys, ref, { ...next, end: 'none' }) }),
      },
      facts.requestId,
    ),
  );
}

const foreignToken: Failure = {
  type: 'invalid-input',
  errors: [
    {
      in: 'body',
      name: 'nextToken',
      detail:
        'is not a token of this execution. Take it unchanged from an answer about the same flowExecutionId, or leave it ' +
        'out to start at the beginning.',
    },
  ],
};

/** Milliseconds crash boto3, and ISO 8601 is the year 1970 to JavaScript's client. */
const wireMessage = ({ timestamp, ...rest }: Message) => ({
  ...rest,
  ...(timestamp !== undefined && { timestamp: epochSecondsFromIso(timestamp) }),
});
