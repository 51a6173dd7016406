/**
 * AWSStepFunctions.DescribeExecution: the facts of an execution, derived from its history.
 *
 * Source: botocore's model stepfunctions/2016-11-23.
 */
import * as z from 'zod/mini';
import { awsError } from '../aws-answer.ts';
import type { History, View, WireEvent } from '../history.ts';
import type { Operation } from './operation.ts';
import { constraint, executionArnProblem, STEP_FUNCTIONS, wrongType } from './step-functions-input.ts';

const PARTS = ['ALL_DATA', 'METADATA_ONLY'];

const inputSchema = z.object({
  executionArn: z.nullish(z.string()),
  includedData: z.nullish(z.string()),
});

const STATUS_OF_END: ReadonlyMap<string, string> = new Map([
  ['ExecutionSucceeded', 'SUCCEEDED'],
  ['ExecutionFailed', 'FAILED'],
  ['ExecutionTimedOut', 'TIMED_OUT'],
  ['ExecutionAborted', 'ABORTED'],
]);

const REDRIVABLE_MS = 14 * 86_400_000;

export const describeExecution = (
  findHistory: (executionArn: string) => History<WireEvent> | undefined,
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
          return view === undefined
            ? awsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${executionArn}'`)
            : { ok: true, value: description(executionArn, view, nowMs, includedData !== 'METADATA_ONLY') };
        },
      },
    };
    return answer;
  },
});

function description(executionArn: string, view: View<WireEvent>, nowMs: number, withData: boolean): object {
  const [prefix = '', machine, name] = executionArn.split(/:execution:|:(?=[^:]*$)/);
  const events = Array.from({ length: view.count }, (_, position) => view.message(position));
  const end = events.at(-1);
  const status = STATUS_OF_END.get(end?.type ?? '');
  const redrives = events.filter(({ type }) => type === 'ExecutionRedriven');
  const redrivenAt = redrives.at(-1)?.timestamp;
  return {
    executionArn,
    stateMachineArn: `${prefix}:stateMachine:${machine}`,
    name,
    status: status ?? 'RUNNING',
    startDate: events[0]?.timestamp ?? nowMs / 1000,
    ...(status !== undefined && { stopDate: end?.timestamp }),
    ...dataOf('input', events[0], withData),
    ...(status !== undefined && { ...dataOf('output', end, withData), ...reasonOf(end) }),
    redriveCount: redrives.length,
    ...(redrivenAt !== undefined && { redriveDate: redrivenAt }),
    ...redriveStatus(status, end, nowMs),
  };
}

/** An input or output and its details, from the details of an event. */
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

/** The members of an event's details. */
const detailsOf = (event: WireEvent | undefined): Readonly<Record<string, unknown>> =>
  Object(Object.entries(event ?? {}).find(([name]) => name.endsWith('EventDetails'))?.[1]);

/** The reasons that the model's documentation lists. */
function redriveStatus(status: string | undefined, end: WireEvent | undefined, nowMs: number): object {
  const no = (redriveStatusReason: string) => ({ redriveStatus: 'NOT_REDRIVABLE', redriveStatusReason });
  if (status === undefined) return no('Execution is RUNNING and cannot be redriven');
  if (status === 'SUCCEEDED') return no('Execution is SUCCEEDED and cannot be redriven');
  const expired = nowMs - (end?.timestamp ?? 0) * 1000 > REDRIVABLE_MS;
  return expired ? no('Execution redrivable period exceeded') : { redriveStatus: 'REDRIVABLE' };
}
