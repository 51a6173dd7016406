/** The codes of problems, as a type that editors can complete. */
import type { ServiceProblemCode } from '../../problems/problem-codes.ts';

/**
 * The code for an answer that does not come from Flowtap: a proxy's page, or another service at that address.
 */
export const UNEXPECTED_ANSWER = 'UnexpectedAnswer';
/** The code of a redirect. */
export const REDIRECTED = 'Redirected';

/**
 * Codes of newer services are valid too. `string & {}` allows them, and editors still complete the known
 * ones.
 */
export type ProblemCode = ServiceProblemCode | typeof UNEXPECTED_ANSWER | typeof REDIRECTED | (string & {});
