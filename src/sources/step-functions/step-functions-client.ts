/**
 * Calls AWS Step Functions in the regions and accounts of SFN_ALLOWED, with each account's credentials. The
 * sources that use this client interpret the answers. aws-json.ts signs and retries calls, and limits their
 * time; call-budget/ limits their rate.
 *
 * Follows botocore's model stepfunctions/2016-11-23.
 */
import type * as z from 'zod/mini';
import { awsEndpoint, awsPartition, isAwsRegion } from '../../core/aws-region.ts';
import type { Clock } from '../../core/clock.ts';
import { fail, type Result, type SourceFailure } from '../../core/errors.ts';
import type { ArnPlace } from '../../core/execution-arn.ts';
import type { Log } from '../../core/log.ts';
import type { AwsCredentialsProvider } from '../aws/aws-credentials.ts';
import { createAwsJsonClient, type AwsJsonClient, type Fetch } from '../aws/aws-json.ts';
import { type ClientErrors, sourceFailure } from '../aws/source-failure.ts';
import type { CallOptions } from '../source.ts';
import { type AllowedAccounts, isAllowed } from './allowed-accounts.ts';

export interface StepFunctionsOptions {
  readonly allowed: AllowedAccounts;
  /** Default: AWS's endpoint in the region of each call. */
  readonly endpoint?: URL;
  /** Returns the credentials to read an account's executions. */
  readonly credentialsFor: (account: string) => AwsCredentialsProvider;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

export interface StepFunctionsClient {
  /** All accounts and regions that the settings allow. */
  readonly places: readonly ArnPlace[];
  /**
   * Returns the answer as parsed JSON of any shape. For a place that the settings do not allow, fails with
   * `source-forbidden` without making a call.
   */
  call(
    operation: string,
    place: ArnPlace,
    input: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<Result<unknown, SourceFailure>>;
}

/**
 * Errors caused by the request. All others (such as Kms…, AccessDenied or an expired session) are caused by
 * Flowtap's settings.
 */
const CLIENT_ERRORS: ClientErrors = new Map([
  ['ExecutionDoesNotExist', 'upstream-not-found'],
  ['StateMachineDoesNotExist', 'upstream-not-found'],
  // The error for an unknown map run.
  ['ResourceNotFound', 'upstream-not-found'],
  ['InvalidArn', 'upstream-invalid-request'],
  ['StateMachineTypeNotSupported', 'upstream-invalid-request'],
  ['ValidationException', 'upstream-invalid-request'],
  ['InvalidToken', 'upstream-invalid-token'],
]);

export function createStepFunctionsClient(options: StepFunctionsOptions): StepFunctionsClient {
  const { allowed, endpoint, credentialsFor, ...ports } = options;
  // One client for each entry of `allowed` that was called.
  const clients = new Map<string, AwsJsonClient>();
  const clientFor = (region: string, account: string): AwsJsonClient => {
    const name = `${region}:${account}`;
    const known = clients.get(name);
    if (known) return known;
    const client = createAwsJsonClient({
      ...ports,
      service: 'states',
      region,
      endpoint: endpoint ?? awsEndpoint('states', region),
      protocolVersion: '1.0',
      targetPrefix: 'AWSStepFunctions',
      clientErrors: new Set(CLIENT_ERRORS.keys()),
      credentials: credentialsFor(account),
    });
    clients.set(name, client);
    return client;
  };

  return {
    places: [...allowed].map(placeOfEntry),
    async call(operation, place, input, { signal, onAttempt }) {
      const { region, account } = place;
      if (!isAllowed(allowed, place)) {
        return refused('source-forbidden', `SFN_ALLOWED does not name ${region}:${account}`);
      }
      if (!endpoint && !isAwsRegion(region)) {
        return refused('source-forbidden', `${region} is not a region of AWS`);
      }
      const answer = await clientFor(region, account).call(operation, input, signal, onAttempt);
      return answer.ok ? answer : fail(sourceFailure(answer.failure, CLIENT_ERRORS));
    },
  };
}

/**
 * Parses an entry of SFN_ALLOWED. A region that AWS does not have belongs to a server that emulates Step
 * Functions.
 */
function placeOfEntry(entry: string): ArnPlace {
  const [region = '', account = ''] = entry.split(':');
  return { partition: awsPartition(region) ?? 'aws', region, account };
}

/** The failure of a request that is not sent, because it cannot succeed. */
export const refused = (type: 'upstream-invalid-request' | 'source-forbidden', internal: string) =>
  fail({ type, internal: `Step Functions: no call made: ${internal}` });

/**
 * The failure for an answer of the wrong shape. Reports the place and the kind of fault, but not the value,
 * which may be customers' data.
 */
export function wrongShape(operation: string, { issues: [issue] }: z.core.$ZodError) {
  const where = `${issue?.path.join('.') || 'the answer'}: ${issue?.code}`;
  return fail({ type: 'upstream-broken', internal: `${operation}: wrong shape at ${where}` } as const);
}
