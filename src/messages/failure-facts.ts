/**
 * What ended an unsuccessful execution, read out of its last messages: the failure that brought it down, not one that was
 * caught or retried on the way. Payloads are opaque: what is recognised in them is a courtesy, the message itself the fact.
 */
import { statusAfter } from './event-types.ts';
import type { Message } from './message.ts';
import { findStepFunctionsFailure } from './step-functions-failure.ts';

export interface FailureFacts {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: string;
  /** The step that failed. */
  readonly step?: string;
  /** The error's name, where the payload names one. */
  readonly error?: string;
  /** Customers' data, like a payload. */
  readonly cause?: string;
}

/** Messages before the terminal one that are looked through. */
export const FAILURE_SEARCH_MESSAGES_MAX = 500;

/** `{stepId: Step2ReadSqsPayloadLambda, input: null, …}`: text that looks like JSON and is not. */
const STEP_ID = /\bstepId"?\s*[:=]\s*"?([^",}\s]{1,256})/;
const ERROR = /\berror"?\s*[:=]\s*"?([^",}\s]{1,256})/;
const CAUSE_NAME = /\bcause"?\s*[:=]\s*/;
/** Where a payload that names its step or error does so; those of hundreds of messages are looked at. */
const LOOKED_AT_CHARACTERS = 4_096;

const FAILURES: readonly unknown[] = ['STEP_FAILED', 'ACTIVITY_FAILED', 'THING_ACTION_TASK_FAILED'];
/** What a step goes on with after a failure that was caught or is tried again. */
const STEP_GOES_ON: readonly unknown[] = ['STEP_STARTED', 'STEP_SUCCEEDED'];
const TRIED_AGAIN: readonly unknown[] = ['ACTIVITY_SCHEDULED', 'THING_ACTION_TASK'];

/**
 * Finds the failure in the newest messages of a history, oldest first, whose last one is terminal. Returns its index among
 * them and its facts; undefined when the execution did not fail.
 */
export function findFailure(newest: readonly Message[]): { index: number; facts: FailureFacts } | undefined {
  const status = statusAfter(newest.at(-1)?.eventType);
  if (status === 'RUNNING' || status === 'SUCCEEDED') return undefined;
  const known = findStepFunctionsFailure(newest);
  if (known) {
    const { index, ...told } = known;
    const { payload: _, ...named } = newest[index] ?? {};
    return { index, facts: { ...named, ...told } };
  }
  const terminal = newest.length - 1;
  const index = status === 'ABORTED' ? terminal : (lastUnhandledFailure(newest, terminal) ?? terminal);
  const message = newest[index];
  if (!message) return undefined;
  const { payload, ...named } = message;
  const step = stepOf(newest, newest.map(ownStep), index);
  const said = errorAndCause(payload);
  const cause = [said.cause, payload, newest[terminal]?.payload].find((text) => text);
  return {
    index,
    facts: {
      ...named,
      ...(step !== undefined && { step }),
      ...(said.error !== undefined && { error: said.error }),
      ...(cause !== undefined && { cause }),
    },
  };
}

/** The newest failure behind which its step neither went on nor was tried again. */
function lastUnhandledFailure(messages: readonly Message[], terminal: number): number | undefined {
  const ownSteps = messages.map(ownStep);
  const wentOn = new Set<string>();
  const triedAgain = new Set<string>();
  for (let index = terminal - 1; index >= 0; index--) {
    const type = messages[index]?.eventType;
    const step = stepOf(messages, ownSteps, index);
    if (FAILURES.includes(type)) {
      const handled =
        step !== undefined && (wentOn.has(step) || (type !== 'STEP_FAILED' && triedAgain.has(step)));
      if (!handled) return index;
    }
    if (step !== undefined && STEP_GOES_ON.includes(type)) wentOn.add(step);
    if (step !== undefined && TRIED_AGAIN.includes(type)) triedAgain.add(step);
  }
  return undefined;
}

/** The step that a message belongs to: it says so itself, or the one that started last before it. */
function stepOf(
  messages: readonly Message[],
  ownSteps: readonly (string | undefined)[],
  index: number,
): string | undefined {
  for (let at = index; at >= 0; at--) {
    const step = ownSteps[at];
    if (step !== undefined) return step;
    if (messages[at]?.eventType === 'STEP_STARTED') return undefined;
  }
  return undefined;
}

/** Undefined where the payload names none. ACTIVITY_* have empty payloads: such a one names no step either. */
const ownStep = ({ payload = '' }: Message): string | undefined =>
  STEP_ID.exec(payload.slice(0, LOOKED_AT_CHARACTERS))?.[1];

/** Out of JSON (Step Functions' events) or what looks like it. */
function errorAndCause(payload = ''): { error?: string | undefined; cause?: string | undefined } {
  if (!payload.startsWith('{')) return {};
  let json: unknown;
  try {
    json = JSON.parse(payload);
  } catch {
    return { error: ERROR.exec(payload.slice(0, LOOKED_AT_CHARACTERS))?.[1], cause: lastCause(payload) };
  }
  return { error: member(json, 'error'), cause: member(json, 'cause') };
}

/** As the last member only: prose has commas, so nothing tells where a cause in the middle would end. */
function lastCause(payload: string): string | undefined {
  const name = CAUSE_NAME.exec(payload);
  if (!name || !payload.endsWith('}')) return undefined;
  const cause = payload.slice(name.index + name[0].length, -1).trim();
  return cause === '' || /[{}]/.test(cause) ? undefined : cause.replace(/^"(.*)"$/s, '$1');
}

function member(json: unknown, name: 'error' | 'cause'): string | undefined {
  // Safety: the payload starts with '{', so its JSON is an object.
  const value = (json as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}
