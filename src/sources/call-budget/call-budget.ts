/**
 * A call budget that many executions share, because AWS counts calls per account and region. This file has
 * the port, and the budget of a process that makes all calls itself. leased-budget.ts is the budget of an
 * isolate on Workers; budgeted-source.ts makes a source use a budget.
 *
 * A budget does two things. It sets the interval between polls of each followed execution, so that the budget
 * is enough for all polls. It also makes each call wait for its turn, in an order that is fair to tenants
 * (call-queue.ts).
 */
import type { Clock } from '../../core/clock.ts';
import { POLLS_PER_INTERVAL } from '../poll-jitter.ts';
import type { CallOrigin } from '../source.ts';
import { TokenBucket } from '../../core/token-bucket.ts';
import { CallQueue, type WaitingCall } from './call-queue.ts';
import { Followers } from './followers.ts';
import { type Paces, type PollsBudget, pacesOf } from './pacing.ts';

export interface CallLimits {
  readonly callsPerSecond: number;
  /** The largest burst: unused calls are saved up to this number. */
  readonly callsAtOnce: number;
}

/**
 * Default limits for Step Functions. AWS allows 20 calls a second and 400 at once. The difference leaves room
 * for other callers in the account, and for a clock that is slightly fast. The limits are still high enough
 * for many first pages at the same time, and for walks through long histories.
 */
export const CALLS_PER_SECOND = 15;
export const CALLS_AT_ONCE = 100;
/** The part of the calls per second that polls may use. The rest is for reads. */
export const POLLS_SHARE = 0.75;
/**
 * The part of the calls per second that polls may use while reads wait. It is smaller than POLLS_SHARE,
 * because polls are served first and must leave room for reads.
 */
export const POLLS_SHARE_WHILE_READING = 0.6;
/**
 * If all polls together need less than this part of the calls per second, executions without new messages are
 * polled more often, until polls use this part.
 */
export const SPARE_SHARE = 0.75;
/**
 * A call that would wait longer than this for its turn fails. If the call is a poll, its subscribers stay
 * connected, and the poll is retried.
 */
export const TURN_MS_MAX = 10_000;
/**
 * The same limit for calls of background work. They can wait longer, because no caller waits for the work,
 * and a retry of the work would start from the beginning.
 */
export const BACKGROUND_TURN_MS_MAX = 60_000;
/**
 * How often a waiting call checks whether its turn has come earlier than estimated. Other calls may have left
 * the queue, or the call's priority may have been raised.
 */
const POLL_MS = 200;
/** The longest retry time given to a caller. After this time, the queue has changed anyway. */
const RETRY_MS_MAX = 60_000;

export type Permit =
  | { readonly ok: true; readonly waitedMs: number }
  /**
   * `share-exceeded`: the tenant has exceeded its share while other tenants read. `exhausted`: the budget is
   * used up.
   */
  | {
      readonly ok: false;
      readonly because: 'share-exceeded' | 'exhausted';
      readonly retryAfterSeconds: number;
    };

export interface CallBudget {
  /**
   * Waits for the permit to make a call about this execution. If the wait would be too long, or `signal`
   * aborts, the permit is refused, with a time to retry.
   */
  take(executionId: string, origin: CallOrigin, signal?: AbortSignal): Promise<Permit>;
  /** See `Source.raisePriority`. */
  raisePriority(executionId: string, origin: CallOrigin): void;
  /**
   * Counts a call that was made without a permit, such as a retry. Later calls wait longer, especially those
   * of the same tenant.
   */
  spent(origin: CallOrigin): void;
  /** Gives an unused permit back to the budget. */
  giveBack(): void;
  /**
   * Returns the interval between polls of this execution. `wantedMs` is the interval that the execution wants.
   * `tenants` are the tenants whose listeners follow it. The result is longer than `wantedMs` if the budget is
   * used up, and can be shorter if the budget has room. Call this at each poll: an execution stops counting
   * when the calls stop.
   */
  pace(executionId: string, wantedMs: number, tenants: readonly string[]): number;
}

export interface CallBudgetOptions extends Partial<CallLimits> {
  readonly clock: Clock;
}

