/**
 * Finds the failure that ended an execution of Things Graph. Failures that were caught or retried do not
 * count. Event types identify the failure. Its step, error and cause are read from payloads as far as
 * possible, because payloads are prose, JSON, or text that only looks like JSON.
 */
import { parseJson } from '../../core/parse-json.ts';
import type { Ending } from '../../messages/ending.ts';
import { statusAfter } from '../../messages/event-types.ts';
import type { Message } from '../../messages/message.ts';
import { payloadMember } from './things-graph-payload.ts';

const CAUSE_NAME = /\bcause"?\s*[:=]\s*/;
const FAILURES: readonly unknown[] = ['STEP_FAILED', 'ACTIVITY_FAILED', 'THING_ACTION_TASK_FAILED'];
/** If one of these follows a failure of the same step, the failure was caught. */
const STEP_CONTINUES: readonly unknown[] = ['STEP_STARTED', 'STEP_SUCCEEDED'];
/** If one of these follows a failed activity of the same step, the activity was retried. */
const RETRIED: readonly unknown[] = ['ACTIVITY_SCHEDULED', 'THING_ACTION_TASK'];

/** The EndingReader of Things Graph. Returns undefined if the execution has succeeded or is still running. */
export function readThingsGraphEnding(newest: readonly Message[]): Ending | undefined {
  const status = statusAfter(newest.at(-1)?.eventType);
  if (status === 'RUNNING' || status === 'SUCCEEDED') return undefined;
  const terminal = newest.length - 1;
  const index = status === 'ABORTED' ? terminal : (lastUnhandledFailure(newest, terminal) ?? terminal);
  const message = newest[index];
  if (!message) return undefined;
  const { payload, ...named } = message;
  const step = stepOf(newest, newest.map(ownStep), index);
  const described = errorAndCause(payload);
  const cause = [described.cause, payload, newest[terminal]?.payload].find((text) => text);
  const facts = {
    ...named,
    ...(step !== undefined && { step }),
    ...(described.error !== undefined && { error: described.error }),
    ...(cause !== undefined && { cause }),
  };
  return { failure: { index, facts } };
}

/** The newest failure that was neither caught nor retried. */
function lastUnhandledFailure(messages: readonly Message[], terminal: number): number | undefined {
  const ownSteps = messages.map(ownStep);
  const continued = new Set<string>();
  const retried = new Set<string>();
  for (let index = terminal - 1; index >= 0; index--) {
    const type = messages[index]?.eventType;
    const step = stepOf(messages, ownSteps, index);
    if (FAILURES.includes(type)) {
      const handled =
        step !== undefined && (continued.has(step) || (type !== 'STEP_FAILED' && retried.has(step)));
      if (!handled) return index;
    }
    if (step !== undefined && STEP_CONTINUES.includes(type)) continued.add(step);
    if (step !== undefined && RETRIED.includes(type)) retried.add(step);
  }
  return undefined;
}

/**
 * The step that a message belongs to: the step that its payload names, else the last step that was named
 * before it. Undefined if a step without a name has started after that step was named.
 */
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

/** The step that the message's own payload names. The payloads of ACTIVITY_* messages are empty. */
const ownStep = ({ payload = '' }: Message): string | undefined => payloadMember(payload, 'stepId');

/** Reads error and cause from a payload that is JSON or resembles JSON. */
function errorAndCause(payload = ''): { error?: string | undefined; cause?: string | undefined } {
  if (!payload.startsWith('{')) return {};
  const json = parseJson(payload);
  if (json === undefined) return { error: payloadMember(payload, 'error'), cause: lastCause(payload) };
  return { error: member(json, 'error'), cause: member(json, 'cause') };
}

/**
 * Reads the cause if it is the last member. Before another member, the end of the cause could not be
 * recognised, because the cause may contain commas.
 */
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
