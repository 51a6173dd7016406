/**
 * All expected failures as one tagged union. Failures are values (`Result`), not exceptions: an exception is
 * a bug, and becomes a 500 with the request id and nothing else (invariant 9).
 *
 * Each failure is plain data, so that it crosses an RPC boundary. `internal` is for the operator's log and
 * never reaches a caller (invariant 7). The catalogue in problems/ says what callers get for each, as problem
 * JSON and as AWS exception; a new type does not compile until it has an entry and documentation there.
 */

/** One invalid input. `name` is the parameter, header or body member as the caller wrote it. */
export interface FieldError {
  readonly in: 'path' | 'query' | 'header' | 'body';
  readonly name: string;
  /** A sentence: what was wrong, and what it must be. */
  readonly detail: string;
}

/**
 * What a source can return instead of a page. `awsCode` is AWS's name of the error, for the admin's probe and
 * for clients of AWS's protocol.
 */
export type SourceFailure =
  /**
   * The upstream refused the request (InvalidRequestException). With a token: most likely the token has
   * expired.
   */
  | { readonly type: 'upstream-invalid-request'; readonly internal: string; readonly awsCode?: string }
  /** The upstream says that this token is no longer valid (Step Functions' InvalidToken). */
  | { readonly type: 'upstream-invalid-token'; readonly internal: string; readonly awsCode?: string }
  /**
   * `executionId`, `flow` or `mapRun`: what was looked up, for the caller's answer. `atMs`: when, in clock
   * milliseconds.
   */
  | {
      readonly type: 'upstream-not-found';
      readonly internal: string;
      readonly executionId?: string;
      readonly flow?: string;
      readonly mapRun?: string;
      readonly atMs?: number;
      readonly awsCode?: string;
    }
  | { readonly type: 'upstream-throttled'; readonly internal: string; readonly retryAfterSeconds: number }
  /**
   * The tenant of this call has more calls waiting than its share allows while others read, too. No call was
   * made.
   */
  | {
      readonly type: 'upstream-share-exceeded';
      readonly internal: string;
      readonly retryAfterSeconds: number;
    }
  /** The upstream reported an error of its own (InternalFailureException, 5xx), or could not be reached. */
  | { readonly type: 'upstream-internal'; readonly internal: string }
  | { readonly type: 'upstream-timeout'; readonly internal: string }
  /** The history is too long for one request to reach the position. The next request continues. */
  | { readonly type: 'upstream-unfinished'; readonly internal: string }
  /** The answer exceeds our limit. The Execution halves the page size and asks again. */
  | { readonly type: 'upstream-too-large'; readonly internal: string }
  /** Anything else that is wrong upstream: our credentials, a redirect, not JSON, a wrong shape. */
  | { readonly type: 'upstream-broken'; readonly internal: string; readonly awsCode?: string }
  /** The settings do not allow this region or account (SFN_ALLOWED). No call was made. */
  | { readonly type: 'source-forbidden'; readonly internal: string };

/** Why a caller is not authenticated, or not authorised. */
export type AccessFailure =
  /**
   * `wanted: 'admin-token'`, here and below: for the admin API, which accepts no API key. `scheme`: of an
   * Authorization header without a bearer token; '' if it has no scheme.
   */
  | { readonly type: 'missing-credentials'; readonly wanted?: 'admin-token'; readonly scheme?: string }
  | { readonly type: 'conflicting-credentials' }
  | { readonly type: 'key-in-url'; readonly name: string }
  /**
   * Malformed, wrong checksum, or unknown: one answer for all, so that it does not reveal which keys exist.
   */
  | { readonly type: 'invalid-key'; readonly wanted?: 'admin-token' }
  | { readonly type: 'revoked-key' }
  | { readonly type: 'expired-key' }
  | { readonly type: 'invalid-ticket' }
  | { readonly type: 'expired-ticket' }
  /**
   * The key is valid, but not for this execution, or (`list`) for none of a list. Does not reveal which
   * executions exist.
   */
  | { readonly type: 'execution-forbidden'; readonly list?: true }
  /** The key is valid, but may not do this (for example, create tickets). */
  | { readonly type: 'operation-forbidden'; readonly detail: string }
  /**
   * A key has reached its rate, or an address has sent too many wrong credentials. Then right ones are
   * refused, too.
   */
  | {
      readonly type: 'rate-limited';
      readonly retryAfterSeconds: number;
      /** `unverified-keys`: one address has sent too many at once. */
      readonly because?: 'wrong-credentials' | 'unverified-keys';
    };

export type Failure =
  | SourceFailure
  | AccessFailure
  | { readonly type: 'invalid-input'; readonly errors: readonly FieldError[] }
  /** `operation`: the path exists, but the AWS operation is unknown. */
  | { readonly type: 'no-such-route'; readonly operation?: true }
  | { readonly type: 'no-such-record'; readonly detail: string }
  | { readonly type: 'conflict'; readonly detail: string }
  | { readonly type: 'method-not-allowed'; readonly allow: readonly string[] }
  | { readonly type: 'unsupported-media-type'; readonly expected: string }
  /** The body has a Content-Encoding. */
  | { readonly type: 'encoded-body' }
  | { readonly type: 'body-too-large'; readonly maxBytes: number }
  /** The body stopped arriving, or drips. */
  | { readonly type: 'body-too-slow' }
  /** The cursor was issued for this execution, but the history has changed since. */
  | { readonly type: 'history-changed' }
  /**
   * This execution has reached its limit of streams and waiting requests. `lost`: its object is overloaded or
   * being deployed. `reserved`: the last slots go only to tenants that hold few.
   */
  | {
      readonly type: 'overloaded';
      readonly retryAfterSeconds: number;
      readonly lost?: true;
      readonly reserved?: true;
    }
  /** The key has reached its limit: of this execution, or (`total`) of all executions together. */
  | { readonly type: 'too-many-streams'; readonly retryAfterSeconds: number; readonly total?: true }
  /**
   * The key-value store failed, and nothing else can answer. `refused`: it answered with a record that is
   * damaged, missing or newer than this program, so cached records must not be used either. `revoked`: a key
   * was revoked here, but that could not be stored.
   */
  | {
      readonly type: 'store-unavailable';
      readonly internal: string;
      readonly refused?: true;
      readonly revoked?: true;
    }
  | { readonly type: 'not-configured'; readonly internal: string }
  | { readonly type: 'internal'; readonly internal: string };

export type Result<T, F = Failure> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: F };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

export const fail = <F extends Failure>(failure: F): { readonly ok: false; readonly failure: F } => ({
  ok: false,
  failure,
});

/** One invalid input as a failed result. */
export const invalid = (where: FieldError['in'], name: string, detail: string) =>
  fail({ type: 'invalid-input', errors: [{ in: where, name, detail }] } as const);

/** The operator's text of a failure, for the log; undefined if the type says everything. */
export const internalText = (failure: Failure): string | undefined =>
  'internal' in failure ? failure.internal : undefined;
