/**
 * How an execution of Step Functions ended, read from its messages' payloads (step-functions-mapping.ts).
 * Each event names the one that led to it. So the chain from the end back to the state that failed contains
 * nothing that was caught or retried.
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
 * Events of states that failed because something inside them failed, or that were stopped by a failure. The
 * failure itself is searched before them.
 */
const AROUND = /^(?:MapStateFailed|MapIterationFailed|ParallelStateFailed)$|StateAborted$/;
/** Events that report a failure themselves. */
const FAILING = /(?:Failed|TimedOut)$|^FailStateEntered$/;

/**
 * An EndingReader: undefined if the last message is not an event that ends an execution of Step Functions.
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
  // Prefer the description in the last event. If it has none, use that of the event that failed.
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

/** The rest of the way, from the event that failed on. */
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
 * The failure that a handler received before it ended the execution. If a Fail state ended it, that is the
 * last caught failure, wherever the Fail state is behind the Catch. Any other state must be the first one of
 * the handler, because it is unknown whether later ones belong to it.
 */
function failureHandledBefore(
  messages: readonly Message[],
  way: readonly Event[],
): FailureReason | undefined {
  const isFail = way[0]?.type === 'FailStateEntered';
  const entered = enteredAt(way);
  if (entered === undefined) return undefined;
  // Failures that were caught inside a map or parallel state that has ended, or in an earlier iteration, do
  // not belong to this handler.
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
 * The way back from the branch that failed, for a parallel state whose previous event does not report a
 * failure: a branch can fail without an event of its own, and the previous event may be of a branch that was
 * stopped because of it. If more than one branch may have failed, the way from the parallel state itself.
 * Undefined if its start was not read.
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
 * The index on the way from its failure at which a parallel state started its branches. If it was retried,
 * the last start.
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
 * The events that led to this one, the nearest first. Each must have a smaller id than the one before, so the
 * way ends even in a damaged history.
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

/** The state that was entered and not left on this way, or in which an evaluation failed. */
function stepOf(way: readonly Event[]): string | undefined {
  const evaluated = way[0]?.type === 'EvaluationFailed' && text(way[0].members['state']);
  if (evaluated) return evaluated;
  const at = enteredAt(way);
  return at === undefined ? undefined : text(way[at]?.members['name']);
}

/** The index on this way at which the state was entered that was not left. */
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

/** The event of a message; undefined if its payload is not that of the event with this id. */
function eventAt(messages: readonly Message[], index: number): Event | undefined {
  const event = eventInPayload(messages[index] ?? {});
  return event && { ...event, index };
}
