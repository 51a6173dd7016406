/**
 * GetExecutionHistory. Returns pages of events, which are rebuilt from Flowtap's messages. Its pages are
 * independent of the source's pages. So the source is read once for any number of readers, with any page size
 * and in either direction.
 *
 * Source: botocore's model stepfunctions/2016-11-23.
 */
import * as z from 'zod/mini';

import { readerOf } from '../../../access/caller.ts';
import { type Result, fail, ok } from '../../../core/errors.ts';
import type { ExecutionRef } from '../../../core/execution-ref.ts';
import type { WholePageAnswer, WholePageRequest } from '../../../executions/executions.ts';
import { encodeCursor } from '../../../messages/cursor.ts';
import { shows } from '../../../messages/payload-access.ts';
import { withExecutionId } from '../../not-found-details.ts';
import { type AwsResult, refused } from '../aws-answer.ts';
import { WRONG_TYPE, parseMembers } from '../aws-input.ts';
import type { AwsCall, AwsOperation } from '../aws-operation.ts';
import { readExecutionArn } from './execution-arn-input.ts';
import { readMaxResults, readToken } from './page-input.ts';

const TOKEN_CHARACTERS_MAX = 1_024;

/**
 * To find the newest events of a history that was never read, the whole history must be walked. Each read
 * walks at most 40 pages (WALK_PAGES_MAX) of 100 events, and the next read continues after them. Seven reads
 * are enough for the longest history in Step Functions, 25,000 events.
 */
const READS_MAX = 7;
/**
 * No read begins after this time: the request fails, and the client retries. AWS clients give up after 60 s,
 * so this leaves time for the last read.
 */
const READS_MS_MAX = 25_000;

const membersSchema = z.object({
  executionArn: z.nullish(z.string(WRONG_TYPE.text)),
  maxResults: z.nullish(z.int(WRONG_TYPE.number)),
  nextToken: z.nullish(z.string(WRONG_TYPE.text)),
  reverseOrder: z.nullish(z.boolean(WRONG_TYPE.flag)),
  includeExecutionData: z.nullish(z.boolean(WRONG_TYPE.flag)),
});

export const getExecutionHistory: AwsOperation = async (call) => {
  const members = parseMembers(membersSchema, call.body);
  if (!members.ok) return members;
  const ref = readExecutionArn(call, members.value.executionArn);
  if (!ref.ok) return ref;
  if (!shows(call.caller.payloads, 'full')) {
    return refused(
      'AccessDeniedException',
      `The API key may see payloads at the level "${call.caller.payloads}" only. Events contain inputs, outputs and causes, so ` +
        'GetExecutionHistory needs a key with the level "full". DescribeExecution works at any level.',
    );
  }
  return answerPage(call, ref.value, members.value);
};

async function answerPage(
  call: AwsCall,
  ref: ExecutionRef,
  members: z.infer<typeof membersSchema>,
): Promise<AwsResult<object>> {
  const { ports, exchange, caller } = call;
  const maxResults = readMaxResults(members.maxResults);
  if (!maxResults.ok) return maxResults;
  const token = readToken(members.nextToken, TOKEN_CHARACTERS_MAX);
  if (!token.ok) return token;
  const backwards = members.reverseOrder === true;
  const use = `GetExecutionHistory${backwards ? '-reverse' : ''}`;
  const from = token.value === undefined ? undefined : ports.cursors.read(ref, token.value, use);
  if (token.value !== undefined && !from) {
    return refused(
      'InvalidToken',
      'Invalid Token: nextToken was not issued for this executionArn and reverseOrder. Copy it unchanged from an answer, keep ' +
        'all other arguments, or leave it out to start again.',
    );
  }
  const read = await readPage(call, ref, {
    ...(from && { from: { position: from.position, fingerprint: from.fingerprint } }),
    backwards,
    maxResults: maxResults.value,
    ...readerOf(caller),
  });
  const page = withExecutionId(ref, read);
  if (!page.ok) return page;
  const { messages, next, more } = page.value;
  exchange.facts.upstreamCalls = page.value.served.upstreamCalls;
  if (more && messages.length === 0) {
    return fail({ type: 'internal', internal: `the page at ${next.position} is empty but has a successor` });
  }
  const events: object[] = [];
  for (const message of messages) {
    const event = ports.eventOfMessage(message);
    if (!event) return refused('ValidationException', NOT_EVENTS);
    events.push(members.includeExecutionData === false ? withoutData(event) : event);
  }
  const nextToken = encodeCursor(ports.cursorKeys, ref, { ...next, end: 'none' }, use);
  return ok({ events, ...(more && { nextToken }) });
}

const NOT_EVENTS =
  'The history of this executionArn was imported from messages that are not events of Step Functions. Read it with ' +
  'GET /v1/executions/{flowExecutionId}/messages.';

/** Repeats the read until the history has been walked as far as the page requires. */
async function readPage(
  { ports: { executions, clock }, exchange: { client } }: AwsCall,
  ref: ExecutionRef,
  asked: WholePageRequest,
): Promise<Result<WholePageAnswer>> {
  const untilMs = clock.now() + READS_MS_MAX;
  for (let reads = 1; ; reads++) {
    const page = await executions.wholePage(ref, asked, client.signal);
    const isUnfinished = !page.ok && page.failure.type === 'upstream-unfinished';
    if (!isUnfinished || reads === READS_MAX || clock.now() >= untilMs || client.signal.aborted) return page;
  }
}

/**
 * Removes inputs and outputs, as AWS does if `includeExecutionData` is false. Keeps `inputDetails` and
 * `outputDetails`, which show whether data was truncated.
 */
const withoutData = (event: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(
    Object.entries(event).map(([name, value]) => {
      if (!name.endsWith('EventDetails')) return [name, value];
      const { input: _input, output: _output, ...rest } = Object(value);
      return [name, rest];
    }),
  );
