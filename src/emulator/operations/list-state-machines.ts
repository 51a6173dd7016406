/**
 * AWSStepFunctions.ListStateMachines: a page of the state machines in the caller's account and region, sorted
 * by name.
 *
 * Source: botocore's model stepfunctions/2016-11-23.
 */
import * as z from 'zod/mini';
import { awsError } from '../aws-answer.ts';
import type { Directory } from '../scenarios/directory.ts';
import type { PageTokens } from '../page-tokens.ts';
import { listQuota, maxResultsOf } from './list-input.ts';
import type { Operation } from '../operation.ts';
import { constraint, STEP_FUNCTIONS, wrongType } from './step-functions-input.ts';

const TOKEN_CHARACTERS_MAX = 1_024;
/** The creation date of every state machine, in epoch seconds. */
const CREATED_AT = 1_767_225_600;

const inputSchema = z.object({ maxResults: z.nullish(z.int()), nextToken: z.nullish(z.string()) });

export const listStateMachines = (
  directory: Directory,
  tokens: PageTokens,
  regions?: readonly string[],
): Operation => ({
  ...STEP_FUNCTIONS(regions),
  target: 'AWSStepFunctions.ListStateMachines',

  prepare: (raw, caller) => {
    const parsed = inputSchema.safeParse(raw);
    if (!parsed.success) return wrongType(parsed.error);
    const { nextToken } = parsed.data;
    const maxResults = maxResultsOf(parsed.data.maxResults ?? 0);
    if (!maxResults.ok) return maxResults;
    if ((nextToken?.length ?? 0) > TOKEN_CHARACTERS_MAX) {
      return constraint('nextToken', nextToken, `have length less than or equal to ${TOKEN_CHARACTERS_MAX}`);
    }
    const place = `${caller.region}:${caller.account}`;
    return {
      ok: true,
      value: {
        executionId: place,
        quota: listQuota('ListStateMachines', caller),
        answer: ({ nowMs, tokenLifetimeMs, pageLength, tokenAlways }) => {
          const opened = nextToken == null ? '0' : tokens.open(place, nextToken, nowMs, tokenLifetimeMs);
          if (opened === undefined) return awsError('InvalidToken', `Invalid Token: '${nextToken}'`);
          const machines = directory.machinesOf(caller);
          const start = Number(opened);
          const end = start + pageLength(maxResults.value);
          const stateMachines = machines
            .slice(start, end)
            .map((machine) => ({ ...machine, creationDate: CREATED_AT }));
          const more = end < machines.length || tokenAlways;
          return {
            ok: true,
            value: more
              ? { stateMachines, nextToken: tokens.seal(place, String(end), nowMs) }
              : { stateMachines },
          };
        },
      },
    };
  },
});
