/**
 * Credentials by AssumeRole: exchanges the keys from the settings for credentials of a role, and refreshes
 * these before they expire. If the role's ARN has a `*` in place of the account, each account gets its own
 * credentials. At most one request per role is in flight.
 *
 * Callers share values, never a promise: on Workers, a promise dies with the request that created it. A
 * caller that finds an AssumeRole request in flight polls until that request is done.
 *
 * Follows botocore's model sts/2011-06-15. A failed request is not retried; the next caller sends a new one.
 * aws-answer.ts classifies errors.
 */
import type { Clock } from '../../core/clock.ts';
import { fail, ok, type Result, type SourceFailure } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { classifyAnswer } from './aws-answer.ts';
import type { AwsCredentials, AwsCredentialsProvider } from './aws-credentials.ts';
import type { Fetch } from './aws-json.ts';
import { awsEndpoint, isAwsPartition } from '../../core/aws-region.ts';
import { createAwsSigner } from './aws-signature.ts';
import { discardBody, readTextWithin } from './bounded-body.ts';
import { TOO_LATE, withinDeadline } from './deadline.ts';
import { redact } from './redact.ts';
import { parseAssumedRole } from './sts-answer.ts';

/**
 * Requested session lifetime. It is the default for roles, and the maximum for a role assumed by another role
 * (role chaining).
 */
const SESSION_SECONDS = 3_600;
/** Refresh credentials this long before they expire. Until the refresh succeeds, the old ones stay in use. */
export const REFRESH_BEFORE_MS = 10 * 60_000;
/** Stop using credentials this long before they expire, because a call takes time and clocks differ. */
export const UNUSABLE_BEFORE_MS = 60_000;
/** Time limit of one request, including reading the answer. */
export const ASSUME_MS_MAX = 5_000;
/** Pause after a failure. Otherwise each waiting caller would send its own request. */
export const FAILURE_MS = 1_000;
/** Pause after a failed refresh. The old credentials stay in use meanwhile. */
const REFRESH_AGAIN_MS = 30_000;
/** How often a caller checks whether another caller's request is done. */
const POLL_MS = 50;
const ANSWER_BYTES_MAX = 64 * 1024;

/** CloudTrail in the role's account shows this name as the caller. */
const SESSION_NAME = 'flowtap';

const ROLE_ARN = /^arn:([a-z-]{1,32}):iam::(?:\d{12}|\*):role\/[\w+=,.@/-]{1,512}$/;
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;

/**
 * True if `text` is the ARN of a role, with a 12-digit account or a `*` in its place. Checks the setting
 * AWS_ROLE_ARN.
 */
export const isRoleArn = (text: string): boolean => isAwsPartition(ROLE_ARN.exec(text)?.[1] ?? '');
/** True if STS accepts `text` as an external id. Checks the setting AWS_EXTERNAL_ID. */
export const isExternalId = (text: string): boolean => EXTERNAL_ID.test(text);

