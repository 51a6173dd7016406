/**
 * Finds the executions that an event of Step Functions started, and the one that started an execution. An
 * event starts executions with a map run, or with the service integration `states:startExecution` or
 * `aws-sdk:sfn:startExecution`, with or without waiting for their end. All facts are read from messages'
 * payloads (step-functions-mapping.ts).
 *
 * https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
 */
import { parseMapRunRef } from '../../core/execution-arn.ts';
import { type ExecutionRef, parseExecutionRef } from '../../core/execution-ref.ts';
import { parseJson } from '../../core/parse-json.ts';
import type { Message } from '../../messages/message.ts';
import type { LineageReader, Started } from '../../messages/started-executions.ts';
import { eventInPayload, type PayloadEvent, textOf } from './step-functions-payload.ts';

const STARTED_BY = 'AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID';

export const stepFunctionsLineage: LineageReader = {
  startTypes: ['MapRunStarted', 'TaskSubmitted', 'TaskSucceeded'],
  started(message: Message): Started | undefined {
    const event = eventInPayload(message);
    if (!event) return undefined;
    if (event.type !== 'MapRunStarted') return startedByTask(event);
    return parseMapRunRef(textOf(event.members['mapRunArn']) ?? '');
  },
  /**
   * Returns the ARN that the parent passed in the child's input. AWS's console relies on this convention,
   * too.
   */
  parent(first: Message): string | undefined {
    const event = eventInPayload(first);
    if (event?.type !== 'ExecutionStarted') return undefined;
    return executionIn(event.members['input'], STARTED_BY)?.executionId;
  },
};

const INTEGRATIONS: ReadonlySet<string> = new Set(['states', 'aws-sdk:sfn']);

/**
 * A task that waits for the child (`startExecution.sync`) has a TaskSubmitted event and later a TaskSucceeded
 * event. Reads only the TaskSubmitted event, so that the child is found once. Other tasks have only
 * TaskSucceeded.
 */
function startedByTask({ type, members }: PayloadEvent): Started | undefined {
  const resource = textOf(members['resource']) ?? '';
  const [action, pattern] = resource.split('.');
  if (action !== 'startExecution' || !INTEGRATIONS.has(textOf(members['resourceType']) ?? ''))
    return undefined;
  if (type !== (pattern === undefined ? 'TaskSucceeded' : 'TaskSubmitted')) return undefined;
  return executionIn(members['output'], 'ExecutionArn');
}

/** Returns the execution whose ARN is in this member of a JSON text. */
function executionIn(json: unknown, member: string): ExecutionRef | undefined {
  const id = textOf(Object(parseJson(textOf(json) ?? ''))[member]);
  const ref = id === undefined ? undefined : parseExecutionRef(id);
  return ref?.arn && ref;
}
