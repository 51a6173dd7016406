/**
 * AWS Step Functions as a source: GetExecutionHistory for executions whose id is an ARN, DescribeExecution for status and times
 * without the history. The ARN names region and account; only those in SFN_ALLOWED are called. step-functions-mapping.ts turns
 * events into messages, aws-json.ts retries and limits calls, call-budget.ts limits their rate.
 *
 * From botocore's model stepfunctions/2016-11-23.
 */
import * as z from 'zod/mini';
import type { Clock } from '../../core/clock.ts';
import { type ExecutionRef, STEP_FUNCTIONS } from '../../core/execution-ref.ts';
import { fail, ok, type Result, type SourceFailure } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Status } from '../../messages/event-types.ts';
import type { Message } from '../../messages/message.ts';
import { isoFromEpochSeconds } from '../../messages/timestamp.ts';
import type { AwsCallFailure } from '../aws/aws-answer.ts';
import type { AwsCredentialsProvider } from '../aws/aws-credentials.ts';
import { createAwsJsonClient, type AwsJsonClient, type Fetch } from '../aws/aws-json.ts';
import { awsEndpoint, awsPartition, isAwsRegion } from '../../core/aws-region.ts';
import { PROBE_NAME } from '../probe.ts';
import type { CallOptions, ProbeTarget, Source, SourceDescription, SourcePage } from '../source.ts';
import { type AllowedAccounts, isAllowed } from './allowed-accounts.ts';
import { messageOfEvent } from './step-functions-mapping.ts';

/** The service's default. It accepts 1,000, but each event may have 256 KiB of input or output. */
const PAGE_SIZE_MAX = 100;

/** "You can redrive executions for up to 14 days after they ended." */
export const REDRIVABLE_MS = 14 * 86_400_000;

