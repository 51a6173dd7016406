/**
 * How an execution of Things Graph ended: the failure that ended it, not one that was caught or retried
 * before. Event types identify the failure. Its step, error and cause are read from payloads as best effort,
 * because payloads are prose, JSON, or text that only looks like JSON.
 */
import { parseJson } from '../../core/parse-json.ts';
import type { Ending } from '../../messages/ending.ts';
import { statusAfter } from '../../messages/event-types.ts';
import type { Message } from '../../messages/message.ts';
import { payloadMember } from './things-graph-payload.ts';

const CAUSE_NAME = /\bcause"?\s*[:=]\s*/;
const FAILURES: readonly unknown[] = ['STEP_FAILED', 'ACTIVITY_FAILED', 'THING_ACTION_TASK_FAILED'];
/** After one of these, an earlier failure of the same step was caught. */
const STEP_CONTINUES: readonly unknown[] = ['STEP_STARTED', 'STEP_SUCCEEDED'];
/** After one of these, an earlier failure of an activity of the same step was retried. */
const RETRIED: readonly unknown[] = ['ACTIVITY_SCHEDULED', 'THING_ACTION_TASK'];

/** An EndingReader for payloads of any form; undefined if the execution did not fail. */
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
 * The step that a message belongs to: the one that its payload names, or the last one that started before it.
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

/** The step that the payload names. The payloads of ACTIVITY_* are empty. */
const ownStep = ({ payload = '' }: Message): string | undefined => payloadMember(payload, 'stepId');

/** Error and cause in a payload that is JSON or looks like it. */
function errorAndCause(payload = ''): { error?: string | undefined; cause?: string | undefined } {
  if (!payload.startsWith('{')) return {};
  const json = parseJson(payload);
  if (json === undefined) return { error: payloadMember(payload, 'error'), cause: lastCause(payload) };
  return { error: member(json, 'error'), cause: member(json, 'cause') };
}

/**
 * The cause is read only if it is the last member: it may contain commas, so its end before another member
 * could not be recognised.
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
