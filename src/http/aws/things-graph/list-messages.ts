/**
 * ListFlowExecutionMessages of AWS IoT Things Graph. It uses the same port, cursors, limits and checks as GET
 * …/messages. A cursor from that route is valid here as nextToken. The members follow botocore's model
 * iotthingsgraph/2018-09-06. AWS's clients also require three things: times are numbers, `nextToken` is
 * absent rather than null, and it never equals the token that was sent.
 */
import { readerOf } from '../../../access/caller.ts';
import { type Failure, type Result, fail, ok } from '../../../core/errors.ts';
import { decodePage } from '../../../messages/encoded-page.ts';
import { readExecutionId } from '../../../messages/execution-id.ts';
import type { Message } from '../../../messages/message.ts';
import { epochSecondsFromIso } from '../../../messages/timestamp.ts';
import { withExecutionId } from '../../not-found-details.ts';
import { parseMembers } from '../aws-input.ts';
import type { AwsCall, AwsOperation } from '../aws-operation.ts';
import { authorizeExecution } from '../authorize-execution.ts';
import { type ListInput, checkInput, membersSchema } from './list-messages-input.ts';

export const listFlowExecutionMessages: AwsOperation = async (call) => {
  const members = parseMembers(membersSchema, call.body);
  if (!members.ok) return members;
  const { flowExecutionId } = members.value;
  const ref = flowExecutionId == null ? undefined : readExecutionId(flowExecutionId);
  // An invalid id is not matched against the key's patterns. `checkInput` refuses it below.
  const authorized = ref?.ok ? authorizeExecution(call, ref.value) : undefined;
  if (authorized && !authorized.ok) return authorized;
  const asked = checkInput(members.value, ref);
  if (!asked.ok) return asked;
  return withExecutionId(asked.value.ref, await answerPage(call, asked.value));
};

async function answerPage(
  { ports: { executions, cursors }, exchange: { client, facts }, caller }: AwsCall,
  { ref, maxResults, nextToken: given }: ListInput,
): Promise<Result<object>> {
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
    client,
  );
  if (!page.ok) return page;
  const { more, next, served } = page.value;
  facts.upstreamCalls = served.upstreamCalls;
  if (more && next.position === (cursor?.position ?? 0)) return fail(emptyPage(next.position));
  const { messages, nextToken } = decodePage(page.value);
  return ok({ messages: messages.map(wireMessage), nextToken });
}

/**
 * The failure for an empty page whose token equals the one that was sent. A client's paginator would loop
 * forever on it.
 */
const emptyPage = (position: number): Failure => ({
  type: 'internal',
  internal: `the page at ${position} is empty but has a successor`,
});

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
 * Keeps only the members of AWS's model. Times become epoch seconds. Milliseconds would crash boto3, and
 * AWS's JavaScript client would read ISO 8601 as the year 1970.
 */
const wireMessage = ({ messageId, eventType, timestamp, payload }: Message) => ({
  messageId,
  eventType,
  payload,
  timestamp: timestamp === undefined ? undefined : epochSecondsFromIso(timestamp),
});
