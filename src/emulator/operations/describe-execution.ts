/**
 * AWSStepFunctions.DescribeExecution: the facts of an execution, derived from its history.
 *
 * Source: botocore's model stepfunctions/2016-11-23.
 */
import * as z from 'zod/mini';
import { awsError } from '../aws-answer.ts';
import { executionFacts, type ExecutionFacts } from '../execution-facts.ts';
import type { History, View, WireEvent } from '../history.ts';
import type { Operation } from '../operation.ts';
import { constraint, executionArnProblem, STEP_FUNCTIONS, wrongType } from './step-functions-input.ts';

const PARTS = ['ALL_DATA', 'METADATA_ONLY'];

const inputSchema = z.object({
  executionArn: z.nullish(z.string()),
  includedData: z.nullish(z.string()),
});

const REDRIVABLE_MS = 14 * 86_400_000;

export const describeExecution = (
  findHistory: (executionArn: string) => History<WireEvent> | undefined,
  mapRunOf: (executionArn: string) => string | undefined,
  regions?: readonly string[],
): Operation => ({
  ...STEP_FUNCTIONS(regions),
  target: 'AWSStepFunctions.DescribeExecution',

  prepare: (raw) => {
    const parsed = inputSchema.safeParse(raw);
    if (!parsed.success) return wrongType(parsed.error);
    const executionArn = parsed.data.executionArn ?? '';
    const problem = executionArnProblem(parsed.data.executionArn);
    if (problem) return problem;
    const { includedData } = parsed.data;
    if (includedData != null && !PARTS.includes(includedData)) {
      return constraint('includedData', includedData, `satisfy enum value set: [${PARTS.join(', ')}]`);
    }
    const answer: ReturnType<Operation['prepare']> = {
      ok: true,
      value: {
        executionId: executionArn,
        answer: ({ nowMs, viewMs }) => {
          const view = findHistory(executionArn)?.at(viewMs);
          if (view === undefined) {
            return awsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${executionArn}'`);
          }
          const facts = executionFacts(executionArn, view, nowMs);
          const mapRunArn = mapRunOf(executionArn);
          const value = {
            ...facts,
            ...(mapRunArn !== undefined && { mapRunArn }),
            ...data(facts, view, includedData !== 'METADATA_ONLY'),
            ...redriveStatus(facts, nowMs),
          };
          return { ok: true, value };
        },
      },
    };
    return answer;
  },
});

/**
 * Returns the input from the first event. If the execution has ended, also returns output, error and cause from
 * the last event.
 */
function data({ stopDate }: ExecutionFacts, view: View<WireEvent>, withData: boolean): object {
  const [first, last] = view.count > 0 ? [view.message(0), view.message(view.count - 1)] : [];
  return {
    ...dataOf('input', first, withData),
    ...(stopDate !== undefined && { ...dataOf('output', last, withData), ...reasonOf(last) }),
  };
}

/** Returns an event's input or output, with its `inputDetails` or `outputDetails`. */
function dataOf(name: 'input' | 'output', event: WireEvent | undefined, withData: boolean): object {
  const { [name]: data, [`${name}Details`]: details } = detailsOf(event);
  return {
    ...(withData && data !== undefined && { [name]: data }),
    ...(details !== undefined && { [`${name}Details`]: { included: withData } }),
  };
}

function reasonOf(event: WireEvent | undefined): object {
  const { error, cause } = detailsOf(event);
  return { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
}

/** Returns the event's `…EventDetails`, or an empty object if it has no details. */
const detailsOf = (event: WireEvent | undefined): Readonly<Record<string, unknown>> =>
  Object(Object.entries(event ?? {}).find(([name]) => name.endsWith('EventDetails'))?.[1]);

/** Returns whether the execution can be redriven. The reasons are those in the model's documentation. */
function redriveStatus({ status, stopDate }: ExecutionFacts, nowMs: number): object {
  const no = (redriveStatusReason: string) => ({ redriveStatus: 'NOT_REDRIVABLE', redriveStatusReason });
  if (stopDate === undefined) return no('Execution is RUNNING and cannot be redriven');
  if (status === 'SUCCEEDED') return no('Execution is SUCCEEDED and cannot be redriven');
  const expired = nowMs - stopDate * 1000 > REDRIVABLE_MS;
  return expired ? no('Execution redrivable period exceeded') : { redriveStatus: 'REDRIVABLE' };
}
