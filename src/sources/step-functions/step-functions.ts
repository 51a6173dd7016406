/**
 * AWS Step Functions as a source, for executions whose id is an ARN. GetExecutionHistory reads a history, and
 * DescribeExecution reads status and times. The ARN names region and account; only those in SFN_ALLOWED are
 * called (step-functions-client.ts). step-functions-mapping.ts turns events into messages.
 *
 * Follows botocore's model stepfunctions/2016-11-23.
 */
import * as z from 'zod/mini';
import { fail, ok, type Result, type SourceFailure } from '../../core/errors.ts';
import { type ArnPlace, statesArn } from '../../core/execution-arn.ts';
import { type ExecutionRef, STEP_FUNCTIONS } from '../../core/execution-ref.ts';
import type { Message } from '../../messages/message.ts';
import { STATUS_OF_UPSTREAM } from '../../messages/upstream-statuses.ts';
import { isoFromEpochSeconds } from '../../messages/timestamp.ts';
import { PROBE_NAME } from '../probe.ts';
import type {
  CallOptions,
  DescriptionParts,
  ProbeTarget,
  Source,
  SourceDescription,
  SourcePage,
} from '../source.ts';
import { refused, type StepFunctionsClient, wrongShape } from './step-functions-client.ts';
import { messageOfEvent } from './step-functions-mapping.ts';

/** The service's default. It accepts up to 1,000, but each event can have 256 KiB of input or output. */
const PAGE_SIZE_MAX = 100;

/** AWS's documentation: "You can redrive executions for up to 14 days after they ended." */
export const REDRIVABLE_MS = 14 * 86_400_000;

const historySchema = z.object({
  events: z.array(
    z.looseObject({
      /** Any string, not only the types of the model, because AWS adds types. */
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

export function createStepFunctionsSource(client: StepFunctionsClient): Source {
  async function call(
    operation: string,
    { executionId: executionArn, arn }: ExecutionRef,
    input: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<Result<unknown, SourceFailure>> {
    if (!arn) return refused('upstream-invalid-request', 'the id is not the ARN of an execution');
    if (arn.type === 'express') {
      return refused('upstream-invalid-request', 'Step Functions keeps no history of EXPRESS executions');
    }
    return client.call(operation, arn, { executionArn, ...input }, options);
  }

  return {
    name: STEP_FUNCTIONS,
    pageSizeMax: PAGE_SIZE_MAX,
    probeTargets: client.places.map(probeTarget),
    redrivableMs: REDRIVABLE_MS,
    async page(ref, token, limit, options) {
      const input = { maxResults: limit, ...(token !== undefined && { nextToken: token }) };
      const answer = await call('GetExecutionHistory', ref, input, options);
      return answer.ok ? pageFromAnswer(answer.value) : answer;
    },
    async describe(ref, options, parts = 'metadata') {
      // Input and output can be encrypted with a customer's key that Flowtap is not allowed to use.
      const input = { includedData: parts === 'metadata' ? 'METADATA_ONLY' : 'ALL_DATA' };
      const answer = await call('DescribeExecution', ref, input, options);
      return answer.ok ? descriptionFromAnswer(answer.value, parts) : answer;
    },
  };
}

function probeTarget(place: ArnPlace): ProbeTarget {
  const { region, account } = place;
  return { region, account, executionId: statesArn(place, 'execution', `${PROBE_NAME}:${PROBE_NAME}`) };
}

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
  // stepfunctions-local sends null on the last page. Drop an empty token, too: it would request the first
  // page, and paging would never end.
  return ok(nextToken ? { messages, nextToken } : { messages });
}

/** Parses an answer of DescribeExecution. */
export function descriptionFromAnswer(
  answer: unknown,
  parts: DescriptionParts,
): Result<SourceDescription, SourceFailure> {
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
  const status = STATUS_OF_UPSTREAM.get(upstreamStatus);
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
    ...separateData(answer, parts),
  });
}

/**
 * Splits input and output from the rest of the answer. With `metadata` it drops them, because servers other
 * than AWS might send them even for METADATA_ONLY.
 */
function separateData(
  answer: unknown,
  parts: DescriptionParts,
): Pick<SourceDescription, 'metadata' | 'data'> {
  const { input, output, ...metadata } = Object(answer);
  if (parts === 'metadata') return { metadata };
  return {
    metadata,
    data: { ...(input !== undefined && { input }), ...(output !== undefined && { output }) },
  };
}
