/**
 * Upstream calls that several requests can share. Each call fetches a page of a history or of a list, or a
 * description. One call is in flight, the others wait in a queue (invariant 3). Polls go first, then one call
 * per tenant, round-robin. A queued call is dropped when its last caller leaves. A call whose request was
 * already sent completes, and its result is remembered.
 */
import { VirtualTime } from '../core/virtual-time.ts';
import type { CallOrigin } from './source.ts';

/** `wanted` identifies what to fetch. `cause` is the request that caused the call. */
export interface SharedCall<Wanted, Cause extends { readonly origin: CallOrigin }, Outcome> {
  readonly wanted: Wanted;
  readonly cause: Cause;
  /** True if a poll waits for this call, which then goes first. */
  precedes: boolean;
  readonly done: PromiseWithResolvers<Outcome>;
  /** The number of callers that wait for the result. */
  callers: number;
  /**
   * True once a request was sent. The call then completes and its result is remembered, even if all callers
   * leave.
   */
  isSent: boolean;
  /** Aborted if the last caller leaves before a request was sent. The call then leaves the budget's queue. */
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

  /** Returns a running or queued call for `wanted`, or else adds a new one to the queue. */
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

  /** True if a call for `wanted` is queued, or is running and can be shared. */
  includes(wanted: Wanted): boolean {
    return this.#find(wanted) !== undefined;
  }

  /**
   * Waits for the call's result. Returns `left` as soon as this caller leaves, that is, when `signal` aborts.
   */
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
   * Starts the next call. Polls go first. Reading tenants follow round-robin, so that many calls of one tenant
   * do not delay another.
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
 * True if the call failed because the tenant that caused it exceeded its share, and `asks` is the origin of
 * another caller that waits for the same call. That caller must then make its own call.
 */
export const isOthersShare = (
  answer: { readonly ok: boolean; readonly failure?: { readonly type: string } },
  caused: CallOrigin,
  asks: CallOrigin,
): boolean => !answer.ok && answer.failure?.type === 'upstream-share-exceeded' && !isSameOrigin(caused, asks);

const isSameOrigin = (a: CallOrigin, b: CallOrigin): boolean =>
  a.class === 'reader' && b.class === 'reader' ? a.tenant === b.tenant : a.class === b.class;
