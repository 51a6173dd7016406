/**
 * AWSStepFunctions.GetExecutionHistory: a page of an execution's events.
 *
 * Source: botocore's model stepfunctions/2016-11-23. The error texts are those that users of the service have
 * reported.
 */
import * as z from 'zod/mini';
import { awsError } from '../aws-answer.ts';
import type { History, WireEvent } from '../history.ts';
import type { PageTokens } from '../page-tokens.ts';
import type { Operation } from '../operation.ts';
import { constraint, executionArnProblem, STEP_FUNCTIONS, wrongType } from './step-functions-input.ts';

const MAX_RESULTS_MAX = 1_000;
/** Used if `maxResults` is absent or 0. */
const MAX_RESULTS_DEFAULT = 100;
const TOKEN_CHARACTERS_MAX = 1_024;

const inputSchema = z.object({
  executionArn: z.nullish(z.string()),
  maxResults: z.nullish(z.int()),
  nextToken: z.nullish(z.string()),
  reverseOrder: z.nullish(z.boolean()),
  includeExecutionData: z.nullish(z.boolean()),
});

export const getExecutionHistory = (
  findHistory: (executionArn: string) => History<WireEvent> | undefined,
  tokens: PageTokens,
  regions?: readonly string[],
): Operation => ({
  ...STEP_FUNCTIONS(regions),
  target: 'AWSStepFunctions.GetExecutionHistory',

  prepare: (raw) => {
    const parsed = inputSchema.safeParse(raw);
    if (!parsed.success) return wrongType(parsed.error);
    const { nextToken, reverseOrder = false, includeExecutionData = true } = parsed.data;
    const executionArn = parsed.data.executionArn ?? '';
    const problem = executionArnProblem(parsed.data.executionArn);
    if (problem) return problem;
    const asked = parsed.data.maxResults ?? 0;
    if (asked < 0) return constraint('maxResults', asked, 'have value greater than or equal to 0');
    if (asked > MAX_RESULTS_MAX) {
      return constraint('maxResults', asked, `have value less than or equal to ${MAX_RESULTS_MAX}`);
    }
    if ((nextToken?.length ?? 0) > TOKEN_CHARACTERS_MAX) {
      return constraint('nextToken', nextToken, `have length less than or equal to ${TOKEN_CHARACTERS_MAX}`);
    }
    const maxResults = asked === 0 ? MAX_RESULTS_DEFAULT : asked;
    // AWS's model says: "Keep all other arguments unchanged". So a token is valid in one direction only.
    const tokenScope = reverseOrder ? `${executionArn} reversed` : executionArn;

    const answer: ReturnType<Operation['prepare']> = {
      ok: true,
      value: {
        executionId: executionArn,
        answer: ({ nowMs, viewMs, tokenLifetimeMs, pageLength, tokenAlways }) => {
          const opened =
            nextToken === undefined || nextToken === null
              ? '0'
              : tokens.open(tokenScope, nextToken, nowMs, tokenLifetimeMs);
          if (opened === undefined) return awsError('InvalidToken', `Invalid Token: '${nextToken}'`);
          const position = Number(opened);
          const view = findHistory(executionArn)?.at(viewMs);
          if (view === undefined) {
            return awsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${executionArn}'`);
          }
          const end = Math.max(position, Math.min(view.count, position + pageLength(maxResults)));
          const events = Array.from({ length: end - position }, (_, index) => {
            const at = position + index;
            const event = view.message(reverseOrder ? view.count - 1 - at : at);
            return includeExecutionData ? event : withoutData(event);
          });
          const more = end < view.count || tokenAlways;
          return {
            ok: true,
            value: more ? { events, nextToken: tokens.seal(tokenScope, String(end), nowMs) } : { events },
          };
        },
      },
    };
    return answer;
  },
});

/** Removes inputs and outputs from the event's details. */
function withoutData(event: WireEvent): object {
  return Object.fromEntries(
    Object.entries(event).map(([name, value]) => {
      if (typeof value !== 'object' || value === null) return [name, value];
      // Safety: `value` is an object and not null. Its members stay unknown.
      const { input: _input, output: _output, ...rest } = value as { input?: unknown; output?: unknown };
      return [name, rest];
    }),
  );
}
