/**
 * What ended an execution of Step Functions, read out of its messages' payloads (sources/step-functions-mapping.ts): each
 * names the event that led to it, so the way from the end back to the state that failed passes by everything that was caught
 * or retried.
 */
import type { Message } from './message.ts';

interface Event {
  readonly index: number;
  readonly type: string;
  readonly previousEventId: unknown;
  readonly members: Readonly<Record<string, unknown>>;
}

export interface StepFunctionsFailure {
  /** Among the messages that were given: what failed, or the end itself when nothing before it did. */
  readonly index: number;
  readonly step?: string;
  readonly error?: string;
  readonly cause?: string;
}

const ENDS = ['ExecutionFailed', 'ExecutionTimedOut', 'ExecutionAborted'];

/** States that fail because something inside them did: that is what is looked for. */
const AROUND = ['MapStateFailed', 'MapIterationFailed', 'ParallelStateFailed'];

/** Undefined when the last message is no end of a Step Functions execution, but something else's. */
export function findStepFunctionsFailure(messages: readonly Message[]): StepFunctionsFailure | undefined {
  const end = eventAt(messages, messages.length - 1);
  if (!end || !ENDS.includes(end.type)) return undefined;
  const way = wayBackFrom(messages, end);
  const failed = way.find(({ type }) => !AROUND.includes(type));
  const step = failed && stepOf(way.slice(way.indexOf(failed)));
  const named = failed && /(?:Failed|TimedOut)$|^FailStateEntered$/.test(failed.type) ? failed : end;
  // The end says best what it was; where it says nothing, what failed may.
  const error = text(end.members['error']) ?? text(named.members['error']);
  const cause = text(end.members['cause']) ?? text(named.members['cause']);
  return {
    index: named.index,
    ...(step !== undefined && { step }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
}

/** The events that led to this one, the nearest first. Ids only grow, which bounds the way also in a history that is wrong. */
function wayBackFrom(messages: readonly Message[], end: Event): Event[] {
  const indexById = new Map(messages.map(({ messageId }, index) => [messageId, index]));
  const way: Event[] = [];
  let event: Event | undefined = end;
  while (event) {
    const before: number | undefined = indexById.get(String(event.previousEventId));
    event = before !== undefined && before < event.index ? eventAt(messages, before) : undefined;
    if (event) way.push(event);
  }
  return way;
}

/** The state that was entered and not left again on this way. */
function stepOf(way: readonly Event[]): string | undefined {
  let left = 0;
  for (const { type, members } of way) {
    if (type === 'EvaluationFailed') return text(members['state']);
    if (type.endsWith('StateExited')) left++;
    if (!type.endsWith('StateEntered')) continue;
    if (left === 0) return text(members['name']);
    left--;
  }
  return undefined;
}

function eventAt(messages: readonly Message[], index: number): Event | undefined {
  const { messageId, payload = '' } = messages[index] ?? {};
  if (!payload.startsWith('{"type":"')) return undefined;
  const members = parseObject(payload);
  const type = text(members?.['type']);
  if (!members || type === undefined || String(members['id']) !== messageId) return undefined;
  return { index, type, previousEventId: members['previousEventId'], members };
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    // Safety: text that begins with a brace is an object or no JSON.
    return JSON.parse(json) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
