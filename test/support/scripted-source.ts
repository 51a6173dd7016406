/**
 * A source in memory that a test controls. Its messages may grow or be replaced, its opaque tokens may
 * expire, and it can return short pages, empty pages, lagging reads and every failure of a source. It counts
 * its calls, and holds them open on demand. It never waits by itself and needs no clock.
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

/** The behaviour of one call. Default: a correct answer. */
export interface Conduct {
  readonly failure?: SourceFailure['type'];
  /** Answers lag behind by this many messages. */
  readonly lag?: number;
  /** At most this many messages in a page. */
  readonly most?: number;
  /** Gives no message, and a token for the same place. */
  readonly empty?: boolean;
  /** Gives a token although nothing follows. */
  readonly dangling?: boolean;
  /** Gives the token that it was asked with (where there was one). */
  readonly repeatToken?: boolean;
  /** Gives this token if messages follow. */
  readonly nextToken?: string | undefined;
  /** All tokens given so far are of no use any more. */
  readonly expireTokens?: boolean;
  /** Requests that it took: retries inside the source. */
  readonly attempts?: number;
  /** Throws, as no source should. */
  readonly throws?: boolean;
}

/** A call as it came. */
export interface SourceCall {
  readonly executionId: string;
  /** undefined: from the start, or the token is unknown. */
  readonly position: number | undefined;
  readonly token: string | undefined;
  readonly limit: number;
  readonly origin: CallOrigin;
}

export interface ScriptedSourceOptions {
  readonly name?: string;
  readonly pageSizeMax?: number;
  readonly messages?: readonly Message[];
  /** Asked at each call; see `conducts`. */
  readonly conduct?: (call: SourceCall) => Conduct;
  /** A token is valid until this many further calls were answered. */
  readonly tokenLifeCalls?: number;
  /** How it says that a token has expired. */
  readonly expiry?: 'upstream-invalid-request' | 'upstream-invalid-token';
  /** A page of more messages is too large. */
  readonly tooLargeAbove?: number;
  /** Never ends: messages are made as they are read. */
  readonly endless?: (position: number) => Message;
}

interface GivenToken {
  readonly executionId: string;
  readonly position: number;
  readonly givenAtCall: number;
}

/** One conduct after the other, then over again. */
export function conducts(list: readonly Conduct[]): () => Conduct {
  let next = 0;
  return () => list[next++ % list.length] ?? {};
}

export class ScriptedSource implements Source {
  readonly name: string;
  readonly pageSizeMax: number;
  /** The history, of every execution alike. Grow it with `append`, or `replace` it. */
  messages: Message[];
  conduct: (call: SourceCall) => Conduct;
  tokenLifeCalls: number;
  tooLargeAbove: number;
  /** No execution is known: `upstream-not-found`. */
  missing = false;
  /** Set: unsuccessful executions can be started again. */
  redrivableMs?: number;
  /** Set: a test has a `describe`. */
  describe?: (ref: ExecutionRef, call: CallOptions) => Promise<Result<SourceDescription, SourceFailure>>;
  /** Every call since the last `forgetCalls`, in order. */
  readonly calls: SourceCall[] = [];
  /** Requests as budgets count them: `attempts` of each call. */
  attempts = 0;
  inFlight = 0;
  /** The most at once, of one execution. */
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

  /** Another history under the same id: no token of the old one is good any more. */
  replace(messages: readonly Message[]): void {
    this.messages = [...messages];
    this.expireTokens();
  }

  expireTokens(): void {
    this.#tokens.clear();
  }

  /** From now on no call is answered before `release`. */
  hold(): void {
    this.#gate ??= Promise.withResolvers<void>();
  }

  /** Answers what is held, with what is there now. */
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
      throw new RangeError(`asked for ${limit} messages`);
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

  /** Reveals nothing about its position. The same text is returned twice only on demand. */
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

  /** Takes at least one turn of the event loop, as any real call: concurrent calls overlap visibly. */
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
