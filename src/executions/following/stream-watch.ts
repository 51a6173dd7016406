/**
 * Closes open streams when their key or ticket expires or is revoked (invariant 6), and when their life is
 * over. Streams with the same grant share one check. The loop of an Execution or a list calls `tick`. Streams
 * of archived histories have no loop and call `watchUntilClosed`.
 */
import type { Clock } from '../../core/clock.ts';
import { exceptionText } from '../../core/exception-text.ts';
import { type Failure, fail } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { GrantedStream } from '../executions.ts';
import { KEY_CHECK_MS, type KeyAnswer, StreamKey } from './stream-key.ts';

/**
 * How long a stream lives, ± 20 %. Long enough that reconnects are cheap, short enough that load spreads
 * again after a deploy.
 */
export const STREAM_LIFE_MS = 15 * 60_000;
const STREAM_LIFE_SPREAD = 0.2;
export const STREAM_LIFE_MS_MAX = STREAM_LIFE_MS * (1 + STREAM_LIFE_SPREAD);

/** A stream that the watch may close. */
export interface WatchedStream {
  /**
   * Ends the stream after a whole frame, with a `problem` if there is a failure. Must remove the stream from
   * the watch.
   */
  close(failure?: Failure): void;
}

interface Watched {
  readonly grant: unknown;
  readonly key: StreamKey;
  readonly livesUntilMs: number;
}

export interface StreamWatchOptions {
  /** Members of log lines that name the execution or list. */
  readonly names: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Checks whether the key of this grant may still read the history or list. */
  readonly checkGrant: (grant: unknown) => Promise<KeyAnswer>;
  /** Called after a check, because it may have moved `dueAtMs` to an earlier time. */
  readonly onDueChanged?: () => void;
}

export class StreamWatch {
  readonly #options: StreamWatchOptions;
  readonly #streams = new Map<WatchedStream, Watched>();
  #checkAtMs = Infinity;
  /** Ends the wait of `watchUntilClosed`. */
  #sleep: AbortController | undefined;

  constructor(options: StreamWatchOptions) {
    this.#options = options;
  }

  /** Returns when the next check or the end of this stream is due, in clock milliseconds. */
  add(stream: WatchedStream, request: GrantedStream): number {
    const { clock, random } = this.#options;
    const now = clock.now();
    if (this.#streams.size === 0) this.#checkAtMs = now + KEY_CHECK_MS;
    const watched = {
      grant: request.grant,
      key: new StreamKey(request, now),
      livesUntilMs: now + Math.round(STREAM_LIFE_MS * (1 + STREAM_LIFE_SPREAD * (2 * random() - 1))),
    };
    this.#streams.set(stream, watched);
    return Math.min(this.#checkAtMs, dueAtMsOf(watched));
  }

  remove(stream: WatchedStream): void {
    this.#streams.delete(stream);
    this.#sleep?.abort();
  }

  /** When to call `tick` next, in clock milliseconds. */
  dueAtMs(): number {
    let due = this.#streams.size > 0 ? this.#checkAtMs : Infinity;
    for (const watched of this.#streams.values()) due = Math.min(due, dueAtMsOf(watched));
    return due;
  }

  /** Closes the streams whose key, ticket or life has ended, and starts the checks that are due. */
  tick(): void {
    const now = this.#options.clock.now();
    for (const [stream, { key, livesUntilMs }] of this.#streams) {
      const failure = key.failureAt(now);
      if (failure || now >= livesUntilMs) stream.close(failure);
    }
    const isRegular = now >= this.#checkAtMs;
    if (isRegular) this.#checkAtMs = now + KEY_CHECK_MS;
    const due = [...this.#streams].filter(([, { key }]) => isRegular || now >= key.lastCheckAtMs);
    // Not awaited: a slow store must not extend the life of a ticket.
    if (due.length > 0) void this.#check(due);
  }

  /** Ticks until the last stream is closed. */
  async watchUntilClosed(): Promise<void> {
    const { clock } = this.#options;
    while (this.#streams.size > 0) {
      this.#sleep = new AbortController();
      await clock.sleep(Math.max(0, this.dueAtMs() - clock.now()), this.#sleep.signal);
      this.tick();
    }
  }

  /** Checks all grants concurrently. A thousand checks one after another would delay revocations too long. */
  async #check(streams: readonly (readonly [WatchedStream, Watched])[]): Promise<void> {
    const { clock, onDueChanged } = this.#options;
    const byGrant = Map.groupBy(streams, ([, { grant }]) => JSON.stringify(grant));
    const checks = [...byGrant.values()].map(async (ofOne) => {
      for (const [, { key }] of ofOne) key.checkStarted(clock.now());
      const answer = await this.#ask(ofOne[0]?.[1].grant);
      for (const [stream, { key }] of ofOne) {
        const refused = key.takeAnswer(answer, clock.now());
        if (refused) stream.close(refused);
      }
      if (answer.ok) onDueChanged?.();
      this.#sleep?.abort();
    });
    await Promise.all(checks);
  }

  async #ask(grant: unknown): Promise<KeyAnswer> {
    const { names, log, checkGrant } = this.#options;
    try {
      return await checkGrant(grant);
    } catch (error) {
      // An exception does not refuse the key, and the next check asks again. An unhandled one would end a
      // Deno process.
      log({ event: 'key-check-failed', level: 'error', ...names, reason: exceptionText(error) });
      return fail({ type: 'store-unavailable', internal: exceptionText(error) });
    }
  }
}

const dueAtMsOf = ({ key, livesUntilMs }: Watched): number =>
  Math.min(livesUntilMs, key.endsAtMs, key.lastCheckAtMs);
