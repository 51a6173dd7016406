/**
 * All failures with what callers get for each: problem JSON (http/problem-response.ts) and AWS exceptions (the dialects in http/aws/)
 * are made from this. Documentation stays out, so that it is not deployed: problem-documentation.ts.
 */
import type { Failure } from '../core/errors.ts';
import { credentialProblems } from './credential-problems.ts';
import { limitProblems } from './limit-problems.ts';
import { permissionProblems } from './permission-problems.ts';
import type { ProblemEntries, ProblemEntry } from './problem-entry.ts';
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
