/**
 * All problem codes, each with its HTTP status. The typed client imports this file, too, which lets editors
 * suggest the codes. Therefore this file must not import anything. Codes are public and must never change,
 * because clients compare them. If an AWS exception fits, its name is the code.
 */
export const PROBLEM_STATUS = {
  InvalidRequestException: 400,
  ConflictingCredentials: 400,
  KeyInUrl: 400,
  MissingCredentials: 401,
  InvalidApiKey: 401,
  RevokedApiKey: 401,
  ExpiredApiKey: 401,
  InvalidTicket: 401,
  ExpiredTicket: 401,
  AccessDeniedException: 403,
  OperationNotAllowed: 403,
  SourceNotAllowed: 403,
  ResourceNotFoundException: 404,
  NotFound: 404,
  MethodNotAllowed: 405,
  RequestTimeout: 408,
  Conflict: 409,
  HistoryChanged: 410,
  PayloadTooLarge: 413,
  UnsupportedMediaType: 415,
  RateLimitExceeded: 429,
  TooManyStreams: 429,
  UpstreamShareExceeded: 429,
  InternalError: 500,
  InternalFailureException: 502,
  BadUpstream: 502,
  ThrottlingException: 503,
  Overloaded: 503,
  HistoryNotReadYet: 503,
  StoreUnavailable: 503,
  NotConfigured: 503,
  UpstreamTimeout: 504,
} as const;

export type ServiceProblemCode = keyof typeof PROBLEM_STATUS;
