/**
 * What each problem code means, where it comes from, and what to do: the paragraphs of /docs/problems, to which every
 * problem's `type` points. test/site holds this to the codes that http/problem.ts really gives.
 */

export interface ProblemText {
  readonly code: string;
  readonly statuses: readonly number[];
  readonly meaning: string;
  readonly cause: string;
  readonly action: string;
}

export const PROBLEM_TEXTS: readonly ProblemText[] = [
  {
    code: 'InvalidRequestException',
    statuses: [400],
    meaning: 'Something in the request is not what it must be.',
    cause:
      'A parameter, the execution id or the body is malformed, given twice, or out of its range; or the upstream service refused the request.',
    action: 'Look at errors[]: each entry names one input and says what it must be.',
  },
  {
    code: 'ConflictingCredentials',
    statuses: [400],
    meaning: 'The request carries two different credentials.',
    cause: 'Often a proxy or a library that adds an Authorization header of its own.',
    action: 'Send one: Authorization: Bearer <key>, or X-API-Key: <key>, or ?ticket=.',
  },
  {
    code: 'KeyInUrl',
    statuses: [400],
    meaning: 'The URL carries an API key.',
    cause:
      'URLs end up in logs, histories and referrers, so a key is not taken there, nor beside a good one.',
    action: 'Send the key in a header, and rotate the one that was in the URL. For browsers mint a ticket.',
  },
  {
    code: 'MissingCredentials',
    statuses: [401],
    meaning: 'The request carries no API key, or to the admin API no admin token.',
    cause:
      'No Authorization: Bearer, no X-API-Key, no ticket. The admin API takes Authorization: Bearer alone.',
    action: 'Send a key: ask the operator of the service for one. To the admin API send its ADMIN_TOKEN.',
  },
  {
    code: 'InvalidApiKey',
    statuses: [401],
    meaning: 'The key, or the admin token, is not one of this service.',
    cause: 'It was cut or mistyped, belongs to another deployment, or never existed.',
    action:
      'Copy it again, whole: a key is ftk_, 10 characters, an underscore, 38 characters. The admin API takes no key, but ' +
      'the ADMIN_TOKEN that the service was given.',
  },
  {
    code: 'RevokedApiKey',
    statuses: [401],
    meaning: 'The key was good once and was revoked.',
    cause: 'Its operator ended it.',
    action: 'Ask the operator for another one.',
  },
  {
    code: 'ExpiredApiKey',
    statuses: [401],
    meaning: 'The key has expired.',
    cause: 'Its time was up, or it was rotated and the overlap is over.',
    action: 'Use the key that replaced it, or ask the operator for one.',
  },
  {
    code: 'InvalidTicket',
    statuses: [401],
    meaning: 'The ticket is none of this service, or its key is not good any more.',
    cause: 'It was cut, signed with another secret, or its key was revoked or may mint no tickets now.',
    action: 'Mint a new one with POST …/tickets.',
  },
  {
    code: 'ExpiredTicket',
    statuses: [401],
    meaning: 'The ticket has expired.',
    cause: 'Tickets last minutes, an hour at most, however often they are used.',
    action: 'Mint a new one with POST …/tickets.',
  },
  {
    code: 'AccessDeniedException',
    statuses: [403],
    meaning: 'The credential may not read this execution.',
    cause:
      'None of the key’s patterns matches the id, or the ticket is for another execution. It says nothing about whether the execution exists.',
    action: 'GET /v1/key?flowExecutionId=… shows the patterns and whether they match.',
  },
  {
    code: 'OperationNotAllowed',
    statuses: [403],
    meaning: 'The credential may not do this.',
    cause: 'A key without the right to mint tickets, or a ticket on a route that takes keys only.',
    action: 'See detail. The operator can change what a key may do.',
  },
  {
    code: 'SourceNotAllowed',
    statuses: [403],
    meaning: 'This service does not read executions of that AWS account and region.',
    cause: 'The id is the ARN of a Step Functions execution outside of SFN_ALLOWED.',
    action: 'Ask the operator to add the region and account.',
  },
  {
    code: 'ResourceNotFoundException',
    statuses: [404],
    meaning: 'Neither the archive nor the upstream service knows the execution.',
    cause:
      'A wrong id, another region, or a history that the upstream service has deleted and nobody archived.',
    action: 'Check the id. An exported history can be imported by the operator.',
  },
  {
    code: 'NotFound',
    statuses: [404],
    meaning: 'Nothing is served under this path, or there is no such record.',
    cause: 'A mistyped path; an admin route where the admin API is off.',
    action: 'The routes are listed at /docs.',
  },
  {
    code: 'MethodNotAllowed',
    statuses: [405],
    meaning: 'The path exists, but does not take this method.',
    cause: 'A POST where only GET is served, say.',
    action: 'Allow lists what it takes.',
  },
  {
    code: 'Conflict',
    statuses: [409],
    meaning: 'The request contradicts what is there.',
    cause: 'A change to a revoked key, too many rotations under way, other changes of the key under way.',
    action: 'See detail.',
  },
  {
    code: 'HistoryChanged',
    statuses: [410],
    meaning: 'The cursor comes from a history that has been replaced.',
    cause: 'The upstream gives another history under this id now, or another one was imported.',
    action:
      'Read again from the start, without a cursor. Event streams do so by themselves, after a reset event.',
  },
  {
    code: 'PayloadTooLarge',
    statuses: [413],
    meaning: 'The body is larger than it may be.',
    cause: '64 KiB for requests, 100 MiB for imports.',
    action: 'Send less.',
  },
  {
    code: 'UnsupportedMediaType',
    statuses: [415],
    meaning: 'The body has a media type that is not taken here.',
    cause: 'A form, or text, where JSON is expected.',
    action: 'Send the body as application/json.',
  },
  {
    code: 'RateLimitExceeded',
    statuses: [429],
    meaning: 'Too many requests with this key, or too many wrong credentials from this address.',
    cause: '100 requests in 10 s (1,000 for keys of the high tier); 30 wrong credentials a minute.',
    action:
      'Come back after Retry-After. Instead of polling, wait (waitTimeSeconds) or follow the event stream. Where detail says that credentials were wrong: correct them first.',
  },
  {
    code: 'TooManyStreams',
    statuses: [429],
    meaning: 'This key has as many streams of this execution open as it may.',
    cause: 'Streams that are opened and not closed, or more readers than the key is meant for.',
    action: 'Close some, or come back after retryAfterSeconds. The operator can raise the limit.',
  },
  {
    code: 'InternalError',
    statuses: [500],
    meaning: 'Something went wrong in this service.',
    cause: 'A bug.',
    action: 'Tell the operator the requestId: the log has the rest under it.',
  },
  {
    code: 'InternalFailureException',
    statuses: [502],
    meaning: 'The upstream service failed.',
    cause: 'AWS answered with an error of its own, or could not be reached, several times over.',
    action: 'Try again later. What is archived is served all the same.',
  },
  {
    code: 'BadUpstream',
    statuses: [502],
    meaning: 'The upstream service gave an answer that can not be used.',
    cause: 'The service’s AWS credentials are wrong, or something between it and AWS answers instead.',
    action: 'Tell the operator the requestId: the log says what came.',
  },
  {
    code: 'UpstreamTimeout',
    statuses: [504],
    meaning: 'The upstream service did not answer in time.',
    cause: 'AWS, or the way to it, is slow.',
    action: 'Try again later.',
  },
  {
    code: 'ThrottlingException',
    statuses: [503],
    meaning: 'The upstream service takes no more requests for now.',
    cause: 'AWS’s own limits, for the whole account.',
    action: 'Come back after Retry-After.',
  },
  {
    code: 'Overloaded',
    statuses: [503],
    meaning: 'This execution has as many readers as it takes, or what serves it is out of reach.',
    cause: 'A thousand open streams and waiting requests on one execution, or a deploy just now.',
    action: 'Come back after Retry-After.',
  },
  {
    code: 'StoreUnavailable',
    statuses: [503],
    meaning: 'The store of this service could not be read or written.',
    cause: 'The key-value store is down, or a record in it is damaged.',
    action: 'Try again. If it stays, tell the operator the requestId.',
  },
  {
    code: 'NotConfigured',
    statuses: [503],
    meaning: 'This service is not configured.',
    cause: 'A setting is missing or wrong.',
    action: 'Its operator finds which one in the log.',
  },
];
