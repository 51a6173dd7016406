/**
 * Follows an execution to its end, despite lost connections, deployments, silence and transient refusals.
 * Each reconnect resumes after the last id that was delivered, so every message is delivered exactly once. If
 * the server cannot resume after this id, it sends `reset`, which the caller receives. This happens if the
 * history was replaced, or if the server no longer has the secret that signed the id.
 */
import { STATUSES, type Status, TERMINAL_TYPES, statusAfter } from '../messages/event-types.ts';
import { NOTHING_MORE, type StreamItem, readEvents } from './event-connection.ts';
import { executionPath } from './execution-path.ts';
import type { Http } from './http.ts';
import {
  type Connection,
  type Heartbeat,
  type Reconnecting,
  heartbeatOf,
  keepReading,
} from './reconnecting.ts';
import { FlowtapConnectionError, FlowtapProblem, parseObject, problemFromText } from './wire/problem.ts';
import { readSummary } from './summary.ts';
import type { EventType, FlowMessage, UpstreamEventType } from './wire/wire.ts';

export interface FollowOptions {
  /** `start`, the default, begins with the first message. `now` delivers only future messages. */
  readonly from?: 'start' | 'now';
  /** Continues after this position: the `cursor` of a page or event. Use it instead of `from`. */
  readonly cursor?: string;
  /** Only messages of these types. Flowtap's types and those of Step Functions are both accepted. */
  readonly eventTypes?: readonly (EventType | UpstreamEventType)[];
  /** Only messages of this step. */
  readonly step?: string;
  /**
   * `ended`, the default, stops at the message that ends the execution. `settled` stops about 10 seconds
   * later, when the service has read the whole history again and no message can follow.
   */
  readonly until?: 'ended' | 'settled';
  readonly signal?: AbortSignal;
  /**
   * Throws after failing for this long without a success. This includes the time in which the stream is open
   * but the service cannot read the upstream. Default: 10 minutes.
   */
  readonly giveUpAfterMs?: number;
}

/**
 * An event of the followed execution. `cursor` is the position to continue from, even in another process or
 * much later.
 */
export type FollowEvent =
  | { readonly type: 'message'; readonly message: FlowMessage; readonly cursor: string }
  /**
   * All messages that existed when the stream was opened have been delivered. Repeated after each reconnect.
   */
  | { readonly type: 'caught-up'; readonly status: Status; readonly cursor: string }
  | (Heartbeat & { readonly cursor: string })
  /**
   * The history was replaced, or the service does not know the cursor. Discard the earlier messages: all
   * messages are sent again, from the first.
   */
  | { readonly type: 'reset'; readonly cursor: string }
  | Reconnecting
  /** Always the last event. */
  | { readonly type: 'end'; readonly status: Status; readonly settled: boolean; readonly cursor: string };

/**
 * Throws the last error when it gives up (FlowtapProblem, FlowtapConnectionError), or the signal's reason
 * when the signal aborts.
 */
export function followEvents(
  http: Http,
  executionId: string,
  options: FollowOptions = {},
): AsyncGenerator<FollowEvent, void, void> {
  const resumed: Resumed = { lastId: undefined };
  return keepReading<Exclude<FollowEvent, Reconnecting>>({
    http,
    signal: options.signal,
    giveUpAfterMs: options.giveUpAfterMs,
    read: (connection) => readOnce(http, executionId, options, resumed, connection),
    isNews: ({ type }) => type === 'message',
    isLast: ({ type }) => type === 'end',
  });
}

/** State that is kept across connections. */
interface Resumed {
  lastId: string | undefined;
}

/** Yields one connection's events. Returns without an `end` if the server closes the connection early. */
async function* readOnce(
  http: Http,
  executionId: string,
  options: FollowOptions,
  resumed: Resumed,
  connection: Connection,
): AsyncGenerator<Exclude<FollowEvent, Reconnecting>, void, void> {
  const { until = 'ended', signal, eventTypes, step } = options;
  const wanted = eventTypes && new Set(eventTypes);
  const items = readEvents(http, streamRequest(executionId, options, resumed.lastId), signal);
  let caughtUp = false;
  try {
    for (;;) {
      const { done, value } = await items.next();
      if (done) {
        if (value !== NOTHING_MORE) return;
        const { status } = await readSummary(http, executionId, { ...(signal && { signal }) });
        yield { type: 'end', status, settled: true, cursor: resumed.lastId ?? options.cursor ?? '' };
        return;
      }
      if (value.type === 'retry') {
        connection.retryMs = value.ms;
        continue;
      }
      const event = understood(value);
      connection.heard = true;
      if (!event) continue;
      resumed.lastId = event.cursor;
      // The server sends the message that ends the execution even if it belongs to another step.
      const isHidden =
        event.type === 'message' &&
        ((wanted && !isOfType(event.message, wanted)) || (step !== undefined && event.message.step !== step));
      if (!isHidden) yield event;
      if (event.type === 'reset') caughtUp = false;
      if (event.type === 'caught-up') caughtUp = true;
      if (until === 'settled') continue;
      // A terminal message ends the execution only if it is the newest message. After an older one, the
      // execution was redriven.
      const status = statusAt(event, caughtUp);
      if (status !== undefined && status !== 'RUNNING') {
        yield { type: 'end', status, settled: false, cursor: event.cursor };
        return;
      }
    }
  } finally {
    await items.return(undefined);
  }
}

