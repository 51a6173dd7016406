/**
 * How an execution of Step Functions ended, read from its messages' payloads (step-functions-mapping.ts). Each event names the
 * one that led to it. The way back from the end to the state that failed therefore leaves out all that was caught or retried.
 */
import type { Ending, FailureFacts } from '../../messages/ending.ts';
import { type Status, statusAfter } from '../../messages/event-types.ts';
import type { Message } from '../../messages/message.ts';
import { type PayloadEvent, eventInPayload, textOf as text } from './step-functions-payload.ts';

interface Event extends PayloadEvent {
  readonly index: number;
}

/** The events that end an execution: its status here, and in the words of Step Functions. */
const ENDS: ReadonlyMap<string, { readonly status: Status; readonly upstreamStatus: string }> = new Map([
  ['ExecutionSucceeded', { status: 'SUCCEEDED', upstreamStatus: 'SUCCEEDED' }],
  ['ExecutionFailed', { status: 'FAILED', upstreamStatus: 'FAILED' }],
  ['ExecutionTimedOut', { status: 'FAILED', upstreamStatus: 'TIMED_OUT' }],
  ['ExecutionAborted', { status: 'ABORTED', upstreamStatus: 'ABORTED' }],
]);

/** States that fail because something inside them failed: that is searched for. */
const AROUND = ['MapStateFailed', 'MapIterationFailed', 'ParallelStateFailed'];

/** An EndingReader: undefined if the last message is not an event that ends an execution of Step Functions. */
export function readStepFunctionsEnding(newest: readonly Message[]): Ending | undefined {
  const end = eventAt(newest, newest.length - 1);
  const known = ENDS.get(end?.type ?? '');
  if (!end || !known || known.status !== statusAfter(newest.at(-1)?.eventType)) return undefined;
  const { status, upstreamStatus } = known;
  return status === 'SUCCEEDED'
    ? { upstreamStatus }
    : { upstreamStatus, failure: failureBehind(newest, end) };
}

function failureBehind(messages: readonly Message[], end: Event): NonNullable<Ending['failure']> {
  const way = wayBackFrom(messages, end);
  const failed = way.find(({ type }) => !AROUND.includes(type));
  const step = failed && stepOf(way.slice(way.indexOf(failed)));
  const named = failed && /(?:Failed|TimedOut)$|^FailStateEntered$/.test(failed.type) ? failed : end;
  // The end has the best description. If it has none, that of the event that failed may help.
  const error = text(end.members['error']) ?? text(named.members['error']);
  const cause = text(end.members['cause']) ?? text(named.members['cause']);
  const { payload: _, ...message } = messages[named.index] ?? {};
  const facts: FailureFacts = {
    ...message,
    ...(step !== undefined && { step }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
  return { index: named.index, facts };
}

/** The events that led to this one, the nearest first. Ids only grow, which bounds the way also in a damaged history. */
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

/** The event of a message; undefined if its payload is not that of the event with this id. */
function eventAt(messages: readonly Message[], index: number): Event | undefined {
  const event = eventInPayload(messages[index] ?? {});
  return event && { ...event, index };
}
