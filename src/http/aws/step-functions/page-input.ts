/**
 * Parses the members that all paged operations of Step Functions have in common. Source: botocore's model
 * stepfunctions/2016-11-23.
 */
import { ok } from '../../../core/errors.ts';
import { type AwsResult, refused } from '../aws-answer.ts';

const MAX_RESULTS_MAX = 1_000;
/** Used if maxResults is absent or 0. */
const MAX_RESULTS_DEFAULT = 100;

export function readMaxResults(given: number | null | undefined): AwsResult<number> {
  const asked = given ?? 0;
  return asked >= 0 && asked <= MAX_RESULTS_MAX
    ? ok(asked === 0 ? MAX_RESULTS_DEFAULT : asked)
    : refused('ValidationException', `maxResults: must be a whole number from 0 to ${MAX_RESULTS_MAX}.`);
}

/** Checks only the token's length. The operation checks whether this service issued it. */
export function readToken(
  given: string | null | undefined,
  charactersMax: number,
): AwsResult<string | undefined> {
  const isPossible = given == null || (given.length > 0 && given.length <= charactersMax);
  return isPossible
    ? ok(given ?? undefined)
    : refused('ValidationException', `nextToken: must have from 1 to ${charactersMax} characters.`);
}

/** The maximum length of a ListExecutions token in AWS's model. */
export const LIST_TOKEN_CHARACTERS_MAX = 3_096;

export const foreignListToken = refused(
  'InvalidToken',
  'Invalid Token: nextToken was not issued for this list. Copy it unchanged from an answer, keep all other arguments but ' +
    'maxResults, or leave it out to start again.',
);
