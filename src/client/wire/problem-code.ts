/** The codes of problems, as a type that lets editors offer them. */
import type { ServiceProblemCode } from '../../problems/problem-codes.ts';

/**
 * The code of an answer that does not come from Flowtap: a proxy's page, or another service under that
 * address.
 */
export const UNEXPECTED_ANSWER = 'UnexpectedAnswer';
/** The code of a redirect. */
export const REDIRECTED = 'Redirected';

/** Codes of newer services are valid too. The intersection keeps the known ones in completions. */
export type ProblemCode = ServiceProblemCode | typeof UNEXPECTED_ANSWER | typeof REDIRECTED | (string & {});
