/**
 * Upstream calls that several requests can share: for a page of a history or of a list, or for a description.
 * One call is in flight, the others wait in a queue (invariant 3). Polls come first, then one call for each
 * tenant in turn. If nobody waits for a call any more, it is dropped, unless its request was already sent:
 * then it completes, and its result is remembered.
 */
import { VirtualTime } from '../core/virtual-time.ts';
import type { CallOrigin } from './source.ts';

/** `wanted`: what is asked for. `cause`: the request that caused the call. */
export interface SharedCall<Wanted, Cause extends { readonly origin: CallOrigin }, Outcome> {
  readonly wanted: Wanted;
  readonly cause: Cause;
  /** A poll wants it. */
  precedes: boolean;
  readonly done: PromiseWithResolvers<Outcome>;
  /** How many wait for it. */
  callers: number;
  /** A request was sent. It completes and its result is remembered, even if nobody waits for it any more. */
  isSent: boolean;
  /** Aborted if the last caller leaves before: then the call gives up its place in the budget's queue. */
  readonly abandoned: AbortController;
}

export class SharedCalls<Wanted, Cause extends { readonly origin: CallOrigin }, Outcome> {
  /** Makes the call. Never throws. */
  readonly #make: (call: SharedCall<Wanted, Cause, Outcome>) => Promise<Outcome>;
  #running: SharedCall<Wanted, Cause, Outcome> | undefined;
  #queue: SharedCall<Wanted, Cause, Outcome>[] = [];
  readonly #time = new VirtualTime();

  constructor(make: (call: SharedCall<Wanted, Cause, Outcome>) => Promise<Outcome>) {
    this.#make = make;
  }

  /** The call for this: one in progress or queued, or a new one. */
  request(
    wanted: Wanted,
    cause: Cause,
  ): { readonly call: SharedCall<Wanted, Cause, Outcome>; readonly shared: boolean } {
    const precedes = cause.origin.class === 'poll';
    const same = this.#find(wanted);
    if (same) {
      same.precedes ||= precedes;
      return { call: same, shared: true };
    }
    const call: SharedCall<Wanted, Cause, Outcome> = {
      wanted,
      cause,
      precedes,
      done: Promise.withResolvers<Outcome>(),
      callers: 0,
      isSent: false,
      abandoned: new AbortController(),
    };
    this.#queue.push(call);
    this.#next();
    return { call, shared: false };
  }

  /** A call for this is queued, or in progress and can be shared. */
  includes(wanted: Wanted): boolean {
    return this.#find(wanted) !== undefined;
  }

  /** The result of the call, or `left` as soon as this caller has left. */
  async outcome(
    call: SharedCall<Wanted, Cause, Outcome>,
    signal: AbortSignal | undefined,
  ): Promise<Outcome | 'left'> {
    call.callers++;
    const left = Promise.withResolvers<'left'>();
    const leave = () => left.resolve('left');
    signal?.addEventListener('abort', leave, { once: true });
    const outcome = await Promise.race([call.done.promise, left.promise]);
    signal?.removeEventListener('abort', leave);
    call.callers--;
    if (call.callers === 0) {
      this.#queue = this.#queue.filter((queued) => queued !== call);
      if (!call.isSent) call.abandoned.abort();
    }
    return outcome;
  }

  #find(wanted: Wanted): SharedCall<Wanted, Cause, Outcome> | undefined {
    const running = this.#running;
    return running && running.wanted === wanted && !running.abandoned.signal.aborted
      ? running
      : this.#queue.find((call) => call.wanted === wanted);
  }

  /**
   * Polls come first, then one call for each reading tenant, so that many calls of one tenant do not delay
   * another.
   */
  #next(): void {
    if (this.#running) return;
    const payerOf = ({ cause }: { readonly cause: Cause }) => payer(cause.origin);
    const first = this.#time.first(this.#queue.map(payerOf));
    const call =
      this.#queue.find(({ precedes }) => precedes) ?? this.#queue.find((queued) => payerOf(queued) === first);
    if (!call) return;
    this.#queue = this.#queue.filter((queued) => queued !== call);
    this.#time.serve(payerOf(call));
    this.#running = call;
    void this.#make(call).then((outcome) => {
      this.#running = undefined;
      call.done.resolve(outcome);
      this.#next();
    });
  }
}

const payer = (origin: CallOrigin): string => (origin.class === 'reader' ? origin.tenant : origin.class);

/**
 * Whether this failure concerns only the tenant that caused the call. Others that wait for the same call then
 * make their own.
 */
export const isOthersShare = (
  answer: { readonly ok: boolean; readonly failure?: { readonly type: string } },
  caused: CallOrigin,
  asks: CallOrigin,
): boolean => !answer.ok && answer.failure?.type === 'upstream-share-exceeded' && !isSameOrigin(caused, asks);

const isSameOrigin = (a: CallOrigin, b: CallOrigin): boolean =>
  a.class === 'reader' && b.class === 'reader' ? a.tenant === b.tenant : a.class === b.class;
