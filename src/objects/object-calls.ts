/**
 * How the Worker calls its Durable Objects: failures of the platform become `Failure`s, and streams end
 * cleanly even if the object behind them is reset. For Workers only.
 */
import { isClientGone } from '../core/client-gone.ts';
import { type Failure, type Result, fail, ok } from '../core/errors.ts';
import { faultText } from '../core/exception-text.ts';
import type { Log } from '../core/log.ts';

/** A deploy or an overload of the object passes quickly. */
const UNREACHABLE_RETRY_SECONDS = 2;

/** How log lines name the object. */
type Names = Readonly<Record<string, string>>;

export class ObjectCalls {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Retries once if the platform marks the error as retryable. A stub must not be used again after it threw:
   * `call` makes a new one each time; they are cheap.
   */
  async ask<R>(names: Names, call: () => Promise<Result<R>>): Promise<Result<R>> {
    try {
      return await call();
    } catch (error) {
      if (!isRetryable(error)) return this.#unreachable(names, error);
    }
    return this.askOnce(names, call);
  }

  /** As `ask`, for a call that cannot be repeated. */
  async askOnce<R>(names: Names, call: () => Promise<Result<R>>): Promise<Result<R>> {
    try {
      return await call();
    } catch (error) {
      return this.#unreachable(names, error);
    }
  }

  /**
   * The stream that an object answered with (`streamAnswer`); undefined for an empty one. `onClosed`: as in
   * `Executions.stream`.
   */
  async stream(
    response: Response,
    names: Names,
    onClosed: (() => void) | undefined,
  ): Promise<Result<ReadableStream<Uint8Array> | undefined>> {
    if (response.status === 204) return ok(undefined);
    if (response.ok && response.body) return ok(this.#endingCleanly(response.body, names, onClosed));
    // Safety: the object of this very deployment answers with a Failure or a stream.
    return fail(await response.json<Failure>());
  }

  #unreachable(names: Names, error: unknown): { ok: false; failure: Failure } {
    this.#log({ event: 'object-unreachable', level: 'error', ...names, reason: faultText(error) });
    return fail({ type: 'overloaded', retryAfterSeconds: UNREACHABLE_RETRY_SECONDS, lost: true });
  }

  /**
   * The same bytes, with a clean end even if the object behind the stream is reset (a deploy, a crash): the
   * client keeps every event sent so far, and reconnects. The platform moves bytes between its own streams
   * natively, one write at a time. So the object notices as soon as without the pipe that a client
   * disconnects or stops reading.
   */
  #endingCleanly(
    body: ReadableStream<Uint8Array>,
    names: Names,
    onClosed: (() => void) | undefined,
  ): ReadableStream<Uint8Array> {
    const { readable, writable } = new IdentityTransformStream();
    const piped = body.pipeTo(writable, { preventAbort: true });
    void piped.then(onClosed, onClosed);
    piped.catch(async (error: unknown) => {
      // Closing fails if the caller disconnected.
      const closed = await writable.close().then(
        () => true,
        () => false,
      );
      if (closed && !isClientGone(error))
        this.#log({ event: 'stream-broken-off', level: 'warn', ...names, reason: faultText(error) });
    });
    return readable;
  }
}

/**
 * The platform marks errors of a stub. `retryable` invites a retry; an `overloaded` object must not be
 * retried.
 */
const isRetryable = (error: unknown): boolean =>
  error instanceof Error && 'retryable' in error && !('overloaded' in error && error.overloaded);
