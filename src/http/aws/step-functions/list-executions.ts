/**
 * ListExecutions, for a state machine or a map run. Returns the same lists as /v1/executions, but with AWS's
 * own members. The list of a state machine also contains archived executions that AWS has already deleted.
 * Only executions that match one of the key's patterns are listed.
 *
 * Source: botocore's model stepfunctions/2016-11-23.
 */
import * as z from 'zod/mini';

import { ok } from '../../../core/errors.ts';
import { parseMapRunRef } from '../../../core/execution-arn.ts';
import { STEP_FUNCTIONS } from '../../../core/execution-ref.ts';
import { notAFlow, parseFlowRef } from '../../../core/flow-ref.ts';
import { decodeListCursor, encodeListCursor } from '../../../lists/list-cursor.ts';
import type { ListItem, ListOf } from '../../../lists/lists.ts';
import { executionIdProblem } from '../../../messages/execution-id.ts';
import { STATUS_OF_UPSTREAM } from '../../../messages/upstream-statuses.ts';
import { epochSecondsFromIso } from '../../../messages/timestamp.ts';
import { patternsOfList } from '../../list-query.ts';
import { withList } from '../../not-found-details.ts';
import { type AwsResult, refused } from '../aws-answer.ts';
import { WRONG_TYPE, parseMembers } from '../aws-input.ts';
import type { AwsCall, AwsOperation } from '../aws-operation.ts';
import { LIST_TOKEN_CHARACTERS_MAX, foreignListToken, readMaxResults, readToken } from './page-input.ts';

/**
 * One request reads up to this many pages of the underlying list, because its filters drop some executions of
 * each page. A page takes at most 8 s (LIST_REQUEST_MS_MAX), and AWS clients give up after 60 s.
 */
const PAGES_MAX = 5;

const membersSchema = z.object({
  stateMachineArn: z.nullish(z.string(WRONG_TYPE.text)),
  mapRunArn: z.nullish(z.string(WRONG_TYPE.text)),
  statusFilter: z.nullish(z.string(WRONG_TYPE.text)),
  redriveFilter: z.nullish(z.string(WRONG_TYPE.text)),
  maxResults: z.nullish(z.int(WRONG_TYPE.number)),
  nextToken: z.nullish(z.string(WRONG_TYPE.text)),
});

type Members = z.infer<typeof membersSchema>;

const REDRIVE_FILTERS = ['REDRIVEN', 'NOT_REDRIVEN'];

/** The requested list, and its ARN as the caller sent it. */
interface Wanted {
  readonly of: ListOf;
  readonly arn: string;
}

export const listExecutions: AwsOperation = async (call) => {
  const members = parseMembers(membersSchema, call.body);
  if (!members.ok) return members;
  const { statusFilter, redriveFilter } = members.value;
  const wanted = readWanted(members.value);
  if (!wanted.ok) return wanted;
  if (statusFilter != null && !STATUS_OF_UPSTREAM.has(statusFilter)) {
    return refused(
      'ValidationException',
      `statusFilter: must be one of ${[...STATUS_OF_UPSTREAM.keys()].join(', ')}.`,
    );
  }
  if (redriveFilter != null && !REDRIVE_FILTERS.includes(redriveFilter)) {
    return refused('ValidationException', `redriveFilter: must be one of ${REDRIVE_FILTERS.join(', ')}.`);
  }
  const { caller, exchange } = call;
  const patterns = patternsOfList(wanted.value.of, caller.executions);
  if (!patterns.ok) return patterns;
  exchange.facts.source = STEP_FUNCTIONS;
  exchange.facts.flow = wanted.value.arn;
  return answerPage(call, wanted.value, members.value, patterns.value);
};

