/** Sums up a history: how it ended, when, and what brought it down. Reads its ends only, not all of it. */
import { type Result, ok } from '../core/errors.ts';
import type { Position } from '../messages/cursor.ts';
import { type Status, statusAfter } from '../messages/event-types.ts';
import { FAILURE_SEARCH_MESSAGES_MAX, type FailureFacts, findFailure } from '../messages/failure-facts.ts';
import { type Chunk, type History, endOf, positionIn } from '../messages/history.ts';
import type { Message, PayloadAccess } from '../messages/message.ts';

export interface HistorySummary {
  readonly status: Status;
  /** What the source calls it, where its last message tells. */
  readonly upstreamStatus?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly messageCount: number;
  readonly failure?: FailureFacts & Position;
}

export async function summarize(history: History, payloads: PayloadAccess): Promise<Result<HistorySummary>> {
  const last = await history.chunkAt(Number.MAX_SAFE_INTEGER);
  if (!last.ok) return last;
  const messageCount = endOf(last.value);
  const first = await history.chunkAt(0);
  if (!first.ok) return first;
  const newest = await newestMessages(history, last.value);
  if (!newest.ok) return newest;
  const { messages, chunks } = newest.value;
  const terminal = messages.at(-1);
  const status = statusAfter(terminal?.eventType);
  const startedAt = first.value.messages[0]?.timestamp;
  const endedAt = status === 'RUNNING' ? undefined : terminal?.timestamp;
  const upstreamStatus = upstreamStatusOf(terminal);
  const failed = findFailure(messages);
  const at = failed && positionInAny(chunks, messageCount - messages.length + failed.index);
  return ok({
    status,
    ...(upstreamStatus !== undefined && { upstreamStatus }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    messageCount,
    ...(failed && at && { failure: { ...visibleFacts(failed.facts, payloads), ...at } }),
  });
}

/** The last messages, oldest first; more than one only when the history ended without success. */
async function newestMessages(
  history: History,
  last: Chunk,
): Promise<Result<{ messages: readonly Message[]; chunks: readonly Chunk[] }>> {
  let messages = [...last.messages];
  const chunks = [last];
  let start = last.start;
  const wanted = () => {
    const status = statusAfter(messages.at(-1)?.eventType);
    if (messages.length === 0) return 1;
    return status === 'RUNNING' || status === 'SUCCEEDED' ? 1 : FAILURE_SEARCH_MESSAGES_MAX;
  };
  while (start > 0 && messages.length < wanted()) {
    const before = await history.chunkAt(start - 1);
    if (!before.ok) return before;
    messages = [...before.value.messages.slice(0, start - before.value.start), ...messages];
    chunks.push(before.value);
    start = before.value.start;
  }
  return ok({ messages, chunks });
}

const positionInAny = (chunks: readonly Chunk[], position: number): Position | undefined =>
  chunks.map((chunk) => positionIn(chunk, position)).find((found) => found !== undefined);

/** A cause is a customer's data like a payload; so are the names of errors and steps, which are read out of payloads. */
function visibleFacts(facts: FailureFacts, payloads: PayloadAccess): FailureFacts {
  if (payloads === 'full') return facts;
  const { step: _step, error: _error, cause: _cause, ...rest } = facts;
  return rest;
}

/** A Step Functions event says in its payload which end it was: a time-out is a failure of its own kind. */
const STEP_FUNCTIONS_ENDS: ReadonlyMap<string, string> = new Map([
  ['ExecutionSucceeded', 'SUCCEEDED'],
  ['ExecutionFailed', 'FAILED'],
  ['ExecutionTimedOut', 'TIMED_OUT'],
  ['ExecutionAborted', 'ABORTED'],
]);

function upstreamStatusOf(terminal: Message | undefined): string | undefined {
  const type = /^\{"type":"(Execution[A-Za-z]+)"/.exec(terminal?.payload ?? '')?.[1];
  return STEP_FUNCTIONS_ENDS.get(type ?? '');
}