export interface AssumedRoleOptions {
  /** A `*` in place of the account stands for the account whose executions are read. */
  readonly roleArn: string;
  readonly externalId?: string;
  /** The keys from the settings. They must be allowed to assume the role. */
  readonly credentials: AwsCredentialsProvider;
  /** The region of the STS endpoint. */
  readonly region: string;
  /** Default: AWS's endpoint in that region. */
  readonly endpoint?: URL;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Returns a function from an account to the provider of credentials for that account. There is one provider
 * for each role.
 */
export function createRoleCredentials(
  options: AssumedRoleOptions,
): (account: string) => AwsCredentialsProvider {
  const providers = new Map<string, AwsCredentialsProvider>();
  return (account) => {
    const roleArn = options.roleArn.replace('::*:', `::${account}:`);
    const known = providers.get(roleArn);
    if (known) return known;
    const provider = createRoleProvider({ ...options, roleArn });
    providers.set(roleArn, provider);
    return provider;
  };
}

interface CachedCredentials {
  readonly credentials: AwsCredentials;
  readonly expiresAtMs: number;
}

function createRoleProvider(options: AssumedRoleOptions): AwsCredentialsProvider {
  const { clock, log } = options;
  const assumeRole = createAssumeRole(options);
  let held: CachedCredentials | undefined;
  let refreshAtMs = 0;
  /**
   * Deadline of the request in flight. After the deadline, the next caller sends a new one, because the
   * Worker request that sent the first might have been cancelled.
   */
  let takenUntilMs = 0;
  let failed: { readonly failure: SourceFailure; readonly atMs: number } | undefined;

  const usable = (): CachedCredentials | undefined =>
    held && clock.now() < held.expiresAtMs - UNUSABLE_BEFORE_MS ? held : undefined;

  async function refresh(): Promise<void> {
    const outcome = await withinDeadline(clock, ASSUME_MS_MAX, undefined, assumeRole);
    const answer: Result<CachedCredentials, SourceFailure> =
      outcome === TOO_LATE
        ? fail({ type: 'upstream-timeout', internal: 'AssumeRole: no complete answer within the time limit' })
        : outcome;
    const now = clock.now();
    if (answer.ok) {
      held = answer.value;
      failed = undefined;
      // Refresh shorter sessions at half their lifetime.
      refreshAtMs = Math.max(held.expiresAtMs - REFRESH_BEFORE_MS, (now + held.expiresAtMs) / 2);
      return;
    }
    failed = { failure: answer.failure, atMs: now };
    refreshAtMs = now + REFRESH_AGAIN_MS;
    const { type, internal } = answer.failure;
    log({ event: 'assume-role-failed', level: 'error', failure: type, internal });
  }

  return async () => {
    for (;;) {
      const now = clock.now();
      const still = usable();
      if (still && (now < refreshAtMs || now < takenUntilMs)) return ok(still.credentials);
      if (!still && failed && now < failed.atMs + FAILURE_MS) return fail(failed.failure);
      if (now < takenUntilMs) {
        await clock.sleep(POLL_MS);
        continue;
      }
      takenUntilMs = now + ASSUME_MS_MAX;
      try {
        await refresh();
      } finally {
        takenUntilMs = 0;
      }
    }
  };
}

function createAssumeRole(
  options: AssumedRoleOptions,
): (signal: AbortSignal) => Promise<Result<CachedCredentials, SourceFailure>> {
  // Destructured: workerd's fetch refuses to be called as a method.
  const { roleArn, externalId, credentials, region, clock, fetch } = options;
  const endpoint = options.endpoint ?? awsEndpoint('sts', region);
  const sign = createAwsSigner('sts', region);
  const body = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: roleArn,
    RoleSessionName: SESSION_NAME,
    DurationSeconds: String(SESSION_SECONDS),
    ...(externalId !== undefined && { ExternalId: externalId }),
  }).toString();

  return async (signal) => {
    const provided = await credentials();
    if (!provided.ok) return provided;
    const { accessKeyId, secretAccessKey, sessionToken = '' } = provided.value;
    const secrets = [secretAccessKey, sessionToken, accessKeyId, externalId ?? ''];
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const signed = await sign({ url: endpoint, headers, body }, provided.value, clock.now());
    try {
      const init: RequestInit = { method: 'POST', headers: signed, body, redirect: 'manual', signal };
      return await readAnswer(await fetch(endpoint.href, init), signal, secrets);
    } catch (error) {
      const internal = `AssumeRole: connection failed: ${redact(String(error), secrets)}`;
      return fail({ type: 'upstream-internal', internal });
    }
  };
}

async function readAnswer(
  response: Response,
  signal: AbortSignal,
  secrets: readonly string[],
): Promise<Result<CachedCredentials, SourceFailure>> {
  const { status, headers } = response;
  // An opaque redirect has the status 0. Following a redirect would send the signature to another host.
  if (status < 200 || (status >= 300 && status < 400)) {
    discardBody(response);
    return broken(`redirected with HTTP ${status}: not followed`);
  }
  const body = (await readTextWithin(response, ANSWER_BYTES_MAX, signal)) ?? '';
  if (response.ok) {
    const session = parseAssumedRole(body);
    // Omits the body, which may contain the secret.
    return session ? ok(session) : broken(`wrong shape of ${body.length} characters`);
  }
  const classified = classifyAnswer(
    { status, headers, body: body.trimStart() },
    { operation: 'AssumeRole', clientErrors: new Set(), secrets, retryAfterSeconds: 1 },
  );
  if (classified.ok) return broken('an error status without an error');
  const { failure } = classified;
  return fail(
    failure.type === 'aws-error'
      ? { type: 'upstream-broken', internal: failure.internal, awsCode: failure.name }
      : failure,
  );
}

const broken = (what: string) => fail({ type: 'upstream-broken', internal: `AssumeRole: ${what}` } as const);
