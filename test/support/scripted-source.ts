/**
 * A source in memory that a test controls. Messages can be added or replaced. Tokens are opaque and can expire. The
 * source can return short pages, empty pages, lagging reads and every failure. It counts its calls, and holds them on
 * demand. It needs no clock and never waits by itself.
 */
import { type SourceFailure, fail, ok, type Result } from '../../src/core/errors.ts';
import type { ExecutionRef } from '../../src/core/execution-ref.ts';
import type { Message } from '../../src/messages/message.ts';
import type {
  CallOptions,
  CallOrigin,
  Source,
  SourceDescription,
  SourcePage,
} from '../../src/sources/source.ts';

/** The behaviour of one call. By default it answers correctly. */
export interface Conduct {
  readonly failure?: SourceFailure['type'];
  /** Leaves out this many of the newest messages, as a lagging read does. */
  readonly lag?: number;
  /** The maximum number of messages in the page. */
  readonly most?: number;
  /** Returns no messages, and a token for the same position. */
  readonly empty?: boolean;
  /** Returns a token although no messages follow. */
  readonly dangling?: boolean;
  /** Returns the token of the request, if it had one. */
  readonly repeatToken?: boolean;
  /** Returns this token if messages follow. */
  readonly nextToken?: string | undefined;
  /** Invalidates all tokens issued so far. */
  readonly expireTokens?: boolean;
  /** The number of requests that the call takes, including retries inside the source. */
  readonly attempts?: number;
  /** Throws an exception, which a real source never should. */
  readonly throws?: boolean;
}

/** A call that the source has received. */
export interface SourceCall {
  readonly executionId: string;
  /** Undefined if the call reads from the start, or if its token is unknown. */
  readonly position: number | undefined;
  readonly token: string | undefined;
  readonly limit: number;
  readonly origin: CallOrigin;
}

export interface ScriptedSourceOptions {
  readonly name?: string;
  readonly pageSizeMax?: number;
  readonly messages?: readonly Message[];
  /** Returns the behaviour for each call; see `conducts`. */
  readonly conduct?: (call: SourceCall) => Conduct;
  /** A token expires after this many further calls have been answered. */
  readonly tokenLifeCalls?: number;
  /** The failure that reports an expired token. */
  readonly expiry?: 'upstream-invalid-request' | 'upstream-invalid-token';
  /** A call whose page would have more messages than this fails as too large. */
  readonly tooLargeAbove?: number;
  /** If set, the history never ends, and this function makes each message when it is read. */
  readonly endless?: (position: number) => Message;
}

interface GivenToken {
  readonly executionId: string;
  readonly position: number;
  readonly givenAtCall: number;
}

/** Returns the conducts one after another, and then starts over. */
export function conducts(list: readonly Conduct[]): () => Conduct {
  let next = 0;
  return () => list[next++ % list.length] ?? {};
}

export class ScriptedSource implements Source {
  readonly name: string;
  readonly pageSizeMax: number;
  /** The history, which is the same for all executions. Change it with `append` or `replace`. */
  messages: Message[];
  conduct: (call: SourceCall) => Conduct;
  tokenLifeCalls: number;
  tooLargeAbove: number;
  /** If true, all calls fail with `upstream-not-found`. */
  missing = false;
  /** If set, unsuccessful executions can be redriven for this long. */
  redrivableMs?: number;
  /** If set, the source can describe executions. */
  describe?: (ref: ExecutionRef, call: CallOptions) => Promise<Result<SourceDescription, SourceFailure>>;
  /** Every call since the last `forgetCalls`, in order. */
  readonly calls: SourceCall[] = [];
  /** The number of requests as call budgets count them: the sum of all calls' `attempts`. */
  attempts = 0;
  inFlight = 0;
  /** The maximum number of concurrent calls for one execution. */
  inFlightMax = 0;
  readonly #inFlightOf = new Map<string, number>();
  readonly #expiry: 'upstream-invalid-request' | 'upstream-invalid-token';
  readonly #endless: ((position: number) => Message) | undefined;
  readonly #tokens = new Map<string, GivenToken>();
  #answered = 0;
  #gate: PromiseWithResolvers<void> | undefined;

  constructor(options: ScriptedSourceOptions = {}) {
    this.name = options.name ?? 'scripted';
    this.pageSizeMax = options.pageSizeMax ?? 100;
    this.messages = [...(options.messages ?? [])];
    this.conduct = options.conduct ?? (() => ({}));
    this.tokenLifeCalls = options.tokenLifeCalls ?? Infinity;
    this.#expiry = options.expiry ?? 'upstream-invalid-token';
    this.tooLargeAbove = options.tooLargeAbove ?? Infinity;
    this.#endless = options.endless;
  }

