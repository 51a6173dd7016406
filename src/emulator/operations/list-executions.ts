/**
 * AWSStepFunctions.ListExecutions: a page of the executions of a state machine or a map run, newest start
 * first. A token continues after the last execution of the previous page, even if others have started since.
 * The list is eventually consistent: it shows each execution in a state that is up to a second old.
 *
 * Source: botocore's model stepfunctions/2016-11-23.
 */
import * as z from 'zod/mini';
import { awsError } from '../aws-answer.ts';
import type { Directory, ListedExecution } from '../scenarios/directory.ts';
import { executionFacts, type ExecutionFacts } from '../execution-facts.ts';
import type { CallConditions } from '../fault-injector.ts';
import type { History, WireEvent } from '../history.ts';
import type { PageTokens } from '../page-tokens.ts';
import { listQuota, maxResultsOf } from './list-input.ts';
import type { Operation } from '../operation.ts';
import { constraint, STEP_FUNCTIONS, wrongType } from './step-functions-input.ts';

const TOKEN_CHARACTERS_MAX = 3_096;
const ARN_CHARACTERS_MAX = 256;
const MAP_RUN_ARN_CHARACTERS_MAX = 2_000;
/** The list's maximum lag. Each execution lags by a fixed time up to this maximum. */
export const LIST_LAG_MS_MAX = 1_000;
/** Step Functions deletes executions this long after their end. */
export const LISTED_MS = 90 * 86_400_000;

const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE'];
const REDRIVE_FILTERS = ['REDRIVEN', 'NOT_REDRIVEN'];
const MACHINE_ARN = /^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:stateMachine:[^\s:/]+(?::[^\s:]+)?$/;
const MAP_RUN_ARN = /^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:mapRun:[^\s:/]+\/[^\s:]+:[^\s:]+$/;

const inputSchema = z.object({
  stateMachineArn: z.nullish(z.string()),
  mapRunArn: z.nullish(z.string()),
  statusFilter: z.nullish(z.string()),
  redriveFilter: z.nullish(z.string()),
  maxResults: z.nullish(z.int()),
  nextToken: z.nullish(z.string()),
});

type Input = z.infer<typeof inputSchema>;

export const listExecutions = (
  directory: Directory,
  findHistory: (executionArn: string) => History<WireEvent> | undefined,
  tokens: PageTokens,
  regions?: readonly string[],
): Operation => ({
  ...STEP_FUNCTIONS(regions),
  target: 'AWSStepFunctions.ListExecutions',

  prepare: (raw, caller) => {
    const parsed = inputSchema.safeParse(raw);
    if (!parsed.success) return wrongType(parsed.error);
    const problem = inputProblem(parsed.data);
    if (problem) return problem;
    const { stateMachineArn, mapRunArn, statusFilter, redriveFilter, nextToken } = parsed.data;
    const maxResults = maxResultsOf(parsed.data.maxResults ?? 0);
    if (!maxResults.ok) return maxResults;
    const listArn = stateMachineArn ?? mapRunArn ?? '';
    // AWS's model says: "Keep all other arguments unchanged". So a token is valid for the same filters only.
    const tokenScope = JSON.stringify([listArn, statusFilter, redriveFilter]);

    const matches = ({ status, redriveCount }: ExecutionFacts): boolean =>
      (statusFilter == null || status === statusFilter) &&
      (redriveFilter == null || (redriveFilter === 'REDRIVEN') === redriveCount > 0);

    /** Returns the facts that the list shows about an execution. Undefined if the list does not show it. */
    function factsOf({ executionArn, tie }: ListedExecution, { viewMs, nowMs }: CallConditions) {
      const view = findHistory(executionArn)?.at(viewMs - (tie % (LIST_LAG_MS_MAX + 1)));
      if (!view || view.count === 0) return undefined;
      const facts = executionFacts(executionArn, view, nowMs);
      const forgotten = facts.stopDate !== undefined && nowMs - facts.stopDate * 1000 > LISTED_MS;
      return forgotten || !matches(facts) ? undefined : facts;
    }

    return {
      ok: true,
      value: {
        executionId: listArn,
        quota: listQuota('ListExecutions', caller),
        answer: (conditions) => {
          const { nowMs, tokenLifetimeMs, pageLength, tokenAlways } = conditions;
          const position =
            nextToken == null ? START : tokens.open(tokenScope, nextToken, nowMs, tokenLifetimeMs);
          if (position === undefined) return awsError('InvalidToken', `Invalid Token: '${nextToken}'`);
          if (stateMachineArn != null) {
            const type = directory.typeOf(stateMachineArn);
            if (type === undefined) {
              return awsError(
                'StateMachineDoesNotExist',
                `State Machine Does Not Exist: '${stateMachineArn}'`,
              );
            }
            if (type === 'EXPRESS') {
              return awsError(
                'StateMachineTypeNotSupported',
                'This operation is not supported by this type of state machine',
              );
            }
          }
          const all = directory.executionsOf(listArn, nowMs);
          if (!all) return awsError('ResourceNotFound', `Map Run Does Not Exist: '${listArn}'`);
          const length = pageLength(maxResults.value);
          const page: (ListedExecution & { readonly facts: ExecutionFacts })[] = [];
          let more = false;
          for (const execution of after(all, position)) {
            const facts = factsOf(execution, conditions);
            if (!facts) continue;
            if (page.length === length) {
              more = true;
              break;
            }
            page.push({ ...execution, facts });
          }
          const last = page.at(-1);
          const next = last ? positionOf(last) : position;
          const executions = page.map(({ facts }) => ({
            ...facts,
            ...(mapRunArn != null && { mapRunArn, itemCount: 1 }),
          }));
          return {
            ok: true,
            value:
              more || tokenAlways
                ? { executions, nextToken: tokens.seal(tokenScope, next, nowMs) }
                : { executions },
          };
        },
      },
    };
  },
});

