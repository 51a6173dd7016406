/**
 * Defines what callers get for each failure. Problem JSON (http/problem-response.ts) and AWS exceptions (the
 * dialects in http/aws/) are created from this catalogue. The documentation of problems is in
 * problem-documentation.ts, because it is not part of the Worker.
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

/** Converts a failure to the exception that Things Graph uses for it. */
export function thingsGraphException(failure: Failure): AwsException {
  const { exception, awsMessage, detail } = problemEntry(failure);
  return { name: exception, message: resolve(awsMessage ?? detail, failure) };
}

/** Converts a failure to the exception that Step Functions uses for it. */
export function stepFunctionsException(failure: Failure): AwsException {
  const { exception, awsMessage, detail, stepFunctions = {} } = problemEntry(failure);
  const own: StepFunctionsRefusal = resolve(stepFunctions, failure);
  return {
    name: own.exception ?? STEP_FUNCTIONS_NAMES[exception],
    message: own.message ?? resolve(awsMessage ?? detail, failure),
  };
}
