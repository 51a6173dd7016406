/**
 * What callers get for each failure. Problem JSON (http/problem-response.ts) and AWS exceptions (the dialects
 * in http/aws/) are made from this catalogue. Its documentation is not deployed, so it is elsewhere:
 * problem-documentation.ts.
 */
import type { Failure } from '../core/errors.ts';
import { type AwsException, STEP_FUNCTIONS_NAMES } from './aws-exceptions.ts';
import { credentialProblems } from './credential-problems.ts';
import { limitProblems } from './limit-problems.ts';
import { permissionProblems } from './permission-problems.ts';
import {
  type ProblemEntries,
  type ProblemEntry,
  type StepFunctionsRefusal,
  resolve,
} from './problem-entry.ts';
import { requestProblems } from './request-problems.ts';
import { serviceProblems } from './service-problems.ts';
import { upstreamProblems } from './upstream-problems.ts';

const catalogue: ProblemEntries = {
  ...credentialProblems,
  ...permissionProblems,
  ...requestProblems,
  ...limitProblems,
  ...upstreamProblems,
  ...serviceProblems,
};

export const problemEntry = (failure: Failure): ProblemEntry =>
  // Safety: `ProblemEntries` gives each type the entry for its own failure.
  catalogue[failure.type] as ProblemEntry;

/** The failure as Things Graph names it. */
export function thingsGraphException(failure: Failure): AwsException {
  const { exception, awsMessage, detail } = problemEntry(failure);
  return { name: exception, message: resolve(awsMessage ?? detail, failure) };
}

/** The failure as Step Functions names it. */
export function stepFunctionsException(failure: Failure): AwsException {
  const { exception, awsMessage, detail, stepFunctions = {} } = problemEntry(failure);
  const own: StepFunctionsRefusal = resolve(stepFunctions, failure);
  return {
    name: own.exception ?? STEP_FUNCTIONS_NAMES[exception],
    message: own.message ?? resolve(awsMessage ?? detail, failure),
  };
}