function readWanted({ stateMachineArn, mapRunArn, redriveFilter }: Members): AwsResult<Wanted> {
  if ((stateMachineArn == null) === (mapRunArn == null)) {
    return refused('ValidationException', 'Exactly one of stateMachineArn and mapRunArn must be given.');
  }
  const arn = stateMachineArn ?? mapRunArn ?? '';
  const name = stateMachineArn == null ? 'mapRunArn' : 'stateMachineArn';
  // Like execution ids, this ARN is logged and sent to AWS, so the same characters are refused as in ids.
  const problem = executionIdProblem(arn);
  if (problem !== undefined) return refused('InvalidArn', `Invalid Arn: ${name} ${problem}.`);
  if (stateMachineArn != null) {
    if (redriveFilter != null) {
      return refused('ValidationException', 'redriveFilter: can only be used with mapRunArn.');
    }
    const flow = parseFlowRef(arn);
    if (flow?.source === STEP_FUNCTIONS) return ok({ of: { flow }, arn });
    return refused('InvalidArn', `Invalid Arn: stateMachineArn ${notAFlow(arn)}`);
  }
  const mapRun = parseMapRunRef(arn);
  if (!mapRun) return refused('InvalidArn', 'Invalid Arn: mapRunArn is not the ARN of a map run.');
  return ok({ of: { source: STEP_FUNCTIONS, ...mapRun }, arn });
}

async function answerPage(
  { ports: { lists, cursorKeys }, exchange: { client, facts }, caller }: AwsCall,
  { of, arn }: Wanted,
  members: Members,
  patterns: readonly string[],
): Promise<AwsResult<object>> {
  const { statusFilter, redriveFilter } = members;
  const maxResults = readMaxResults(members.maxResults);
  if (!maxResults.ok) return maxResults;
  const token = readToken(members.nextToken, LIST_TOKEN_CHARACTERS_MAX);
  if (!token.ok) return token;
  const listName = JSON.stringify(['ListExecutions', arn, statusFilter ?? null, redriveFilter ?? null]);
  let after = token.value === undefined ? undefined : decodeListCursor(cursorKeys, listName, token.value);
  if (token.value !== undefined && after === undefined) return foreignListToken;
  const status = STATUS_OF_UPSTREAM.get(statusFilter ?? '');
  const isWanted = (item: ListItem) =>
    (statusFilter == null || wordOf(item) === statusFilter) &&
    (redriveFilter == null || (redriveFilter === 'REDRIVEN') === (item.redriveCount ?? 0) > 0);
  const found: ListItem[] = [];
  let upstreamCalls = 0;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await lists.page(
      {
        of,
        patterns,
        ...(status && { statuses: [status] }),
        maxResults: maxResults.value - found.length,
        ...(after !== undefined && { after }),
        tenant: caller.tenant,
        members: true,
      },
      client.signal,
    );
    if (!page.ok && found.length > 0) break;
    if (!page.ok) return withList(of, page);
    const { executions, next, partial } = page.value;
    upstreamCalls += page.value.upstreamCalls;
    // If the upstream fails, the list contains only archived executions. If that list is empty, report the
    // failure instead.
    if (partial && executions.length === 0 && next === undefined && after === undefined) return unavailable;
    found.push(...executions.filter(isWanted));
    after = next;
    if (next === undefined || found.length >= maxResults.value) break;
  }
  facts.upstreamCalls = upstreamCalls;
  const nextToken = after === undefined ? undefined : encodeListCursor(cursorKeys, listName, after);
  return ok({ executions: found.map(wireItem), nextToken });
}

const unavailable = {
  ok: false,
  failure: { type: 'upstream-internal', internal: 'neither the upstream nor the archive can be listed' },
} as const;

const wordOf = ({ upstreamStatus, status }: ListItem): string => upstreamStatus ?? status;

/**
 * Returns AWS's own members of the item, updated to the state that Flowtap's list shows. If AWS no longer
 * lists the execution, builds the members from the item.
 */
function wireItem(item: ListItem): object {
  const { flowExecutionId, flow, name, startedAt, endedAt, redriveCount, members } = item;
  const own = members ?? {
    executionArn: flowExecutionId,
    stateMachineArn: flow,
    name,
    startDate: startedAt === undefined ? undefined : epochSecondsFromIso(startedAt),
    redriveCount,
  };
  const isSame = members?.['status'] === wordOf(item);
  const state = {
    status: wordOf(item),
    ...(endedAt !== undefined && { stopDate: epochSecondsFromIso(endedAt) }),
  };
  const all = isSame ? own : { ...own, ...state };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value != null));
}