export interface StepFunctionsOptions {
  readonly allowed: AllowedAccounts;
  /** Default: AWS's own in the ARN's region. */
  readonly endpoint?: URL;
  /** The credentials that read that account's executions. */
  readonly credentialsFor: (account: string) => AwsCredentialsProvider;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

type ClientErrorType = 'upstream-invalid-request' | 'upstream-invalid-token' | 'upstream-not-found';

/** Errors caused by the request. All others (Kms…, AccessDenied, an expired session) are caused by our settings. */
const CLIENT_ERRORS: ReadonlyMap<string, ClientErrorType> = new Map([
  ['ExecutionDoesNotExist', 'upstream-not-found'],
  ['InvalidArn', 'upstream-invalid-request'],
  ['ValidationException', 'upstream-invalid-request'],
  ['InvalidToken', 'upstream-invalid-token'],
]);

const historySchema = z.object({
  events: z.array(
    z.looseObject({
      /** Not the enumeration: AWS adds types. */
      type: z.string(),
      id: z.int(),
      previousEventId: z.nullish(z.int()),
      timestamp: z.nullish(z.number()),
    }),
  ),
  nextToken: z.nullish(z.string()),
});

const descriptionSchema = z.object({
  status: z.string(),
  startDate: z.nullish(z.number()),
  stopDate: z.nullish(z.number()),
  redriveCount: z.nullish(z.int()),
  redriveDate: z.nullish(z.number()),
  redriveStatus: z.nullish(z.string()),
});

const STATUS_OF: ReadonlyMap<string, Status> = new Map([
  ['RUNNING', 'RUNNING'],
  ['PENDING_REDRIVE', 'RUNNING'],
  ['SUCCEEDED', 'SUCCEEDED'],
  ['FAILED', 'FAILED'],
  ['TIMED_OUT', 'FAILED'],
  ['ABORTED', 'ABORTED'],
]);

export function createStepFunctionsSource(options: StepFunctionsOptions): Source {
  const { allowed, endpoint, credentialsFor, ...ports } = options;
  // At most as many as `allowed` has entries.
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

  async function call(
    operation: string,
    { executionId: executionArn, arn }: ExecutionRef,
    input: Readonly<Record<string, unknown>>,
    { signal, onAttempt }: CallOptions,
  ): Promise<Result<unknown, SourceFailure>> {
    if (!arn) return refused('upstream-invalid-request', 'the id is not the ARN of an execution');
    if (!isAllowed(allowed, arn)) {
      return refused('source-forbidden', `SFN_ALLOWED does not name ${arn.region}:${arn.account}`);
    }
    if (!endpoint && !isAwsRegion(arn.region)) {
      return refused('source-forbidden', `${arn.region} is not a region of AWS`);
    }
    if (arn.type === 'express') {
      return refused('upstream-invalid-request', 'Step Functions keeps no history of EXPRESS executions');
    }
    const client = clientFor(arn.region, arn.account);
    const answer = await client.call(operation, { executionArn, ...input }, signal, onAttempt);
    return answer.ok ? answer : fail(sourceFailure(answer.failure));
  }

  return {
    name: STEP_FUNCTIONS,
    pageSizeMax: PAGE_SIZE_MAX,
    probeTargets: [...allowed].map(probeTarget),
    redrivableMs: REDRIVABLE_MS,
    async page(ref, token, limit, options) {
      const input = { maxResults: limit, ...(token !== undefined && { nextToken: token }) };
      const answer = await call('GetExecutionHistory', ref, input, options);
      return answer.ok ? pageFromAnswer(answer.value) : answer;
    },
    async describe(ref, options) {
      // Without data that is encrypted with a customer's key, which we may not be allowed to use.
      const input = { includedData: 'METADATA_ONLY' };
      const answer = await call('DescribeExecution', ref, input, options);
      return answer.ok ? descriptionFromAnswer(answer.value) : answer;
    },
  };
}

/** `entry` is one of SFN_ALLOWED. A region that is not AWS's belongs to a server that plays the service. */
function probeTarget(entry: string): ProbeTarget {
  const [region = '', account = ''] = entry.split(':');
  const partition = awsPartition(region) ?? 'aws';
  const executionId = `arn:${partition}:states:${region}:${account}:execution:${PROBE_NAME}:${PROBE_NAME}`;
  return { region, account, executionId };
}

const refused = (type: 'upstream-invalid-request' | 'source-forbidden', internal: string) =>
  fail({ type, internal: `Step Functions: not asked: ${internal}` });

const sourceFailure = (failure: AwsCallFailure): SourceFailure =>
  failure.type === 'aws-error'
    ? {
        type: CLIENT_ERRORS.get(failure.name) ?? 'upstream-broken',
        internal: failure.internal,
        awsCode: failure.name,
      }
    : failure;

function pageFromAnswer(answer: unknown): Result<SourcePage, SourceFailure> {
  const parsed = historySchema.safeParse(answer);
  if (!parsed.success) return wrongShape('GetExecutionHistory', parsed.error);
  const messages: Message[] = [];
  for (const event of parsed.data.events.toSorted((a, b) => a.id - b.id)) {
    const message = messageOfEvent(event);
    if (message === undefined) {
      return fail({
        type: 'upstream-broken',
        internal: `GetExecutionHistory: event ${event.id}: impossible time`,
      });
    }
    messages.push(message);
  }
  const { nextToken } = parsed.data;
  // stepfunctions-local writes null on the last page. An empty token would ask for the first page, without end.
  return ok(nextToken ? { messages, nextToken } : { messages });
}

function descriptionFromAnswer(answer: unknown): Result<SourceDescription, SourceFailure> {
  const parsed = descriptionSchema.safeParse(answer);
  if (!parsed.success) return wrongShape('DescribeExecution', parsed.error);
  const {
    status: upstreamStatus,
    startDate,
    stopDate,
    redriveCount,
    redriveDate,
    redriveStatus,
  } = parsed.data;
  const status = STATUS_OF.get(upstreamStatus);
  const [startedAt, endedAt, redrivenAt] = [startDate, stopDate, redriveDate].map((date) =>
    date == null ? undefined : isoFromEpochSeconds(date),
  );
  return ok({
    upstreamStatus,
    ...(status !== undefined && { status }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(redriveCount != null && { redriveCount }),
    ...(redrivenAt !== undefined && { redrivenAt }),
    ...(redriveStatus != null && { redrivable: redriveStatus !== 'NOT_REDRIVABLE' }),
    metadata: withoutData(answer),
  });
}

/** Other servers than AWS may answer METADATA_ONLY with data all the same. */
const withoutData = (answer: unknown): Readonly<Record<string, unknown>> => {
  const { input: _input, output: _output, ...metadata } = Object(answer);
  return metadata;
};

/** Names the place and the kind of fault, never the value: it may be customers' data. */
function wrongShape(operation: string, { issues: [issue] }: z.core.$ZodError) {
  const where = `${issue?.path.join('.') || 'the answer'}: ${issue?.code}`;
  return fail({ type: 'upstream-broken', internal: `${operation}: wrong shape at ${where}` } as const);
}
