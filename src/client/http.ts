/**
 * Requests to one Flowtap service: address, credential, a bound on silence, and one kind of error for everything that can go
 * wrong. `open` makes one attempt and hands out the answer's body still unread; `json` goes on trying.
 */
import type { Clock } from '../core/clock.ts';
import { untilAborted } from './abortable.ts';
import type { Credential } from './credential.ts';
import { Patience } from './retry-policy.ts';
import { FlowtapConnectionError, FlowtapProblem, problemFromResponse } from './problem.ts';

/** What is used of fetch. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A server that is up answers within this, even while it asks upstream (20 s). */
export const ANSWER_MS_MAX = 60_000;

export interface HttpOptions {
  readonly url: URL;
  readonly credential: Credential;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
  /** How long a question is asked again unless it says otherwise. */
  readonly giveUpAfterMs: number;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the service's address, without a leading slash; encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Made anew for each attempt. */
  readonly body?: () => BodyInit;
}

export interface JsonRequest extends HttpRequest {
  readonly signal?: AbortSignal | undefined;
  /** How much longer than usual the answer may take, because the server was asked to wait. */
  readonly waitMs?: number;
  /** 0: one attempt only, for what must not be done twice. */
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

  patience(giveUpAfterMs: number): Patience {
    const { clock, random } = this.#options;
    return new Patience({ now: () => clock.now(), random, giveUpAfterMs });
  }

  /** Forgets a credential that was refused; true when there may be a better one. */
  renews(error: unknown): boolean {
    return error instanceof FlowtapProblem && error.status === 401 && this.#options.credential.renew();
  }

  /** The text of a successful answer. Tries again what passes; throws FlowtapProblem or FlowtapConnectionError. */
  async text(request: JsonRequest): Promise<string> {
    const { signal, waitMs = 0, giveUpAfterMs = this.#options.giveUpAfterMs } = request;
    const patience = this.patience(giveUpAfterMs);
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
        await this.clock.sleep(patience.afterFailure(error), signal);
      }
    }
  }

  /** One attempt: the successful answer, its body unread. Throws a problem for any other; the signal's reason once aborted. */
  async open(request: HttpRequest, signal: AbortSignal): Promise<Response> {
    const { fetch, clock } = this.#options;
    const { method = 'GET', headers, body } = request;
    const { url, authorization } = await untilAborted(this.#address(request), signal);
    const streamed = body?.();
    const init: RequestInit & { duplex?: 'half' } = {
      method,
      headers: { ...authorization, ...headers },
      signal,
      // `duplex`: a body that is a stream needs it.
      ...(streamed !== undefined && { body: streamed, duplex: 'half' }),
    };
    const response = await this.#reach(fetch(url, init), signal);
    if (response.ok) return response;
    throw await this.#reach(problemFromResponse(response, clock.now()), signal);
  }

  /** The signal's reason if it aborted, else a FlowtapConnectionError that says what the platform said. */
  failure(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    if (error instanceof FlowtapConnectionError || error instanceof FlowtapProblem) return error;
    return new FlowtapConnectionError(`Cannot reach ${this.#options.url.origin}: ${reasonOf(error)}`, {
      cause: error,
    });
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

/** Ends a connection that says nothing for too long. */
export interface SilenceWatch {
  /** Aborted by silence, by the outer signal, or by `close`. */
  readonly signal: AbortSignal;
  /** The promise; should it take longer than `ms`, the connection is given up. */
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
        connection.abort(new FlowtapConnectionError(`Nothing was heard of the server for ${ms / 1000} s`));
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

/** Node says "fetch failed" and hides why in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code: unknown = Reflect.get(cause, 'code');
  return cause.message !== '' ? cause.message : typeof code === 'string' ? code : error.message;
}
