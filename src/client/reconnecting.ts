/**
 * Keeps an event stream open. After a lost connection, a deployment, silence or a transient refusal, it opens
 * the next connection. It stops after the last event, or when it gives up. The caller interprets what the
 * server sends.
 */
import type { Http } from './http.ts';
import type { UpstreamState } from '../messages/upstream-state.ts';
import { Outage } from './outage.ts';
import { FlowtapConnectionError, type FlowtapProblem } from './wire/problem.ts';
import { FOLLOW_GIVE_UP_MS, RETRY_MS_DEFAULT } from './retry-policy.ts';

/**
 * The connection was closed, and is reopened after `afterMs`. `error` says why. Without `error`, the server
 * closed the connection normally.
 */
export interface Reconnecting {
  readonly type: 'reconnecting';
  readonly afterMs: number;
  readonly error?: FlowtapProblem | FlowtapConnectionError;
}

/** The server sends it after a while without other events. */
export interface Heartbeat {
  readonly type: 'heartbeat';
  readonly upstream: UpstreamState;
  readonly pollIntervalMs: number;
  readonly timestamp: string;
}

/** The state of a connection. `read` updates it for `keepReading`. */
export interface Connection {
  /** The pause before a reconnect, as requested by the server. */
  retryMs: number;
  /** True once the server has sent an event. */
  heard: boolean;
}

export interface ReconnectingOptions<Event> {
  readonly http: Http;
  readonly signal?: AbortSignal | undefined;
  readonly giveUpAfterMs?: number | undefined;
  /** Opens one connection, and yields its events. */
  readonly read: (connection: Connection) => AsyncGenerator<Event, unknown, void>;
  /** True if the event shows that the upstream answers. */
  readonly isNews: (event: Event) => boolean;
  /** True for the last event, after which nothing is read. */
  readonly isLast: (event: Event) => boolean;
}

/**
 * Throws the last error when it gives up (FlowtapProblem, FlowtapConnectionError), or the signal's reason.
 */
export async function* keepReading<Event extends { readonly type: string }>(
  options: ReconnectingOptions<Event>,
): AsyncGenerator<Event | Reconnecting, void, void> {
  const { http, signal, giveUpAfterMs = FOLLOW_GIVE_UP_MS, read, isNews, isLast } = options;
  const retryPolicy = http.retryPolicy(giveUpAfterMs);
  const outage = new Outage(() => http.clock.now(), giveUpAfterMs);
  const connection: Connection = { retryMs: RETRY_MS_DEFAULT, heard: false };
  let renewed = false;
  for (;;) {
    signal?.throwIfAborted();
    connection.heard = false;
    let error: unknown;
    let tooLong: FlowtapProblem | undefined;
    try {
      for await (const event of read(connection)) {
        retryPolicy.succeeded();
        renewed = false;
        yield event;
        if (isLast(event)) return;
        if (isNews(event)) outage.after('ok');
        if (isHeartbeat(event)) tooLong = outage.after(event.upstream);
        if (tooLong) break;
      }
      // A stream that closes without any event is broken. Healthy streams close normally, at the end of a
      // long life.
      if (!connection.heard) error = new FlowtapConnectionError('The server closed an empty stream');
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!renewed && http.renews(thrown)) {
        renewed = true;
        continue;
      }
      error = thrown;
    }
    if (tooLong) throw tooLong;
    const backoffMs = error === undefined ? 0 : retryPolicy.afterFailure(error, connection.retryMs);
    // Never reconnect sooner than the server asked. Its `retry:` already includes jitter.
    const afterMs = Math.max(connection.retryMs, backoffMs);
    // Safety: afterFailure throws errors of any other class.
    const known = error as FlowtapProblem | FlowtapConnectionError | undefined;
    yield { type: 'reconnecting', afterMs, ...(known && { error: known }) };
    await http.clock.sleep(afterMs, signal);
  }
}

const isHeartbeat = (event: { readonly type: string }): event is Heartbeat => event.type === 'heartbeat';

const UPSTREAM_STATES = ['ok', 'throttled', 'unavailable'] as const;

/** Parses the data of a `heartbeat` event. */
export const heartbeatOf = (body: Readonly<Record<string, unknown>>): Heartbeat => ({
  type: 'heartbeat',
  upstream: UPSTREAM_STATES.find((known) => known === body['upstream']) ?? 'ok',
  pollIntervalMs: Number(body['pollIntervalMs']),
  timestamp: String(body['timestamp']),
});
