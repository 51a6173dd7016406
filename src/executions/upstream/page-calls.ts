/**
 * The calls for pages of one execution: one in flight, and a queue (invariant 3). Requests for the same page share its call. A poll
 * comes first, then one call for each tenant in turn. A call ends when nobody waits for it any more: one that was sent completes
 * and is remembered, one that waits for its turn, in the budget too, is not made.
 */
import type { Result, SourceFailure } from '../../core/errors.ts';
import { VirtualTime } from '../../core/virtual-time.ts';
import type { UpstreamChunk } from './page-memory.ts';
import type { ReadTrace } from './read-terms.ts';

export interface PageCall {
  /** The page's start. */
  readonly start: number;
  /** The trace of the request that caused the call. */
  readonly trace: ReadTrace;
  /** A poll wants it. */
  precedes: boolean;
  readonly done: Promise<Outcome>;
  readonly resolve: (outcome: Outcome) => void;
  /** How many wait for it. */
  callers: number;
  /** A request was sent: it completes and is remembered, even if nobody waits for it any more. */
  isSent: boolean;
  /** Aborted if the last caller leaves before: then the call gives up its place in the budget's queue. */
  readonly abandoned: AbortController;
}

/**
 * Besides a chunk or a failure: look again. `lost`: the call brought nothing, because its token had expired or the history was
 * replaced. `moved`: no call was made, because the page's row has changed. `left`: nobody waited for it any more.
 */
export type Outcome = Result<UpstreamChunk, SourceFailure> | 'lost' | 'moved' | 'left';

export class PageCalls {
  /** Makes the call. Never throws. */
  readonly #fetch: (call: PageCall) => Promise<Outcome>;
  #running: PageCall | undefined;
  #queue: PageCall[] = [];
  readonly #time = new VirtualTime();

  constructor(fetch: (call: PageCall) => Promise<Outcome>) {
    this.#fetch = fetch;
  }

  /** The call for this page: one in progress or queued, or a new one. */
  request(start: number, trace: ReadTrace): { readonly call: PageCall; readonly shared: boolean } {
    const precedes = trace.origin.class === 'poll';
    const same =
      this.#running?.start === start ? this.#running : this.#queue.find((call) => call.start === start);
    if (same) {
      trace.collapsed = true;
      same.precedes ||= precedes;
      return { call: same, shared: true };
    }
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const call: PageCall = {
      start,
      trace,
      precedes,
      done: promise,
      resolve,
      callers: 0,
      isSent: false,
      abandoned: new AbortController(),
    };
    this.#queue.push(call);
    this.#next();
    return { call, shared: false };
  }

  /** What the call brings, or `left` as soon as this caller has left. */
  async outcome(call: PageCall, signal: AbortSignal | undefined): Promise<Outcome> {
    call.callers++;
    const left = Promise.withResolvers<'left'>();
    const leave = () => left.resolve('left');
    signal?.addEventListener('abort', leave, { once: true });
    const outcome = await Promise.race([call.done, left.promise]);
    signal?.removeEventListener('abort', leave);
    call.callers--;
    if (call.callers === 0) {
      this.#queue = this.#queue.filter((queued) => queued !== call);
      if (!call.isSent) call.abandoned.abort();
    }
    return outcome;
  }

  /** A poll first, then one call for each tenant that reads: many walks of one must not keep another waiting. */
  #next(): void {
    if (this.#running) return;
    const payer = this.#time.first(this.#queue.map(payerOf));
    const call =
      this.#queue.find(({ precedes }) => precedes) ?? this.#queue.find((queued) => payerOf(queued) === payer);
    if (!call) return;
    this.#queue = this.#queue.filter((queued) => queued !== call);
    this.#time.serve(payerOf(call));
    this.#running = call;
    void this.#fetch(call).then((outcome) => {
      this.#running = undefined;
      call.resolve(outcome);
      this.#next();
    });
  }
}

const payerOf = ({ trace: { origin } }: PageCall): string =>
  origin.class === 'reader' ? origin.tenant : origin.class;