/** The position before all executions. */
const START = '0';

const positionOf = ({ startMs, tie }: ListedExecution): string => `${startMs}-${tie}`;

/** Returns the executions after a position, in list order. */
function after(all: readonly ListedExecution[], position: string): readonly ListedExecution[] {
  if (position === START) return all;
  const [startMs = 0, tie = 0] = position.split('-').map(Number);
  const isBehind = (execution: ListedExecution) =>
    execution.startMs < startMs || (execution.startMs === startMs && execution.tie > tie);
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const execution = all[middle];
    if (execution && !isBehind(execution)) low = middle + 1;
    else high = middle;
  }
  return all.slice(low);
}

function inputProblem(input: Input) {
  const { stateMachineArn, mapRunArn, statusFilter, redriveFilter, nextToken } = input;
  if ((stateMachineArn == null) === (mapRunArn == null)) {
    return awsError('ValidationException', 'You must specify exactly one of stateMachineArn and mapRunArn');
  }
  if (redriveFilter != null && mapRunArn == null) {
    return awsError('ValidationException', 'redriveFilter can only be used with mapRunArn');
  }
  if (stateMachineArn != null && stateMachineArn.length > ARN_CHARACTERS_MAX) {
    return constraint(
      'stateMachineArn',
      stateMachineArn,
      `have length less than or equal to ${ARN_CHARACTERS_MAX}`,
    );
  }
  if (mapRunArn != null && mapRunArn.length > MAP_RUN_ARN_CHARACTERS_MAX) {
    return constraint(
      'mapRunArn',
      mapRunArn,
      `have length less than or equal to ${MAP_RUN_ARN_CHARACTERS_MAX}`,
    );
  }
  const isArn =
    stateMachineArn != null ? MACHINE_ARN.test(stateMachineArn) : MAP_RUN_ARN.test(mapRunArn ?? '');
  if (!isArn) {
    const text = `Resource type not valid in this context: ${stateMachineArn ?? mapRunArn}`;
    return awsError('InvalidArn', `Invalid Arn: '${text}'`);
  }
  if (statusFilter != null && !STATUSES.includes(statusFilter)) {
    return constraint('statusFilter', statusFilter, `satisfy enum value set: [${STATUSES.join(', ')}]`);
  }
  if (redriveFilter != null && !REDRIVE_FILTERS.includes(redriveFilter)) {
    return constraint(
      'redriveFilter',
      redriveFilter,
      `satisfy enum value set: [${REDRIVE_FILTERS.join(', ')}]`,
    );
  }
  if ((nextToken?.length ?? 0) > TOKEN_CHARACTERS_MAX) {
    return constraint('nextToken', nextToken, `have length less than or equal to ${TOKEN_CHARACTERS_MAX}`);
  }
  return undefined;
}
