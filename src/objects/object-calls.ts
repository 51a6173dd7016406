/**
 * Wraps the Worker's calls to its Durable Objects. Turns errors of the platform into `Failure`s, and ends
 * streams cleanly even if the object behind them is reset. For Workers only.
 */
import { isClientGone } from '../core/client-gone.ts';
import { type Failure, type Result, fail, ok } from '../core/errors.ts';
import { faultText } from '../core/exception-text.ts';
import type { Log } from '../core/log.ts';

/** Short, because a deploy or an overload of the object is over quickly. */
const UNREACHABLE_RETRY_SECONDS = 2;

/** Members of log lines that name the object's execution or list. */
type Names = Readonly<Record<string, string>>;

export class ObjectCalls {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Calls an object. Retries once if the platform marks the error as retryable. A stub must not be used again
   * after an error, so `call` must make a new one each time, which is cheap.
   */
  async ask<R>(names: Names, call: () => Promise<Result<R>>): Promise<Result<R>> {
    try {
      return await call();
    } catch (error) {
      if (!isRetryable(error)) return this.#unreachable(names, error);
    }
    return this.askOnce(names, call);
  }

  /** Like `ask`, for a call that cannot be repeated. */
  async askOnce<R>(names: Names, call: () => Promise<Result<R>>): Promise<Result<R>> {
    try {
      return await call();
    } catch (error) {
      return this.#unreachable(names, error);
    }
  }

  /**
   * Converts an object's answer (stream-answer.ts) back to a stream, or to undefined if there is nothing to
   * send. `onClosed`: as in `Executions.stream`.
   */
  async stream(
    response: Response,
    names: Names,
    onClosed: (() => void) | undefined,
  ): Promise<Result<ReadableStream<Uint8Array> | undefined>> {
    if (response.status === 204) return ok(undefined);
    if (response.ok && response.body) return ok(this.#endingCleanly(response.body, names, onClosed));
    // Safety: our own object answers with a stream or a Failure.
    return fail(await response.json<Failure>());
  }

  #unreachable(names: Names, error: unknown): { ok: false; failure: Failure } {
    this.#log({ event: 'object-unreachable', level: 'error', ...names, reason: faultText(error) });
    return fail({ type: 'overloaded', retryAfterSeconds: UNREACHABLE_RETRY_SECONDS, lost: true });
  }

  /**
   * Passes the bytes on. If a deploy or a crash resets the object, the stream still ends cleanly: the client
   * keeps all events sent so far, and reconnects. The platform pipes its own streams natively, one write at a
   * time. So the object notices a client that disconnects or stops reading as soon as it would without the
   * pipe.
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
      // `close` fails if the caller has disconnected.
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
 * The platform sets these members on errors of a stub. A call to an `overloaded` object must not be retried.
 */
const isRetryable = (error: unknown): boolean =>
  error instanceof Error && 'retryable' in error && !('overloaded' in error && error.overloaded);
