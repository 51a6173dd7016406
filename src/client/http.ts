/**
 * Sends requests to one Flowtap service. Adds its address, the credential and timeouts. Errors are of the two
 * classes in problem.ts. `open` makes one attempt and returns the response with its body unread. `text`
 * retries and returns the body.
 */
import type { Clock } from '../core/clock.ts';
import { untilAborted } from './abortable.ts';
import type { Credential } from './credential.ts';
import { networkFault } from './network-fault.ts';
import { FlowtapConnectionError, FlowtapProblem, problemFromResponse } from './wire/problem.ts';
import { redirectProblem } from './redirect.ts';
import { RetryPolicy } from './retry-policy.ts';

/** The part of `fetch` that the client uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Three times as long as an upstream call can take (20 s). A healthy server answers within this time. */
export const ANSWER_MS_MAX = 60_000;

export interface HttpOptions {
  readonly url: URL;
  readonly credential: Credential;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
  /** How long a request is retried, unless it has a `giveUpAfterMs` of its own. */
  readonly giveUpAfterMs: number;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path below the service's address: encoded, without a leading slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Returns the body. Called for each attempt. */
  readonly body?: () => BodyInit;
}

export interface JsonRequest extends HttpRequest {
  readonly signal?: AbortSignal | undefined;
  /** How long the server was asked to wait. Added to the timeout. */
  readonly waitMs?: number;
  /** 0 makes only one attempt, for requests that must not be repeated. */
  readonly giveUpAfterMs?: number;
}

export class Http {
  readonly #options: HttpOptions;

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  retryPolicy(giveUpAfterMs: number): RetryPolicy {
    const { clock, random } = this.#options;
    return new RetryPolicy({ now: () => clock.now(), random, giveUpAfterMs });
  }

  /** If `error` is a 401, discards the credential. Returns true if the next request gets a new credential. */
  renews(error: unknown): boolean {
    return error instanceof FlowtapProblem && error.status === 401 && this.#options.credential.renew();
  }

  /**
   * Returns the body of a successful response. Retries transient errors, and throws FlowtapProblem or
   * FlowtapConnectionError.
   */
  async text(request: JsonRequest): Promise<string> {
    const { signal, waitMs = 0, giveUpAfterMs = this.#options.giveUpAfterMs } = request;
    const retryPolicy = this.retryPolicy(giveUpAfterMs);
    let renewed = false;
    for (;;) {
      signal?.throwIfAborted();
      try {
        return await this.#within(ANSWER_MS_MAX + waitMs, signal, async (within) => {
          const response = await this.open(request, within);
          return untilAborted(response.text(), within);
        });
      } catch (error) {
        if (!renewed && this.renews(error)) {
          renewed = true;
          continue;
        }
        await this.clock.sleep(retryPolicy.afterFailure(error), signal);
      }
    }
  }

  /**
   * Makes one attempt and returns the successful response, with its body unread. Throws for any other
   * response. Throws the signal's reason once the signal aborts.
   */
  async open(request: HttpRequest, signal: AbortSignal): Promise<Response> {
    const { fetch, clock } = this.#options;
    const { method = 'GET', headers, body } = request;
    const { url, authorization } = await untilAborted(this.#address(request), signal);
    const streamed = body?.();
    const init: RequestInit & { duplex?: 'half' } = {
      method,
      headers: { ...authorization, ...headers },
      signal,
      redirect: 'manual',
      ...(acceptsNoStore() && { cache: 'no-store' }),
      // `fetch` requires `duplex` if the body is a stream.
      ...(streamed !== undefined && { body: streamed, duplex: 'half' }),
    };
    const response = await this.#reach(fetch(url, init), signal);
    if (response.ok) return response;
    const redirected = redirectProblem(response, url, request.path);
    if (redirected) {
      // Frees the connection, which stays busy until its body is read or cancelled. Errors do not matter
      // here.
      response.body?.cancel().catch(() => {});
      throw redirected;
    }
    throw await this.#reach(problemFromResponse(response, clock.now()), signal);
  }

  /**
   * Returns the error to throw: the signal's reason if the signal aborted, else `error`. An error of the
   * platform becomes the cause of a FlowtapConnectionError.
   */
  failure(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    if (error instanceof FlowtapConnectionError || error instanceof FlowtapProblem) return error;
    const { text } = networkFault(error);
    return new FlowtapConnectionError(`Cannot reach ${this.#options.url.origin}: ${text}`, { cause: error });
  }

  async #reach<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await untilAborted(promise, signal);
    } catch (error) {
      throw this.failure(error, signal);
    }
  }

  async #address({ path, query = {} }: HttpRequest) {
    const { credential } = this.#options;
    const url = new URL(path, this.#options.url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const text = await credential.get();
    if (credential.kind === 'ticket') url.searchParams.set('ticket', text);
    const authorization = credential.kind === 'key' ? { Authorization: `Bearer ${text}` } : undefined;
    return { url: url.href, authorization };
  }

  async #within<T>(
    ms: number,
    outer: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const watch = watchSilence(this.clock, outer);
    try {
      return await watch.during(ms, work(watch.signal));
    } catch (error) {
      throw this.failure(error, watch.signal);
    } finally {
      watch.close();
    }
  }
}

/** Aborts a connection if nothing arrives on it for too long. */
export interface SilenceWatch {
  /** Aborted by silence, by the outer signal, or by `close`. */
  readonly signal: AbortSignal;
  /** Waits for the promise. Aborts the connection if that takes longer than `ms`. */
  during<T>(ms: number, promise: Promise<T>): Promise<T>;
  close(): void;
}

export function watchSilence(clock: Clock, outer?: AbortSignal): SilenceWatch {
  const connection = new AbortController();
  const { signal } = connection;
  const onAbort = () => connection.abort(outer?.reason);
  if (outer?.aborted) onAbort();
  else outer?.addEventListener('abort', onAbort, { once: true });
  return {
    signal,
    during: async (ms, promise) => {
      const heard = new AbortController();
      void clock.sleep(ms, heard.signal).then(() => {
        if (heard.signal.aborted) return;
        connection.abort(new FlowtapConnectionError(`The server sent nothing for ${ms / 1000} s`));
      });
      try {
        return await untilAborted(promise, signal);
      } finally {
        heard.abort();
      }
    },
    close: () => {
      outer?.removeEventListener('abort', onAbort);
      connection.abort();
    },
  };
}

let noStore: boolean | undefined;

/**
 * True if this platform accepts `cache: 'no-store'`. Workers with an old compatibility date throw if it is
 * set. Without it, Next.js 13 and 14 cache the GETs of a server-rendered page.
 */
function acceptsNoStore(): boolean {
  try {
    noStore ??= new Request('https://flowtap.invalid', { cache: 'no-store' }) instanceof Request;
  } catch {
    noStore = false;
  }
  return noStore;
}
