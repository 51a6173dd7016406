/**
 * Reads the parameters that pages and live lists of executions have in common: the flow, and the filter.
 * Whether the key may read any execution of the flow is decided from the key's patterns alone, so that a
 * refusal does not disclose which flows exist.
 */
import { mayReadFlow, mayReadFlowless, soleFlowOf } from '../access/keys/flow-pattern.ts';
import { type Result, fail, invalid, ok } from '../core/errors.ts';
import { type FlowRef, labelledFlow, notAFlow, parseFlowRef } from '../core/flow-ref.ts';
import type { ListFilter, ListOf } from '../lists/lists.ts';
import { executionIdProblem } from '../messages/execution-id.ts';
import type { Query } from './query-parameters.ts';

/** How many executions an answer has, unless the request asks for another number. */
export const LISTED_DEFAULT = 50;

/** The parameters that pages and live lists have in common. */
export const LIST_PARAMETERS = [
  'flow',
  'source',
  'status',
  'namePrefix',
  'startedAfter',
  'startedBefore',
  'maxResults',
] as const;

export interface ListQuery extends ListFilter {
  readonly of: ListOf;
  readonly maxResults: number;
}

/** `patterns` are those of the caller's key. */
export function readListQuery(
  query: Query<(typeof LIST_PARAMETERS)[number]>,
  patterns: readonly string[],
): Result<ListQuery> {
  const { status, namePrefix, startedAfter, startedBefore, maxResults = LISTED_DEFAULT } = query;
  const of = readListOf(query, patterns);
  if (!of.ok) return of;
  if (startedAfter !== undefined && startedBefore !== undefined && startedAfter > startedBefore) {
    return invalid('query', 'startedAfter', 'must not be later than startedBefore.');
  }
  const ofList = patternsOfList(of.value, patterns);
  if (!ofList.ok) return ofList;
  return ok({
    of: of.value,
    patterns: ofList.value,
    ...(status && { statuses: status }),
    ...(namePrefix !== undefined && { namePrefix }),
    ...(startedAfter !== undefined && { startedAfterMs: Date.parse(startedAfter) }),
    ...(startedBefore !== undefined && { startedBeforeMs: Date.parse(startedBefore) }),
    maxResults,
  });
}

/**
 * Returns those of the key's patterns that can match an execution of the list. Only these decide which
 * executions are listed, and whether a live list may stay open. Fails if no pattern can match, because then
 * the key may read nothing of the list (invariant 5).
 */
export function patternsOfList(of: ListOf, patterns: readonly string[]): Result<readonly string[]> {
  const flow = flowOfList(of);
  const ofList = patterns.filter((pattern) =>
    flow ? mayReadFlow([pattern], flow) : mayReadFlowless([pattern]),
  );
  return ofList.length > 0 ? ok(ofList) : fail({ type: 'execution-forbidden', list: true });
}

/**
 * Returns the flow that the listed executions belong to, so that patterns can be checked against it.
 * Undefined if they belong to no flow.
 */
function flowOfList(of: ListOf): FlowRef | undefined {
  if ('flow' in of) return of.flow;
  return 'mapRunArn' in of ? labelledFlow(of.arn) : undefined;
}

function readListOf(
  { flow, source }: { readonly flow?: string; readonly source?: string },
  patterns: readonly string[],
): Result<ListOf> {
  if (source !== undefined) {
    if (flow === undefined) return ok({ source });
    return invalid(
      'query',
      'source',
      'must not be combined with flow: source lists executions that have no flow.',
    );
  }
  if (flow !== undefined) {
    const named = readFlow(flow);
    return named.ok ? ok({ flow: named.value }) : invalid('query', 'flow', named.failure);
  }
  const sole = soleFlowOf(patterns);
  if (sole) return ok({ flow: sole });
  return invalid(
    'query',
    'flow',
    'must be given, because the patterns of this key do not name exactly one flow. GET /v1/flows lists the flows.',
  );
}

/** Parses the name of a flow. The failure is a sentence without a subject, such as "must not be empty." */
function readFlow(text: string): Result<FlowRef, string> {
  const problem = executionIdProblem(text);
  if (problem !== undefined) return { ok: false, failure: `${problem}.` };
  const flow = parseFlowRef(text);
  return flow ? ok(flow) : { ok: false, failure: notAFlow(text) };
}