const isOfType = ({ eventType = '', upstreamType = '' }: FlowMessage, wanted: ReadonlySet<string>): boolean =>
  wanted.has(eventType) || wanted.has(upstreamType);

function streamRequest(executionId: string, options: FollowOptions, lastId: string | undefined) {
  const { from, cursor, eventTypes, step, until = 'ended' } = options;
  // The message that ends the execution is needed even if the caller did not ask for its type. `readOnce`
  // does not yield it then.
  const types = eventTypes && until === 'ended' ? new Set([...eventTypes, ...TERMINAL_TYPES]) : eventTypes;
  const start = lastId === undefined ? (cursor === undefined ? { from } : { cursor }) : {};
  return {
    path: executionPath(executionId, 'messages'),
    query: { ...start, ...(types && { eventTypes: [...types].join(',') }), step },
    // The service answers an unknown id in this header with `reset`, but an unknown cursor in a parameter
    // with 400.
    headers: lastId === undefined ? {} : { 'Last-Event-ID': lastId },
  };
}

function statusAt(event: FollowEvent, caughtUp: boolean): Status | undefined {
  if (event.type === 'caught-up') return event.status;
  return event.type === 'message' && caughtUp ? statusAfter(event.message.eventType) : undefined;
}

/**
 * The parsed event; undefined if this version doesn't know its name. Throws the problem of a `problem` event.
 */
function understood({ name, id, data }: Extract<StreamItem, { type: 'event' }>) {
  if (name === 'problem') throw problemFromText(data, { status: 503 });
  if (!KNOWN_EVENTS.has(name)) return undefined;
  const body = parseObject(data);
  if (!body || id === undefined || id === '') {
    throw new FlowtapConnectionError(`The server sent an event '${name}' that can't be understood`);
  }
  const status = STATUSES.find((known) => known === body['status']) ?? 'RUNNING';
  switch (name) {
    case 'message':
      // Safety: `body` is an object. The server is trusted for its members, as in a page.
      return { type: 'message', message: body as FlowMessage, cursor: id } as const;
    case 'caught-up':
      return { type: 'caught-up', status, cursor: id } as const;
    case 'reset':
      return { type: 'reset', cursor: id } as const;
    case 'end':
      return { type: 'end', status, settled: true, cursor: id } as const;
    case 'heartbeat':
      return { ...heartbeatOf(body), cursor: id };
    default:
      return undefined;
  }
}

const KNOWN_EVENTS = new Set(['message', 'caught-up', 'heartbeat', 'reset', 'end']);

export interface FollowMessagesOptions extends FollowOptions {
  /**
   * Called when the history was replaced, or when the service does not know the cursor. Discard the earlier
   * messages: all messages follow again. Without this callback, following throws a FlowtapProblem with the
   * code `HistoryChanged`, so that no message is processed twice unnoticed.
   */
  readonly onReset?: () => void;
}

/** Yields only the messages. Returns the status at the end. */
export async function* followMessages(
  http: Http,
  executionId: string,
  options: FollowMessagesOptions = {},
): AsyncGenerator<FlowMessage, Status | undefined, void> {
  for await (const event of followEvents(http, executionId, options)) {
    if (event.type === 'message') yield event.message;
    if (event.type === 'end') return event.status;
    if (event.type !== 'reset') continue;
    if (!options.onReset) throw new FlowtapProblem(HISTORY_CHANGED);
    options.onReset();
  }
  return undefined;
}

/** Has the status, code and title of the problem that a page gets if its history was replaced. */
const HISTORY_CHANGED = {
  status: 410,
  code: 'HistoryChanged',
  title: 'The history has changed',
  detail:
    'The history that was followed has been replaced, or the service no longer knows the cursor. Follow it again from the ' +
    'start, or pass `onReset`.',
};