/** The budget of a process that makes all calls of an account itself. */
export function createCallBudget(options: CallBudgetOptions): CallBudget {
  const { clock, callsPerSecond = CALLS_PER_SECOND, callsAtOnce = CALLS_AT_ONCE } = options;
  const bucket = new TokenBucket(callsPerSecond, callsAtOnce, clock.now());
  const queue = new CallQueue({ tenantWaitingMax: tenantWaitingMax(callsPerSecond) });
  const followers = new Followers();
  /** Limits polls while reads wait, because poll intervals adapt slowly. Has room for at least one call. */
  const pollsRate = callsPerSecond * POLLS_SHARE_WHILE_READING;
  const polls = new TokenBucket(pollsRate, Math.max(1, callsPerSecond / 2), clock.now());
  let paces: Paces = new Map();

  const turnInMs = (call: WaitingCall, now: number) => bucket.waitMs(queue.aheadOf(call) + 1, now);

  function grant(now: number): void {
    while (queue.size > 0 && bucket.available(now) > 0) {
      const isPoll = queue.polls > 0 && polls.available(now) > 0;
      if (isPoll) polls.spend(1, now);
      void (isPoll ? queue.grantPoll(now) : queue.grantRead(now));
      bucket.spend(1, now);
    }
  }

  return {
    async take(executionId, origin, signal) {
      const beganAtMs = clock.now();
      const call = queue.add(executionId, origin, beganAtMs);
      if (!call) return refusal(queue, origin, beganAtMs, TURN_MS_MAX);
      const untilMs = beganAtMs + turnMsMax(origin);
      for (;;) {
        const now = clock.now();
        grant(now);
        if (call.granted) {
          if (!signal?.aborted) return { ok: true, waitedMs: now - beganAtMs };
          bucket.add(1);
          return callerLeft;
        }
        const inMs = turnInMs(call, now);
        // Fail immediately if the queue is already too long. Once the call waits, only its time limit counts,
        // because new calls can change the estimate.
        if (signal?.aborted || now >= untilMs || (now === beganAtMs && inMs > untilMs - now)) {
          queue.remove(call);
          return signal?.aborted ? callerLeft : refusal(queue, call.origin, now, inMs);
        }
        await clock.sleep(Math.ceil(Math.min(inMs, untilMs - now, POLL_MS)), signal);
      }
    },
    raisePriority: (executionId, origin) => queue.raisePriority(executionId, origin),
    spent: (origin) => {
      bucket.spend(1, clock.now());
      queue.charge(origin);
    },
    giveBack: () => bucket.add(1),
    pace: (executionId, wantedMs, tenants) => {
      const now = clock.now();
      followers.follow(executionId, { wantedMs, tenants }, paces, now);
      const readsWait = queue.size > queue.polls + queue.background;
      paces = pacesOf(followers.demand(now), pollsBudget(callsPerSecond, readsWait));
      return followers.intervalMs(executionId, paces) ?? wantedMs;
    },
  };
}

/**
 * The rates at which polls may use a budget. They are lower than the polls' shares, because jitter makes
 * polls more frequent than their intervals say.
 */
export const pollsBudget = (callsPerSecond: number, readsWait: boolean): PollsBudget => {
  const intervalsPerSecond = callsPerSecond / POLLS_PER_INTERVAL;
  return {
    callsPerSecond: intervalsPerSecond * (readsWait ? POLLS_SHARE_WHILE_READING : POLLS_SHARE),
    spareCallsPerSecond: intervalsPerSecond * (readsWait ? POLLS_SHARE_WHILE_READING : SPARE_SHARE),
  };
};

/**
 * Maximum number of waiting calls of one tenant: as many as the budget allows within TURN_MS_MAX. Further
 * calls would wait longer than that, and fail.
 */
export const tenantWaitingMax = (callsPerSecond: number): number =>
  Math.ceil((callsPerSecond * TURN_MS_MAX) / 1000);

export const turnMsMax = ({ class: of }: CallOrigin): number =>
  of === 'background' ? BACKGROUND_TURN_MS_MAX : TURN_MS_MAX;

export const callerLeft: Permit = { ok: false, because: 'exhausted', retryAfterSeconds: 1 };

/**
 * Returns the refusal of a call, with the reason. A tenant has exceeded its share if it has other calls
 * waiting, and readers of another tenant have called in the last TURN_MS_MAX. `othersCalled` is true if such
 * a reader has called in another isolate.
 */
export function refusal(
  queue: CallQueue,
  origin: CallOrigin,
  nowMs: number,
  inMs: number,
  othersCalled = false,
): Permit {
  const exceeds =
    origin.class === 'reader' &&
    queue.waitingOf(origin.tenant) > 0 &&
    (othersCalled || queue.othersCalledSince(origin.tenant, nowMs - TURN_MS_MAX));
  return {
    ok: false,
    because: exceeds ? 'share-exceeded' : 'exhausted',
    // At least one second, the smallest value of a Retry-After header.
    retryAfterSeconds: Math.max(1, Math.ceil(Math.min(inMs, RETRY_MS_MAX) / 1000)),
  };
}

/** Makes one budget for each name, on first use. The caller must bound the number of names. */
export function createCallBudgets(
  make: (name: string, limits: CallLimits) => CallBudget,
): (name: string, limits: CallLimits) => CallBudget {
  const budgets = new Map<string, CallBudget>();
  return (name, limits) => {
    const known = budgets.get(name);
    if (known) return known;
    const made = make(name, limits);
    budgets.set(name, made);
    return made;
  };
}