  append(...messages: readonly Message[]): void {
    this.messages.push(...messages);
  }

  /** Replaces the history under the same id, and invalidates all tokens. */
  replace(messages: readonly Message[]): void {
    this.messages = [...messages];
    this.expireTokens();
  }

  expireTokens(): void {
    this.#tokens.clear();
  }

  /** Holds all further calls until `release`. */
  hold(): void {
    this.#gate ??= Promise.withResolvers<void>();
  }

  /** Answers the held calls with the current history. */
  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  forgetCalls(): void {
    this.calls.length = 0;
    this.attempts = 0;
  }

  async page(
    { executionId }: ExecutionRef,
    token: string | undefined,
    limit: number,
    { origin, signal, onAttempt }: CallOptions,
  ): Promise<Result<SourcePage, SourceFailure>> {
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= this.pageSizeMax)) {
      throw new RangeError(`the limit ${limit} is not from 1 to ${this.pageSizeMax}`);
    }
    const given = token === undefined ? undefined : this.#tokens.get(token);
    const call = { executionId, token, limit, origin, position: token === undefined ? 0 : given?.position };
    this.calls.push(call);
    const conduct = this.conduct(call);
    for (let attempt = 0; attempt < (conduct.attempts ?? 1); attempt++) {
      this.attempts++;
      onAttempt?.();
    }
    this.#enter(executionId);
    try {
      await this.#open(signal);
      if (signal?.aborted) return failed('upstream-timeout');
      if (conduct.throws) throw new Error('scripted to throw');
      return this.#answer(call, conduct);
    } finally {
      this.#leave(executionId);
    }
  }

  #answer({ executionId, token, limit }: SourceCall, conduct: Conduct): Result<SourcePage, SourceFailure> {
    this.#answered++;
    if (conduct.expireTokens) this.expireTokens();
    if (conduct.failure) return failed(conduct.failure);
    if (this.missing) return failed('upstream-not-found');
    const start = token === undefined ? 0 : this.#positionOf(executionId, token);
    if (start === undefined) return failed(this.#expiry);
    if (conduct.empty) {
      return ok({
        messages: [],
        nextToken: this.#token(executionId, start, conduct.repeatToken ? token : undefined),
      });
    }
    const most = Math.max(1, Math.min(limit, conduct.most ?? limit));
    while (this.#endless && this.messages.length <= start + most) {
      this.messages.push(this.#endless(this.messages.length));
    }
    const seen = Math.max(0, this.messages.length - (conduct.lag ?? 0));
    const messages = this.messages.slice(start, Math.max(start, Math.min(seen, start + most)));
    if (messages.length > this.tooLargeAbove) return failed('upstream-too-large');
    const end = start + messages.length;
    const goesOn = end < seen || (conduct.dangling === true && messages.length > 0);
    if (!goesOn) return ok({ messages });
    if (conduct.nextToken !== undefined) return ok({ messages, nextToken: conduct.nextToken });
    return ok({
      messages,
      nextToken: this.#token(executionId, end, conduct.repeatToken ? token : undefined),
    });
  }

  #positionOf(executionId: string, token: string): number | undefined {
    const given = this.#tokens.get(token);
    if (given?.executionId !== executionId) return undefined;
    return this.#answered - given.givenAtCall <= this.tokenLifeCalls ? given.position : undefined;
  }

  /** Makes a token that reveals nothing about its position. Tokens are unique, unless `again` repeats one. */
  #token(executionId: string, position: number, again: string | undefined): string {
    if (again !== undefined) return again;
    const token = `token-${this.#answered}-${crypto.randomUUID()}`;
    this.#tokens.set(token, { executionId, position, givenAtCall: this.#answered });
    return token;
  }

  #enter(executionId: string): void {
    const ofThis = (this.#inFlightOf.get(executionId) ?? 0) + 1;
    this.#inFlightOf.set(executionId, ofThis);
    this.inFlight++;
    this.inFlightMax = Math.max(this.inFlightMax, ofThis);
  }

  #leave(executionId: string): void {
    this.#inFlightOf.set(executionId, (this.#inFlightOf.get(executionId) ?? 1) - 1);
    this.inFlight--;
  }

  /** Waits at least one turn of the event loop, as a real call does, so that concurrent calls overlap. */
  async #open(signal: AbortSignal | undefined): Promise<void> {
    const aborted = new Promise<void>((resolve) =>
      signal?.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.race([this.#gate?.promise ?? Promise.resolve(), aborted]);
  }
}

function failed(type: SourceFailure['type']) {
  const internal = `scripted: ${type}`;
  if (type === 'upstream-throttled' || type === 'upstream-share-exceeded')
    return fail({ type, internal, retryAfterSeconds: 1 });
  return fail({ type, internal });
}
