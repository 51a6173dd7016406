/**
 * All expected failures as one tagged union. Failures are values (`Result`), not exceptions. An exception is
 * a bug, and becomes a 500 with the request id and nothing else (invariant 9).
 *
 * Each failure is plain data, so that it can cross an RPC boundary. `internal` is for the operator's log and
 * never reaches a caller (invariant 7). The catalogue in problems/ maps each failure to the answer that
 * callers get, as problem JSON and as an AWS exception. A new type does not compile until it has an entry and
 * documentation there.
 */

/** One invalid input. `name` is the parameter, header or body member as the caller wrote it. */
export interface FieldError {
  readonly in: 'path' | 'query' | 'header' | 'body';
  readonly name: string;
  /** A sentence that says what is wrong and what the value must be. */
  readonly detail: string;
}

/**
 * The failures that a source can return instead of a page. `awsCode` is AWS's name for the error. The admin's
 * probe (sources/probe.ts) shows it, and answers in AWS's protocols depend on it.
 */
export type SourceFailure =
  /**
   * The upstream refused the request (InvalidRequestException). If the request had a token, the token has
   * most likely expired.
   */
  | { readonly type: 'upstream-invalid-request'; readonly internal: string; readonly awsCode?: string }
  /** The upstream says that this token is no longer valid (Step Functions' InvalidToken). */
  | { readonly type: 'upstream-invalid-token'; readonly internal: string; readonly awsCode?: string }
  /**
   * `executionId`, `flow` or `mapRun` is what was looked up, so that the answer can name it. `atMs` is when
   * it was looked up, in clock milliseconds.
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
   * No call was made, because this tenant has used up its share while other tenants read too. It has too many
   * calls waiting, or has asked for too many unknown ids.
   */
  | {
      readonly type: 'upstream-share-exceeded';
      readonly internal: string;
      readonly retryAfterSeconds: number;
    }
  /** The upstream reported an error of its own (InternalFailureException, 5xx), or could not be reached. */
  | { readonly type: 'upstream-internal'; readonly internal: string }
  | { readonly type: 'upstream-timeout'; readonly internal: string }
  /**
   * The position is too far into the history to reach in one request. The next request continues to read
   * where this one stopped.
   */
  | { readonly type: 'upstream-unfinished'; readonly internal: string }
  /** The answer exceeds our limit. The Execution halves the page size and tries again. */
  | { readonly type: 'upstream-too-large'; readonly internal: string }
  /**
   * Any other upstream fault: wrong credentials of ours, a redirect, or an answer that is not JSON or has the
   * wrong shape.
   */
  | { readonly type: 'upstream-broken'; readonly internal: string; readonly awsCode?: string }
  /** The settings do not allow this region or account (SFN_ALLOWED). No call was made. */
  | { readonly type: 'source-forbidden'; readonly internal: string };

/** Why a caller is not authenticated, or not authorised. */
export type AccessFailure =
  /**
   * `wanted: 'admin-token'`, here and below, means that the route belongs to the admin API, which accepts no
   * API key. `scheme` is set for an Authorization header without a bearer token, and '' if the header has no
   * recognisable scheme.
   */
  | { readonly type: 'missing-credentials'; readonly wanted?: 'admin-token'; readonly scheme?: string }
  | { readonly type: 'conflicting-credentials' }
  | { readonly type: 'key-in-url'; readonly name: string }
  /**
   * The key is malformed, has a wrong checksum, or is unknown. All three get the same answer, so that it does
   * not reveal which keys exist.
   */
  | { readonly type: 'invalid-key'; readonly wanted?: 'admin-token' }
  | { readonly type: 'revoked-key' }
  | { readonly type: 'expired-key' }
  | { readonly type: 'invalid-ticket' }
  | { readonly type: 'expired-ticket' }
  /**
   * The key is valid, but may not read this execution. With `list`, it may read none of a list's executions.
   * The answer does not reveal which executions exist.
   */
  | { readonly type: 'execution-forbidden'; readonly list?: true }
  /** The key is valid, but may not do this (for example, create tickets). */
  | { readonly type: 'operation-forbidden'; readonly detail: string }
  /**
   * A key has exceeded its rate limit, or an address has sent too many wrong credentials. Then the address is
   * refused even with valid credentials.
   */
  | {
      readonly type: 'rate-limited';
      readonly retryAfterSeconds: number;
      /** `unverified-keys`: too many unverified keys of one address are being looked up at the same time. */
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
  /** The body stopped arriving, or arrives too slowly. */
  | { readonly type: 'body-too-slow' }
  /** The cursor was issued for this execution, but the history has changed since. */
  | { readonly type: 'history-changed' }
  /**
   * This execution has reached its limit of streams and waiting requests. `reserved`: the last slots are
   * reserved for tenants that hold few. `lost`: no limit was reached, but the execution's object is
   * overloaded or being deployed.
   */
  | {
      readonly type: 'overloaded';
      readonly retryAfterSeconds: number;
      readonly lost?: true;
      readonly reserved?: true;
    }
  /**
   * The key has reached its limit of streams and waiting requests, for this execution or, with `total`, for
   * all executions together.
   */
  | { readonly type: 'too-many-streams'; readonly retryAfterSeconds: number; readonly total?: true }
  /**
   * The key-value store failed, and neither a cache nor the upstream can answer. `refused`: the store did
   * answer, but its record is damaged, missing or newer than this program, so cached records must not be used
   * either. `revoked`: a key was revoked here, but the revocation could not be stored.
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

/** The text of a failure for the operator's log; undefined if the type says everything. */
export const internalText = (failure: Failure): string | undefined =>
  'internal' in failure ? failure.internal : undefined;
