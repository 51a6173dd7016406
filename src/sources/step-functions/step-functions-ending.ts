/**
 * Finds how an execution of Step Functions ended, from the events in its messages' payloads
 * (step-functions-mapping.ts). Each event names the event that led to it, its previous event. Following these
 * names back from the last event leads to the failure that ended the execution. Failures that were caught or
 * retried are not on this way.
 *
 * In this file, a "way" is the list of events that are found by going back like this, the nearest first.
 */
import type { Ending, FailureFacts, FailureReason } from '../../messages/ending.ts';
import { statusAfter } from '../../messages/event-types.ts';
import type { Message } from '../../messages/message.ts';
import { STATUS_OF_UPSTREAM, upstreamStatusAfter } from '../../messages/upstream-statuses.ts';
import { type PayloadEvent, eventInPayload, textOf as text } from './step-functions-payload.ts';

interface Event extends PayloadEvent {
  readonly index: number;
}

/**
 * Events of states that failed because something inside them failed, or that were stopped by a failure
 * elsewhere. The failure itself is reported by an event before them.
 */
const AROUND = /^(?:MapStateFailed|MapIterationFailed|ParallelStateFailed)$|StateAborted$/;
/** Events that report a failure of their own. */
const FAILING = /(?:Failed|TimedOut)$|^FailStateEntered$/;

/**
 * The EndingReader of Step Functions. Undefined if the last message is not an event that ends an execution.
 */
export function readStepFunctionsEnding(newest: readonly Message[]): Ending | undefined {
  const end = eventAt(newest, newest.length - 1);
  const upstreamStatus = upstreamStatusAfter(end?.type);
  const status = statusAfter(newest.at(-1)?.eventType);
  if (!end || upstreamStatus === undefined || STATUS_OF_UPSTREAM.get(upstreamStatus) !== status)
    return undefined;
  return status === 'SUCCEEDED'
    ? { upstreamStatus }
    : { upstreamStatus, failure: failureBehind(newest, end) };
}

