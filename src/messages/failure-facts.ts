/**
 * What ended an unsuccessful execution, read out of its last messages: the failure that brought it down, not one that was
 * caught or retried on the way.
 */
import { statusAfter } from './event-types.ts';
import type { Message } from './message.ts';

export interface FailureFacts {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: string;
  /** The step that failed. */
  readonly step?: string;
  readonly error?: string;
  /** Customers' data, like a payload. */
  readonly cause?: string;
}

/** Messages before the terminal one that are looked through. */
export const FAILURE_SEARCH_MESSAGES_MAX = 500;

/** `{stepId: Step2ReadSqsPayloadLambda, input: null, …}`: text that looks like JSON and is not. */
const STEP_ID = /\bstepId"?\s*[:=]\s*"?([^",}\s]{1,256})/;

/**
 * Finds the failure in the newest messages of a history, oldest first, whose last one is terminal. Returns its index among
 * them and its facts; undefined when the execution did not fail.
 */
export function findFailure(newest: readonly Message[]): { index: number; facts: FailureFacts } | undefined {
  const status = statusAfter(newest.at(-1)?.eventType);
  if (status === 'RUNNING' || status === 'SUCCEEDED') return undefined;
  const terminal = newest.length - 1;
  const index = status === 'ABORTED' ? terminal : lastFailureBefore(newest, terminal);
  const message = newest[index];
  if (!message) return undefined;
  const { payload, ...named } = message;
  // The activity's own words say why; the step's message behind it says which step it was.
  const step = stepOf(newest, index);
  const cause = payload !== undefined && payload !== '' ? payload : newest[terminal]?.payload;
  return {
    index,
    facts: {
      ...named,
      ...(step !== undefined && { step }),
      ...(cause !== undefined && cause !== '' && { cause }),
    },
  };
}

function lastFailureBefore(messages: readonly Message[], terminal: number): number {
  for (let index = terminal - 1; index >= 0; index--) {
    const type = messages[index]?.eventType;
    if (type === 'STEP_FAILED' || type === 'ACTIVITY_FAILED' || type === 'THING_ACTION_TASK_FAILED')
      return index;
  }
  return terminal;
}

function stepOf(messages: readonly Message[], index: number): string | undefined {
  for (let at = index; at >= 0; at--) {
    const message = messages[at];
    const step = STEP_ID.exec(message?.payload ?? '')?.[1];
    if (step !== undefined) return step;
    if (message?.eventType === 'STEP_STARTED') return undefined;
  }
  return undefined;
}
