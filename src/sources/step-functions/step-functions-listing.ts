/**
 * Lists of AWS Step Functions: ListStateMachines, and ListExecutions of a state machine or of a map run. AWS
 * lists the newest start first. A new execution can be missing for up to a second. Executions that ended more
 * than 90 days ago are not listed.
 *
 * Follows botocore's model stepfunctions/2016-11-23.
 */
import * as z from 'zod/mini';
import { fail, ok, type Result, type SourceFailure } from '../../core/errors.ts';
import { parseExecutionRef, STEP_FUNCTIONS } from '../../core/execution-ref.ts';
import { executionNameOf, flowOf } from '../../core/flow-ref.ts';
import { STATUS_OF_UPSTREAM } from '../../messages/upstream-statuses.ts';
import { isoFromEpochSeconds } from '../../messages/timestamp.ts';
import {
  type ListingSource,
  type SourceExecution,
  type SourceExecutions,
  type SourceFlows,
  placeOf,
} from '../listing-source.ts';
import { refused, type StepFunctionsClient, wrongShape } from './step-functions-client.ts';

/** The service's maximum. Pages stay small, because an item has only a few hundred bytes. */
const PAGE_SIZE_MAX = 1_000;

const machinesSchema = z.object({
  stateMachines: z.array(
    z.looseObject({
      stateMachineArn: z.string(),
      name: z.string(),
      // Absent on servers that do not know EXPRESS state machines.
      type: z.nullish(z.string()),
    }),
  ),
  nextToken: z.nullish(z.string()),
});

const itemSchema = z.looseObject({
  executionArn: z.string(),
  name: z.nullish(z.string()),
  status: z.string(),
  startDate: z.number(),
  stopDate: z.nullish(z.number()),
  mapRunArn: z.nullish(z.string()),
  redriveCount: z.nullish(z.int()),
});

const executionsSchema = z.object({ executions: z.array(itemSchema), nextToken: z.nullish(z.string()) });

export const createStepFunctionsListing = (client: StepFunctionsClient): ListingSource => ({
  name: STEP_FUNCTIONS,
  pageSizeMax: PAGE_SIZE_MAX,
  places: client.places,
  async listFlows(place, token, options) {
    const input = { maxResults: PAGE_SIZE_MAX, ...(token !== undefined && { nextToken: token }) };
    const answer = await client.call('ListStateMachines', place, input, options);
    return answer.ok ? flowsFromAnswer(answer.value) : answer;
  },
  async listExecutions(query, options) {
    const { limit, token, upstreamStatus } = query;
    const place = placeOf(query.of);
    if (!place) return refused('upstream-invalid-request', 'not the ARN of a state machine');
    const input = {
      ...('flow' in query.of ? { stateMachineArn: query.of.flow.flow } : { mapRunArn: query.of.mapRunArn }),
      maxResults: limit,
      ...(upstreamStatus !== undefined && { statusFilter: upstreamStatus }),
      ...(token !== undefined && { nextToken: token }),
    };
    const answer = await client.call('ListExecutions', place, input, options);
    return answer.ok ? executionsFromAnswer(answer.value) : answer;
  },
});

function flowsFromAnswer(answer: unknown): Result<SourceFlows, SourceFailure> {
  const parsed = machinesSchema.safeParse(answer);
  if (!parsed.success) return wrongShape('ListStateMachines', parsed.error);
  const { stateMachines, nextToken } = parsed.data;
  const flows = stateMachines.map((members) => {
    const { stateMachineArn: flow, name, type } = members;
    return { flow, name, type: type ?? 'STANDARD', members };
  });
  return ok(nextToken ? { flows, nextToken } : { flows });
}

function executionsFromAnswer(answer: unknown): Result<SourceExecutions, SourceFailure> {
  const parsed = executionsSchema.safeParse(answer);
  if (!parsed.success) return wrongShape('ListExecutions', parsed.error);
  const executions: SourceExecution[] = [];
  for (const item of parsed.data.executions) {
    const execution = executionOfItem(item);
    if (!execution) {
      return fail({ type: 'upstream-broken', internal: 'ListExecutions: an item has an impossible time' });
    }
    executions.push(execution);
  }
  const { nextToken } = parsed.data;
  // stepfunctions-local sends null on the last page. Drop an empty token, too: it would request the first
  // page, and paging would never end.
  return ok(nextToken ? { executions, nextToken } : { executions });
}

/** Undefined if one of the item's times is impossible. */
function executionOfItem(item: z.infer<typeof itemSchema>): SourceExecution | undefined {
  const { executionArn: executionId, status: upstreamStatus, startDate, stopDate, mapRunArn } = item;
  const startedAt = isoFromEpochSeconds(startDate);
  const endedAt = stopDate == null ? undefined : isoFromEpochSeconds(stopDate);
  if (startedAt === undefined || (stopDate != null && endedAt === undefined)) return undefined;
  const ref = parseExecutionRef(executionId);
  const flow = flowOf(ref)?.flow;
  const status = STATUS_OF_UPSTREAM.get(upstreamStatus);
  return {
    executionId,
    ...(ref.arn && { arn: ref.arn }),
    ...(flow !== undefined && { flow }),
    name: item.name ?? executionNameOf(ref) ?? executionId,
    upstreamStatus,
    ...(status !== undefined && { status }),
    startedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...(item.redriveCount != null && { redriveCount: item.redriveCount }),
    ...(mapRunArn != null && { mapRunArn }),
    members: item,
  };
}
