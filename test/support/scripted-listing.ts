/**
 * A source of lists in memory that a test controls. Executions can start, end and be redriven. Executions with the same
 * start time are in an order that differs from the service's own. Tokens are opaque and can expire. The source can
 * return short pages, empty pages and every failure. It counts its calls, and holds them on demand. It needs no clock
 * and never waits by itself.
 */
import { type Result, type SourceFailure, fail, ok } from '../../src/core/errors.ts';
import type { Status } from '../../src/messages/event-types.ts';
import type {
  ExecutionsQuery,
  ListingSource,
  Place,
  SourceExecution,
  SourceExecutions,
  SourceFlow,
  SourceFlows,
} from '../../src/sources/listing-source.ts';
import type { CallOptions, CallOrigin } from '../../src/sources/source.ts';

/** The behaviour of one call. By default it answers correctly. */
export interface ListConduct {
  readonly failure?: SourceFailure['type'];
  /** The maximum number of executions in the page. */
  readonly most?: number;
  /** Invalidates all tokens issued so far. */
  readonly expireTokens?: boolean;
  readonly throws?: boolean;
}

export interface ListCall {
  readonly token: string | undefined;
  readonly upstreamStatus: string | undefined;
  readonly origin: CallOrigin;
}

export interface ScriptedListingOptions {
  readonly pageSizeMax?: number;
  readonly executions?: readonly SourceExecution[];
  readonly conduct?: (call: ListCall) => ListConduct;
  /**
   * With `place`, a token continues after the last execution of its page. With `count`, it skips a number of
   * executions, so new executions shift all later pages.
   */
  readonly tokensOf?: 'place' | 'count';
  /** Lists the oldest executions first, as stepfunctions-local does. */
  readonly oldestFirst?: boolean;
}

export const PLACE: Place = { partition: 'aws', region: 'us-west-2', account: '123456789012' };

export class ScriptedListing implements ListingSource {
  readonly name = 'step-functions';
  readonly pageSizeMax: number;
  readonly places: readonly Place[] = [PLACE];
  readonly #executions = new Map<string, SourceExecution>();
  #sorted: readonly SourceExecution[] | undefined;
  flows: readonly SourceFlow[] = [];
  conduct: (call: ListCall) => ListConduct;
  readonly calls: ListCall[] = [];
  inFlight = 0;
  inFlightMax = 0;
  readonly #tokensOf: 'place' | 'count';
  readonly #oldestFirst: boolean;
  #tokens = new Map<string, { readonly after: SourceExecution | undefined; readonly count: number }>();
  #gate: PromiseWithResolvers<void> | undefined;

  constructor(options: ScriptedListingOptions = {}) {
    this.pageSizeMax = options.pageSizeMax ?? 1_000;
    this.conduct = options.conduct ?? (() => ({}));
    this.#oldestFirst = options.oldestFirst ?? false;
    this.#tokensOf = this.#oldestFirst ? 'count' : (options.tokensOf ?? 'place');
    for (const execution of options.executions ?? []) this.put(execution);
  }

  put(execution: SourceExecution): void {
    this.#executions.set(execution.executionId, execution);
    this.#sorted = undefined;
  }

  delete(executionId: string): void {
    this.#executions.delete(executionId);
    this.#sorted = undefined;
  }

  end(executionId: string, status: Exclude<Status, 'RUNNING'>, endedAt: string): void {
    const execution = this.#executions.get(executionId);
    if (execution) this.put({ ...execution, status, upstreamStatus: status, endedAt });
  }

  expireTokens(): void {
    this.#tokens.clear();
  }

  hold(): void {
    this.#gate ??= Promise.withResolvers<void>();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async listFlows(
    _place: Place,
    token: string | undefined,
    call: CallOptions,
  ): Promise<Result<SourceFlows, SourceFailure>> {
    return this.#called({ token, upstreamStatus: undefined, origin: call.origin }, call, () => {
      const start = Number(token ?? 0);
      const end = start + this.pageSizeMax;
      const flows = this.flows.slice(start, end);
      return ok(end < this.flows.length ? { flows, nextToken: String(end) } : { flows });
    });
  }

  async listExecutions(
    { token, limit, upstreamStatus }: ExecutionsQuery,
    call: CallOptions,
  ): Promise<Result<SourceExecutions, SourceFailure>> {
    if (limit > this.pageSizeMax) throw new RangeError(`the limit ${limit} exceeds ${this.pageSizeMax}`);
    return this.#called({ token, upstreamStatus, origin: call.origin }, call, ({ most = limit }) => {
      this.#sorted ??= [...this.#executions.values()].sort((a, b) =>
        this.#oldestFirst ? inUpstreamOrder(b, a) : inUpstreamOrder(a, b),
      );
      const listed =
        upstreamStatus === undefined
          ? this.#sorted
          : this.#sorted.filter((execution) => execution.upstreamStatus === upstreamStatus);
      const given = token === undefined ? { after: undefined, count: 0 } : this.#tokens.get(token);
      if (!given) return failed('upstream-invalid-token');
      const { after, count } = given;
      const start =
        this.#tokensOf === 'count' || !after
          ? count
          : listed.findLastIndex((execution) => inUpstreamOrder(execution, after) <= 0) + 1;
      const executions = listed.slice(start, start + Math.min(most, limit));
      const end = start + executions.length;
      if (end >= listed.length) return ok({ executions });
      return ok({ executions, nextToken: this.#token(executions.at(-1) ?? after, end) });
    });
  }

  async #called<T>(
    call: ListCall,
    { signal, onAttempt }: CallOptions,
    answer: (conduct: ListConduct) => Result<T, SourceFailure>,
  ): Promise<Result<T, SourceFailure>> {
    const conduct = this.conduct(call);
    this.calls.push(call);
    onAttempt?.();
    this.inFlightMax = Math.max(this.inFlightMax, ++this.inFlight);
    try {
      await (this.#gate?.promise ?? Promise.resolve());
      if (signal?.aborted) return failed('upstream-timeout');
      if (conduct.throws) throw new Error('scripted to throw');
      if (conduct.expireTokens) this.expireTokens();
      return conduct.failure === undefined ? answer(conduct) : failed(conduct.failure);
    } finally {
      this.inFlight--;
    }
  }

  #token(after: SourceExecution | undefined, count: number): string {
    const token = `token-${this.calls.length}-${crypto.randomUUID()}`;
    this.#tokens.set(token, { after, count });
    return token;
  }
}

/** Sorts by start time, newest first. Ties are sorted by the reversed id, an order that the service does not use. */
function inUpstreamOrder(a: SourceExecution, b: SourceExecution): number {
  if (a.startedAt !== b.startedAt) return a.startedAt > b.startedAt ? -1 : 1;
  if (a.executionId === b.executionId) return 0;
  return reversedIdOf(a) < reversedIdOf(b) ? -1 : 1;
}

const reversedIds = new Map<string, string>();

function reversedIdOf({ executionId }: SourceExecution): string {
  const known = reversedIds.get(executionId);
  if (known !== undefined) return known;
  const reversed = executionId.split('').toReversed().join('');
  reversedIds.set(executionId, reversed);
  return reversed;
}

function failed(type: SourceFailure['type']) {
  const internal = `scripted: ${type}`;
  if (type === 'upstream-throttled' || type === 'upstream-share-exceeded')
    return fail({ type, internal, retryAfterSeconds: 1 });
  return fail({ type, internal });
}
