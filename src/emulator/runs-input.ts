/**
 * Parses the list of runs that the control API receives. A run is an execution of a state machine or map run,
 * with a start and optionally an end and redrives. These are the only events of its history. With such a list, a
 * test creates thousands of executions in one request.
 */
import * as z from 'zod/mini';
import { moment } from './control-input.ts';
import type { WireEvent } from './history.ts';
import type { Script } from './scripted-histories.ts';

const STRING = 'must be a string';
const ENDS = {
  SUCCEEDED: 'ExecutionSucceeded',
  FAILED: 'ExecutionFailed',
  TIMED_OUT: 'ExecutionTimedOut',
  ABORTED: 'ExecutionAborted',
} as const;
const status = z.optional(
  z.enum(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'], `must be one of ${Object.keys(ENDS).join(', ')}`),
);

const redriveSchema = z.strictObject(
  { at: moment, endedAt: z.optional(moment), status },
  'must be an object',
);

const runSchema = z.strictObject(
  {
    name: z.string(STRING).check(z.minLength(1, 'must not be empty')),
    startedAt: moment,
    /** If absent, the run never ends. */
    endedAt: z.optional(moment),
    /** How the run ends. Default: SUCCEEDED. */
    status,
    /** In chronological order. Each redrive starts after the previous end. */
    redrives: z.optional(z.array(redriveSchema, 'must be an array of redrives')),
  },
  'must be an object',
);

export const runsSchema = z
  .strictObject(
    {
      stateMachineArn: z.optional(
        z
          .string(STRING)
          .check(z.regex(/^arn:\S+:stateMachine:[^\s:/]+$/, 'must be the ARN of a state machine')),
      ),
      mapRunArn: z.optional(
        z
          .string(STRING)
          .check(z.regex(/^arn:\S+:mapRun:[^\s:/]+\/[^\s:]+:\S+$/, 'must be the ARN of a map run')),
      ),
      /** The type of the state machine. Default: STANDARD. */
      type: z.optional(z.enum(['STANDARD', 'EXPRESS'], 'must be STANDARD or EXPRESS')),
      /** Can be empty. The state machine or map run then exists without executions. */
      runs: z.array(runSchema, 'must be an array of runs'),
    },
    'must be a JSON object',
  )
  .check(
    z.refine(
      ({ stateMachineArn, mapRunArn }) => (stateMachineArn === undefined) !== (mapRunArn === undefined),
      {
        path: ['stateMachineArn'],
        error: 'either this or mapRunArn must be given, but not both',
      },
    ),
  );

type RunsInput = z.infer<typeof runsSchema>;

export interface RunScript {
  readonly executionArn: string;
  readonly script: Script<WireEvent>;
}

export const runScripts = ({ stateMachineArn, mapRunArn, runs }: RunsInput): RunScript[] =>
  runs.map((run) => ({
    executionArn: `${executionsPrefix(stateMachineArn ?? mapRunArn ?? '')}:${run.name}`,
    script: scriptOfRun(run),
  }));

/**
 * Returns the part of the executions' ARNs before their name. Children of a map run have ARNs of the form
 * `execution:<state machine>/<label>:<name>`.
 */
const executionsPrefix = (arn: string): string =>
  arn.replace(':stateMachine:', ':execution:').replace(/:mapRun:([^:]+):.*$/, ':execution:$1');

function scriptOfRun({ startedAt, endedAt, status: end, redrives = [] }: RunsInput['runs'][number]) {
  const messages: Script<WireEvent>['messages'][number][] = [];
  const add = (atMs: number, type: string, details: object = {}): void => {
    const id = messages.length + 1;
    const message = { type, id, previousEventId: id - 1, timestamp: atMs / 1000, ...details };
    messages.push({ message, visibleAtMs: atMs });
  };
  add(startedAt, 'ExecutionStarted');
  if (endedAt !== undefined) add(endedAt, ENDS[end ?? 'SUCCEEDED']);
  for (const [index, redrive] of redrives.entries()) {
    add(redrive.at, 'ExecutionRedriven', { executionRedrivenEventDetails: { redriveCount: index + 1 } });
    if (redrive.endedAt !== undefined) add(redrive.endedAt, ENDS[redrive.status ?? 'SUCCEEDED']);
  }
  return { existsFromMs: startedAt, messages };
}
