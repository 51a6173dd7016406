/**
 * ListStateMachines. The region is the one for which the client signs its requests. Lists the state machines
 * in that region, of all accounts that the service reads. Leaves out state machines if the key may not read
 * any of their executions. The upstream's answer is cached for half a minute.
 *
 * Source: botocore's model stepfunctions/2016-11-23.
 */
import * as z from 'zod/mini';

import { fail, ok } from '../../../core/errors.ts';
import { decodeListCursor, encodeListCursor } from '../../../lists/list-cursor.ts';
import { refused } from '../aws-answer.ts';
import { WRONG_TYPE, parseMembers } from '../aws-input.ts';
import type { AwsOperation } from '../aws-operation.ts';
import { foreignListToken, readMaxResults, readToken } from './page-input.ts';

const TOKEN_CHARACTERS_MAX = 1_024;

const membersSchema = z.object({
  maxResults: z.nullish(z.int(WRONG_TYPE.number)),
  nextToken: z.nullish(z.string(WRONG_TYPE.text)),
});

/** The credential scope of a signature: `Credential=<key id>/<date>/<region>/states/aws4_request`. */
const REGION = /\bCredential=[^/,\s]+\/\d{8}\/([a-z0-9-]{1,40})\//;

export const listStateMachines: AwsOperation = async ({ ports, exchange, caller, body }) => {
  const members = parseMembers(membersSchema, body);
  if (!members.ok) return members;
  const { request, facts, client } = exchange;
  const region = REGION.exec(request.headers.get('Authorization') ?? '')?.[1];
  if (region === undefined) {
    return refused(
      'ValidationException',
      'The request is not signed, so it names no region. Configure the client with one.',
    );
  }
  const maxResults = readMaxResults(members.value.maxResults);
  if (!maxResults.ok) return maxResults;
  const token = readToken(members.value.nextToken, TOKEN_CHARACTERS_MAX);
  if (!token.ok) return token;
  const { lists, cursorKeys } = ports;
  const listName = JSON.stringify(['ListStateMachines', region]);
  const after = token.value === undefined ? undefined : decodeListCursor(cursorKeys, listName, token.value);
  if (token.value !== undefined && after === undefined) return foreignListToken;
  const page = await lists.flows(
    {
      patterns: caller.executions,
      maxResults: maxResults.value,
      ...(after !== undefined && { after }),
      tenant: caller.tenant,
      upstreamRegion: region,
    },
    client.signal,
  );
  if (!page.ok) return page;
  const { flows, next, partial, upstreamCalls } = page.value;
  facts.upstreamCalls = upstreamCalls;
  if (partial && flows.length === 0) {
    return fail({ type: 'upstream-internal', internal: `the state machines of ${region} cannot be listed` });
  }
  const nextToken = next === undefined ? undefined : encodeListCursor(cursorKeys, listName, next);
  const stateMachines = flows.map((flow) => withoutNulls(flow.members ?? {}));
  return ok({ stateMachines, nextToken });
};

const withoutNulls = (members: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value != null));
