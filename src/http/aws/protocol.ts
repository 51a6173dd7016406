/**
 * POST / in AWS's own protocol, JSON 1.1: ListFlowExecutionMessages. boto3, the AWS CLI and the AWS SDKs read from here with
 * only their constructor changed. The API key is the session token, which clients send in clear. The signature is not
 * verified, because its secret is unknown here.
 *
 * Port, cursors, limits and checks are those of messages.ts: a cursor there is a nextToken here. exceptions.ts makes the error
 * answers. The wire follows botocore's model iotthingsgraph/2018-09-06 and what its clients need: no `nextToken: null`, never
 * the request's own token again, times as numbers.
 */
import { type Caller, callerAllows, readerOf } from '../../access/caller.ts';
import { type Failure, type Result, fail, ok } from '../../core/errors.ts';
import type { PageAnswer } from '../../executions/executions.ts';
import { decodePage } from '../../messages/encoded-page.ts';
import { readExecutionId } from '../../messages/execution-id.ts';
import type { Message } from '../../messages/message.ts';
import { epochSecondsFromIso } from '../../messages/timestamp.ts';
import { authenticate } from '../authenticate.ts';
import { awsAnswer, awsRefusal } from './exceptions.ts';
import { type ListInput, checkInput, readInput } from './input.ts';
import type { ExecutionRoutesPorts } from '../execution-routes.ts';
import { withExecutionId } from '../not-found.ts';
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
    // The body names the execution. It is read only for a valid key, so that others cannot make us wait for it.
    const authenticated = await authenticate(ports, exchange, 'session-token', undefined);
    if (!authenticated.ok) return authenticated;
    const caller = authenticated.value;
    const input = await readInput(request, ports.clock);
    if (!input.ok) {
      if (input.failure.type !== 'unreadable-input') return fail(input.failure);
      facts.failure = input.failure.type;
      return ok(awsRefusal(input.failure, facts.requestId));
    }
    const { flowExecutionId } = input.value;
    const ref = flowExecutionId == null ? undefined : readExecutionId(flowExecutionId);
    // An invalid id is not checked against the key's patterns: it is refused as invalid below.
    if (ref?.ok && !callerAllows(caller, ref.value.executionId)) return fail({ type: 'execution-forbidden' });
    const asked = checkInput(input.value, ref);
    if (!asked.ok) return asked;
    return withExecutionId(asked.value.ref, await answerPage(ports, exchange, asked.value, caller));
  };

async function answerPage(
  { executions, cursors }: ExecutionRoutesPorts,
  { request, facts }: Exchange,
  { ref, maxResults, nextToken: given }: ListInput,
  caller: Caller,
): Promise<Result<Response>> {
  facts.execution = ref.executionId;
  facts.source = ref.source;
  const cursor = given === undefined ? undefined : cursors.read(ref, given);
  if (given !== undefined && cursor === undefined) return fail(foreignToken);
  const page = await executions.page(
    ref,
    {
      from: cursor
        ? { at: 'position', position: cursor.position, fingerprint: cursor.fingerprint }
        : { at: 'start' },
      maxResults,
      payloads: caller.payloads,
      ...readerOf(caller),
      waitMs: 0,
    },
    request.signal,
  );
  if (!page.ok) return page;
  const { more, next, served }: PageAnswer = page.value;
  facts.upstreamCalls = served.upstreamCalls;
  if (more && next.position === (cursor?.position ?? 0)) {
    return fail({
      type: 'internal',
      internal: `the page at ${next.position} is empty but has a successor`,
    });
  }
  const { messages, nextToken } = decodePage(page.value);
  return ok(
    awsAnswer(
      {
        messages: messages.map(wireMessage),
        ...(nextToken !== undefined && { nextToken }),
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
        'is not a token of this execution. Copy it unchanged from an answer for the same flowExecutionId, or leave it ' +
        'out to start at the beginning.',
    },
  ],
};

/**
 * The members of AWS's model, and no other. Epoch seconds: milliseconds crash boto3, and JavaScript's client reads ISO 8601 as the
 * year 1970.
 */
const wireMessage = ({ messageId, eventType, timestamp, payload }: Message) => ({
  ...(messageId !== undefined && { messageId }),
  ...(eventType !== undefined && { eventType }),
  ...(payload !== undefined && { payload }),
  ...(timestamp !== undefined && { timestamp: epochSecondsFromIso(timestamp) }),
});
