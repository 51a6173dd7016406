/**
 * Summarizes a history: how and when it ended, and why it failed. Reads only the first message and some of
 * the last ones, within the bound of a scan. The source interprets payloads (EndingReader).
 */
import type { Clock } from '../../core/clock.ts';
import { type Result, ok } from '../../core/errors.ts';
import type { Position } from '../../messages/cursor.ts';
import { errorName } from '../../messages/derive.ts';
import {
  ENDING_MESSAGES_MAX,
  type EndingReader,
  type FailureFacts,
  type FailureReason,
} from '../../messages/ending.ts';
import { type Status, statusAfter } from '../../messages/event-types.ts';
import { type Chunk, type History, endOf, positionIn } from '../../messages/history.ts';
import type { Message } from '../../messages/message.ts';
import type { ParentReader } from '../../messages/started-executions.ts';
import { type PayloadAccess, shows } from '../../messages/payload-access.ts';
import { Scan } from '../scan.ts';

export interface HistorySummary {
  readonly status: Status;
  /** The status in the source's own words, if the last message gives one. */
  readonly upstreamStatus?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly messageCount: number;
  readonly failure?: FailureFacts & Position;
  /** The id of the execution that started this one. The caller's key may lack access to that execution. */
  readonly parent?: string;
}

/** Functions that parse payloads. Each source has its own format. */
export interface SummaryReaders {
  readonly readEnding: EndingReader;
  readonly readParent: ParentReader;
}

export async function summarize(
  history: History,
  payloads: PayloadAccess,
  { readEnding, readParent }: SummaryReaders,
  clock: Pick<Clock, 'turn'>,
): Promise<Result<HistorySummary>> {
  const scan = new Scan(history, clock);
  const last = await scan.chunkAt(Number.MAX_SAFE_INTEGER);
  if (!last.ok) return last;
  const messageCount = endOf(last.value);
  const newest = await newestMessages(scan, last.value);
  if (!newest.ok) return newest;
  const { messages, chunks } = newest.value;
  const known = chunks.find(({ start }) => start === 0);
  const first = known ? ok(known) : await scan.chunkAt(0);
  if (!first.ok) return first;
  const terminal = messages.at(-1);
  const status = statusAfter(terminal?.eventType);
  const startedAt = first.value.messages[0]?.timestamp;
  const endedAt = status === 'RUNNING' ? undefined : terminal?.timestamp;
  const { upstreamStatus, failure: failed } = readEnding(messages) ?? {};
  const parent = readParent(first.value.messages[0] ?? {});
  const at = failed && positionInAny(chunks, messageCount - messages.length + failed.index);
  return ok({
    status,
    ...(upstreamStatus !== undefined && { upstreamStatus }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    messageCount,
    ...(parent !== undefined && { parent }),
    ...(failed && at && { failure: { ...visibleFacts(failed.facts, payloads), ...at } }),
  });
}

/**
 * Returns the last messages, oldest first. Reads chunks before `last` if `last` is empty, or if the execution
 * failed or was aborted.
 */
async function newestMessages(
  scan: Scan,
  last: Chunk,
): Promise<Result<{ messages: readonly Message[]; chunks: readonly Chunk[] }>> {
  let messages = [...last.messages];
  const chunks = [last];
  let start = last.start;
  const wanted = () => {
    const status = statusAfter(messages.at(-1)?.eventType);
    if (messages.length === 0) return 1;
    return status === 'RUNNING' || status === 'SUCCEEDED' ? 1 : ENDING_MESSAGES_MAX;
  };
  while (start > 0 && messages.length < wanted() && !scan.isSpent) {
    const before = await scan.chunkAt(start - 1);
    if (!before.ok) return before;
    messages = [...before.value.messages.slice(0, start - before.value.start), ...messages];
    chunks.push(before.value);
    start = before.value.start;
  }
  return ok({ messages, chunks });
}

const positionInAny = (chunks: readonly Chunk[], position: number): Position | undefined =>
  chunks.map((chunk) => positionIn(chunk, position)).find((found) => found !== undefined);

/**
 * Returns the facts of a failure that a caller with this access may see. `messageId`, `eventType` and
 * `timestamp` are visible to all callers. The other facts are taken from payloads.
 */
function visibleFacts(facts: FailureFacts, payloads: PayloadAccess): FailureFacts {
  const { messageId, eventType, timestamp, causedBy } = facts;
  return {
    ...(messageId !== undefined && { messageId }),
    ...(eventType !== undefined && { eventType }),
    ...(timestamp !== undefined && { timestamp }),
    ...visibleReason(facts, payloads),
    ...(causedBy && shows(payloads, 'names') && { causedBy: visibleReason(causedBy, payloads) }),
  };
}

/**
 * A state machine can put data in place of an error's name. Only callers with access to payloads may see such
 * data.
 */
function visibleReason({ step, error, cause }: FailureReason, payloads: PayloadAccess): FailureReason {
  const isFull = shows(payloads, 'full');
  const name = isFull ? error : errorName(error);
  return {
    ...(shows(payloads, 'names') && {
      ...(step !== undefined && { step }),
      ...(name !== undefined && { error: name }),
    }),
    ...(isFull && cause !== undefined && { cause }),
  };
}
