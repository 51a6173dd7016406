/**
 * The documentation of all problem codes, for the pages under /docs and the OpenAPI document. Not part of the
 * Worker.
 */
import { credentialDocumentation } from './credential-problems.ts';
import { limitDocumentation } from './limit-problems.ts';
import { permissionDocumentation } from './permission-problems.ts';
import type { ServiceProblemCode } from './problem-codes.ts';
import type { ProblemDocumentation } from './problem-entry.ts';
import { requestDocumentation } from './request-problems.ts';
import { serviceDocumentation } from './service-problems.ts';
import { upstreamDocumentation } from './upstream-problems.ts';

export const problemDocumentation: Readonly<Record<ServiceProblemCode, ProblemDocumentation>> = {
  ...credentialDocumentation,
  ...permissionDocumentation,
  ...requestDocumentation,
  ...limitDocumentation,
  ...upstreamDocumentation,
  ...serviceDocumentation,
};
