/**
 * The budget of one isolate among many: it leases a share of the account's budget for some seconds, and requests the next one
 * when that has expired or is used up. Its executions share values, never a promise: on Workers a promise belongs to the object
 * that made it. A caller that finds a request in flight checks again a little later.
 */
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { type CallBudget, tooLong, TURN_MS_MAX } from './call-budget.ts';
import { CallBucket } from './bucket.ts';
import { callsPerSecondOf, Followers } from './pacing.ts';
import type { Share, ShareRequest } from './leases.ts';

/** Bound of saved calls. A share's rate is for polls, one at a time, and many isolates could save up many calls. */
const SAVED_CALLS_MAX = 1;
/** Waits are slept in steps of this, since the next share may shorten them. */
const NEAR_MS = 1_000;
/** Single calls per request while requests follow one another, as in a walk through a history. */
const CALLS_MORE = 7;
const WALK_MS = 5_000;
/** A request without an answer by then counts as lost. */
const ASK_MS_MAX = 5_000;
/** Demand that has grown by this factor requests a new share before the lease ends. */
const GROWN = 1.2;
/** How often a caller checks whether another caller's request is done. */
const LOOK_MS = 50;
/** The rate without an answer: low, so that many isolates together still stay within the budget. */
const ALONE: Share = {
  callsPerSecond: 0.2,
  calls: 1,
  pollIntervalMs: 15_000,
  validMs: 10_000,
  askAgainMs: 10_000,
};

export interface SharedCallBudgetOptions {
  /** Unique among isolates. */
  readonly holder: string;
  /** Requests a lease. If it throws, the isolate continues on its own, slowly. */
  readonly ask: (request: ShareRequest) => Promise<Share>;
  readonly clock: Clock;
  readonly log: Log;
}

export function createSharedCallBudget({ holder, ask, clock, log }: SharedCallBudgetOptions): CallBudget {
  const bucket = new CallBucket(0, SAVED_CALLS_MAX, clock.now(), 0);
  const followers = new Followers();
  let share: Share = { ...ALONE, pollIntervalMs: 0 };
  let validUntilMs = 0;
  let askedAtMs = -Infinity;
  let askableAtMs = 0;
  let askingUntilMs = 0;
  /** Calls that wait for a turn. */
  let waiting = 0;

  async function renew(): Promise<void> {
    const beganAtMs = clock.now();
    askingUntilMs = beganAtMs + ASK_MS_MAX;
    const calls = waiting + (beganAtMs - askedAtMs < WALK_MS ? CALLS_MORE : 0);
    try {
      share = await ask({ holder, demand: followers.demand(beganAtMs), calls });
    } catch (error) {
      log({ event: 'call-budget-unreachable', level: 'warn', reason: String(error) });
      share = ALONE;
    }
    const now = clock.now();
    askingUntilMs = 0;
    askedAtMs = now;
    askableAtMs = now + (share.calls > 0 ? 0 : share.askAgainMs);
    validUntilMs = now + share.validMs;
    bucket.setRate(share.callsPerSecond, now);
    bucket.add(share.calls);
  }

  /** An expired share gives no turns. */
  function turnInMs(now: number): number {
    if (now >= validUntilMs) bucket.setRate(0, now);
    return bucket.waitMs(now);
  }

  /** Whether to request another share. */
  function isShort(now: number, inMs: number, leftMs: number): boolean {
    if (now >= validUntilMs || inMs > leftMs) return true;
    const fair = callsPerSecondOf(followers.demand(now), share.pollIntervalMs);
    return fair > share.callsPerSecond * GROWN;
  }

  return {
    async take(signal) {
      const beganAtMs = clock.now();
      waiting++;
      try {
        for (;;) {
          const now = clock.now();
          const leftMs = beganAtMs + TURN_MS_MAX - now;
          const inMs = turnInMs(now);
          const near = inMs <= Math.min(NEAR_MS, leftMs);
          if (signal?.aborted || (leftMs <= 0 && !near)) return tooLong(Math.min(inMs, TURN_MS_MAX));
          if (near) {
            bucket.reserve(now, leftMs);
            if (inMs > 0) await clock.sleep(inMs, signal);
            return { ok: true, waitedMs: now - beganAtMs + inMs };
          }
          if (now < askingUntilMs) await clock.sleep(LOOK_MS, signal);
          else if (now >= askableAtMs && isShort(now, inMs, leftMs)) await renew();
          else await clock.sleep(Math.min(NEAR_MS, leftMs), signal);
        }
      } finally {
        waiting--;
      }
    },
    spent: () => bucket.spend(1, clock.now()),
    giveBack: () => bucket.add(1),
    pace: (executionId, wantedMs) => {
      followers.follow(executionId, wantedMs, clock.now());
      return share.pollIntervalMs;
    },
  };
}
