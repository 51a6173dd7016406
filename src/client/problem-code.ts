/**
 * The codes of problems that this version knows, for an editor to offer. A list of its own, since nothing of the server's is
 * imported here; a test holds it against the server's.
 */

/** The code of an answer that is not Flowtap's own: a proxy's page, or another service under that address. */
export const UNEXPECTED_ANSWER = 'UnexpectedAnswer';

/** Documented at /docs/problems of a running service. */
export const SERVICE_PROBLEM_CODES = [
  'AccessDeniedException',
  'BadUpstream',
  'Conflict',
  'ConflictingCredentials',
  'ExpiredApiKey',
  'ExpiredTicket',
  'HistoryChanged',
  'InternalError',
  'InternalFailureException',
  'InvalidApiKey',
  'InvalidRequestException',
  'InvalidTicket',
  'KeyInUrl',
  'MethodNotAllowed',
  'MissingCredentials',
  'NotConfigured',
  'NotFound',
  'OperationNotAllowed',
  'Overloaded',
  'PayloadTooLarge',
  'RateLimitExceeded',
  'ResourceNotFoundException',
  'RevokedApiKey',
  'SourceNotAllowed',
  'StoreUnavailable',
  'ThrottlingException',
  'TooManyStreams',
  'UnsupportedMediaType',
  'UpstreamTimeout',
] as const;

/** What a service of tomorrow says besides is let through; the intersection keeps the known ones in completions. */
export type ProblemCode = (typeof SERVICE_PROBLEM_CODES)[number] | typeof UNEXPECTED_ANSWER | (string & {});