function failureBehind(messages: readonly Message[], end: Event): NonNullable<Ending['failure']> {
  const way = failedWay(messages, wayBackFrom(messages, end));
  const failed = way[0];
  const step = stepOf(way);
  const causedBy = failureHandledBefore(messages, way);
  const named = failed && FAILING.test(failed.type) ? failed : end;
  // Prefer error and cause of the last event. If it has none, use those of the event that failed.
  const error = text(end.members['error']) ?? text(named.members['error']);
  const cause = text(end.members['cause']) ?? text(named.members['cause']);
  const { payload: _, ...message } = messages[named.index] ?? {};
  const facts: FailureFacts = {
    ...message,
    ...(step !== undefined && { step }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
    ...(causedBy && { causedBy }),
  };
  return { index: named.index, facts };
}

/**
 * Returns the part of the way that begins with the event that reports the failure. If a branch of a parallel
 * state failed, returns the way through that branch.
 */
function failedWay(messages: readonly Message[], way: readonly Event[]): readonly Event[] {
  const at = way.findIndex(({ type }) => !AROUND.test(type));
  const failed = way[at];
  if (!failed) return [];
  const parallel = way.slice(0, at).findLast(({ type }) => type === 'ParallelStateFailed');
  const wasStopped = way[at - 1]?.type.endsWith('StateAborted') === true && !FAILING.test(failed.type);
  const isSearched = parallel && (wasStopped || failed.type === 'ParallelStateStarted');
  return (isSearched && wayInBranches(messages, parallel)) || way.slice(at);
}

/**
 * The failure that was caught by the handler that ended the execution. If a Fail state ended the execution,
 * this is the last caught failure, however many states are between the Catch and the Fail state. If another
 * state ended the execution, a caught failure counts only if this state directly follows the Catch. A later
 * state might not belong to the handler.
 */
function failureHandledBefore(
  messages: readonly Message[],
  way: readonly Event[],
): FailureReason | undefined {
  const isFail = way[0]?.type === 'FailStateEntered';
  const entered = enteredAt(way);
  if (entered === undefined) return undefined;
  // Skip failures that were caught inside a map or parallel state that has ended, or in an earlier iteration:
  // this handler did not receive them.
  let ended = 0;
  let isEarlierIteration = false;
  for (let at = entered + 1; at < way.length; at++) {
    const { type = '' } = way[at] ?? {};
    const before = way[at + 1];
    const isCaught = type.endsWith('StateExited') && before && isFailure(before.type);
    if (isCaught && ended === 0 && !isEarlierIteration)
      return reasonOf(failedWay(messages, way.slice(at + 1)));
    if (!isFail) return undefined;
    if (/^(?:Map|Parallel)StateExited$/.test(type)) ended++;
    else if (ended > 0 && /^(?:Map|Parallel)StateEntered$/.test(type)) ended--;
    else if (ended === 0 && type === 'MapIterationStarted') isEarlierIteration = true;
    else if (ended === 0 && type === 'MapStateStarted') isEarlierIteration = false;
  }
  return undefined;
}

const isFailure = (type: string): boolean => FAILING.test(type) || AROUND.test(type);

function reasonOf(way: readonly Event[]): FailureReason | undefined {
  const step = stepOf(way);
  const error = text(way[0]?.members['error']);
  const cause = text(way[0]?.members['cause']);
  if (step === undefined && error === undefined) return undefined;
  return {
    ...(step !== undefined && { step }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
}

/**
 * Finds which branch of a parallel state failed, for a ParallelStateFailed event whose previous event does
 * not report the failure. A branch can fail without an event of its own, and the previous event can belong to
 * a branch that was stopped as a consequence. Returns the way back from the last event of the failed branch.
 * If several branches might have failed, returns the way back from the event that started the branches.
 * Undefined if that event was not read.
 */
function wayInBranches(messages: readonly Message[], parallel: Event): readonly Event[] | undefined {
  const way = wayBackFrom(messages, parallel);
  const started = way[startOfParallel(way)];
  if (!started) return undefined;
  const inside = new Map([[started.index, started]]);
  const indexById = new Map([[messages[started.index]?.messageId, started.index]]);
  const continued = new Set<number>();
  const stopped = new Set<number>();
  for (let index = started.index + 1; index < parallel.index; index++) {
    const event = eventAt(messages, index);
    const before = indexById.get(String(event?.previousEventId));
    if (!event || before === undefined) continue;
    if (event.type.endsWith('StateAborted')) {
      stopped.add(before);
      continue;
    }
    indexById.set(messages[index]?.messageId, index);
    inside.set(index, event);
    continued.add(before);
  }
  const last = [...inside.values()].filter(
    (event) => event !== started && !continued.has(event.index) && !event.type.endsWith('StateExited'),
  );
  const running = last.filter(({ index }) => !stopped.has(index));
  const alone = [running, last].find(({ length }) => length === 1)?.[0];
  const failed = last.find(({ type }) => FAILING.test(type)) ?? alone ?? started;
  return [failed, ...wayBackFrom(messages, failed)];
}

/**
 * The index, on the way back from a parallel state's failure, of the event that started its branches. If the
 * state was retried, this is the last start. -1 if the event is not on the way.
 */
function startOfParallel(way: readonly Event[]): number {
  let left = 0;
  return way.findIndex(({ type }) => {
    if (type === 'ParallelStateExited') left++;
    if (type === 'ParallelStateEntered') left--;
    return left === 0 && type === 'ParallelStateStarted';
  });
}

/**
 * The events that led to `end`, the nearest first. Each must precede the one that names it, so the way ends
 * even in a damaged history.
 */
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

/**
 * The name of the innermost state that was entered and not left on this way. If an evaluation failed, the
 * state that its event names.
 */
function stepOf(way: readonly Event[]): string | undefined {
  const evaluated = way[0]?.type === 'EvaluationFailed' && text(way[0].members['state']);
  if (evaluated) return evaluated;
  const at = enteredAt(way);
  return at === undefined ? undefined : text(way[at]?.members['name']);
}

/** The index, on this way, of the event that entered the innermost state that was not left. */
function enteredAt(way: readonly Event[]): number | undefined {
  let left = 0;
  for (const [at, { type }] of way.entries()) {
    if (type.endsWith('StateExited')) left++;
    if (!type.endsWith('StateEntered')) continue;
    if (left === 0) return at;
    left--;
  }
  return undefined;
}

/** The event in a message's payload. Undefined if the payload is not an event with the message's id. */
function eventAt(messages: readonly Message[], index: number): Event | undefined {
  const event = eventInPayload(messages[index] ?? {});
  return event && { ...event, index };
}
