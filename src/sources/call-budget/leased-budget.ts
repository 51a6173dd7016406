/**
 * The budget of one isolate among many. It leases a part of the account's budget for some seconds, and
 * requests the next lease when that one has expired or is used up. A lease has a rate, for polls, and single
 * calls, for reads. So reads never use up the calls of polls.
 *
 * Its executions share values, never a promise: on Workers a promise belongs to the object that made it. So
 * calls wait as records in one queue (call-queue.ts). Each caller that wakes grants all calls that can be
 * granted, then checks whether its own call is one of them. While one caller requests a lease, the others
 * check again a little later.
 */
import { createHash } from 'node:crypto';

import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { CallOrigin } from '../source.ts';
import { TokenBucket } from '../../core/token-bucket.ts';
import { POLLS_PER_INTERVAL } from '../poll-jitter.ts';
import {
  type CallBudget,
  type CallLimits,
  TURN_MS_MAX,
  callerLeft,
  refusal,
  tenantWaitingMax,
  turnMsMax,
} from './call-budget.ts';
import { CallQueue, type WaitingCall, readingTenant } from './call-queue.ts';
import { OTHERS, boundedDemand } from './demand.ts';
import { Followers } from './followers.ts';
import type { LeaseGrant, LeaseRequest } from './leases.ts';
import { callsPerSecondAt, type Paces } from './pacing.ts';

/**
 * Calls that the rate yields in this time are saved if they are not used, at least one. So polls that
 * coincide do not wait for each other, and all isolates together save no more than the budget of this time.
 */
const SAVED_MS_MAX = 1_000;
/** For a call whose turn comes within this time, no lease is requested. */
const NEAR_MS = 1_000;
/** A waiting call checks at least this often, because the next lease may shorten its wait. */
const STEP_MS = 250;
/**
 * Single calls that are requested in advance while requests follow one another, as in a walk through a
 * history.
 */
const CALLS_SOON = 7;
const WALK_MS = 5_000;
/** A request without an answer by then counts as lost. */
const ASK_MS_MAX = 5_000;
/**
 * If the polls need more than the leased rate by this factor, a new lease is requested before this one ends.
 */
const GROWN = 1.05;
/** How often a caller checks whether another caller's request is done. */
const POLL_MS = 50;
/**
 * Bounds the tenants that a request names. All others count as one tenant. If too many tenants wait, those
 * with the most calls are not named.
 */
export const TENANTS_NAMED_MAX = 32;
/** Used if the request fails. Its rate is so low that many isolates together still stay within the budget. */
const ALONE: LeaseGrant = {
  callsPerSecond: 0.2,
  calls: 1,
  paces: [{ tenant: OTHERS, leastMs: 15_000, mostMs: Infinity }],
  validMs: 10_000,
  askAgainMs: 10_000,
  called: [],
};

export interface LeasedBudgetOptions {
  /** Unique among isolates. */
  readonly holder: string;
  readonly limits: CallLimits;
  /** Requests a lease. If it throws, the isolate continues on its own, slowly. */
  readonly ask: (request: LeaseRequest) => Promise<LeaseGrant>;
  readonly clock: Clock;
  readonly log: Log;
}

export function createLeasedBudget(options: LeasedBudgetOptions): CallBudget {
  const { holder, limits, ask, clock, log } = options;
  const rate = new TokenBucket(0, 1, clock.now(), 0);
  const queue = new CallQueue({ tenantWaitingMax: tenantWaitingMax(limits.callsPerSecond) });
  const followers = new Followers();
  /**
   * Single calls that were granted and are not used yet. Negative after calls that were made without a turn.
   */
  let singles = 0;
  let lease: LeaseGrant = { ...ALONE, paces: [] };
  let paces: Paces = new Map();
  let validUntilMs = 0;
  let askedAtMs = -Infinity;
  let askableAtMs = 0;
  let askingUntilMs = 0;
  /** Tenants whose readers waited at the last request. */
  let askedFor: ReadonlySet<string> = new Set();
  /** See `WaitingCalls.charges`. */
  const charges = new Map<string, number>();

  const demand = (now: number) => boundedDemand(followers.demand(now), TENANTS_NAMED_MAX);

  async function renew(): Promise<void> {
    const beganAtMs = clock.now();
    askingUntilMs = beganAtMs + ASK_MS_MAX;
    const soon = beganAtMs - askedAtMs < WALK_MS ? CALLS_SOON : 0;
    const readers = queue.readers();
    askedFor = new Set(readers.keys());
    const { size, background } = queue;
    const polls = size - background - [...readers.values()].reduce((sum, calls) => sum + calls, 0);
    const waiting = {
      polls,
      readers: boundedCounts(readers),
      background,
      soon,
      ...(charges.size > 0 && { charges: largestCharges(charges) }),
    };
    charges.clear();
    try {
      lease = await ask({ holder, limits, demand: demand(beganAtMs), waiting });
      // During a deployment the object may still run the version before.
      if (!Array.isArray(lease.paces)) throw new TypeError('the budget object runs another version');
    } catch (error) {
      log({ event: 'call-budget-unreachable', level: 'warn', reason: String(error) });
      lease = ALONE;
    }
    const now = clock.now();
    askingUntilMs = 0;
    askedAtMs = now;
    askableAtMs = now + (lease.calls > 0 || lease.pollCalls ? 0 : lease.askAgainMs);
    validUntilMs = now + lease.validMs;
    paces = new Map(lease.paces.map(({ tenant, ...pace }) => [tenant, pace]));
    rate.setRate(lease.callsPerSecond, now, Math.max(1, (lease.callsPerSecond * SAVED_MS_MAX) / 1_000));
    singles += lease.calls;
    rate.add(lease.pollCalls ?? 0);
    for (const { tenant, calls } of lease.charged ?? []) noteCharge(tenant, -calls);
  }

  function grantWaiting(now: number): void {
    // An expired lease grants no calls. Its saved calls are kept for the next lease, which the next poll
    // requests.
    const isValid = now < validUntilMs;
    if (!isValid) rate.setRate(0, now);
    while (queue.size > 0) {
      const byRate = isValid && queue.polls > 0 && rate.available(now) > 0;
      if (!byRate && singles < 1) return;
      const granted = byRate ? queue.grantPoll(now) : queue.grantRead(now, servedNext());
      if (byRate) rate.spend(1, now);
      else singles--;
      if (granted?.payer !== undefined) noteCharge(granted.payer, 1);
    }
  }

  /**
   * A tenant that the object has charged for a single call: only the object knows whose turn it is among all
   * isolates.
   */
  function servedNext(): string | undefined {
    for (const [tenant, calls] of charges) if (calls < 0 && queue.waitingOf(tenant) > 0) return tenant;
    return undefined;
  }

  function noteCharge(tenant: string, calls: number): void {
    charges.set(tenant, (charges.get(tenant) ?? 0) + calls);
  }

  function turnInMs(call: WaitingCall, now: number): number {
    const calls = queue.aheadOf(call) + 1 - Math.max(0, singles);
    if (calls <= 0) return 0;
    return call.place.class === 'poll' && now < validUntilMs ? rate.waitMs(calls, now) : Infinity;
  }

  /** Whether to request another lease for this call. */
  function isShort(call: WaitingCall, now: number, inMs: number, leftMs: number): boolean {
    const needed = callsPerSecondAt(demand(now), paces) * POLLS_PER_INTERVAL;
    // Executions are followed that the lease does not count.
    if (now < validUntilMs && needed > lease.callsPerSecond * GROWN) return true;
    // A read may get a single call sooner than the rate allows, even if a poll that needs it has moved it to
    // the polls.
    if (readingTenant(call) !== undefined) return inMs > 0;
    if (inMs <= Math.min(NEAR_MS, leftMs)) return false;
    return now >= validUntilMs || inMs > leftMs;
  }

  /** The budget does not know yet that this call's tenant waits. */
  function isNew(call: WaitingCall): boolean {
    const tenant = readingTenant(call);
    return tenant !== undefined && !askedFor.has(tenant);
  }

  /** Readers of other tenants have called lately, as the last answer reported. */
  const othersCalled = (origin: CallOrigin, now: number): boolean =>
    origin.class === 'reader' &&
    now - askedAtMs < TURN_MS_MAX &&
    lease.called.some((tenant) => tenant !== origin.tenant);

  return {
    async take(executionId, of, signal) {
      const origin = hashedOrigin(of);
      const beganAtMs = clock.now();
      const untilMs = beganAtMs + turnMsMax(origin);
      const call = queue.add(executionId, origin, beganAtMs);
      if (!call) return refusal(queue, origin, beganAtMs, TURN_MS_MAX, othersCalled(origin, beganAtMs));
      for (;;) {
        const now = clock.now();
        grantWaiting(now);
        if (call.granted) {
          if (!signal?.aborted) return { ok: true, waitedMs: now - beganAtMs };
          singles++;
          return callerLeft;
        }
        const inMs = turnInMs(call, now);
        const leftMs = untilMs - now;
        if (signal?.aborted || leftMs <= 0) {
          queue.remove(call);
          if (signal?.aborted) return callerLeft;
          return refusal(queue, origin, now, Math.min(inMs, TURN_MS_MAX), othersCalled(origin, now));
        }
        const short = isShort(call, now, inMs, leftMs);
        if (now < askingUntilMs) await clock.sleep(POLL_MS, signal);
        else if (short && (now >= askableAtMs || isNew(call))) await renew();
        else {
          const askInMs = short ? Math.max(POLL_MS, askableAtMs - now) : Infinity;
          await clock.sleep(Math.ceil(Math.min(inMs, leftMs, askInMs, STEP_MS)), signal);
        }
      }
    },
    raisePriority: (executionId, origin) => queue.raisePriority(executionId, hashedOrigin(origin)),
    spent: (of) => {
      const origin = hashedOrigin(of);
      if (origin.class === 'poll') rate.spend(1, clock.now());
      else singles--;
      queue.charge(origin);
      if (origin.class === 'reader') noteCharge(origin.tenant, 1);
    },
    giveBack: () => {
      singles++;
    },
    pace: (executionId, wantedMs, tenants) => {
      followers.follow(executionId, { wantedMs, tenants: tenants.map(hashed) }, paces, clock.now());
      return followers.intervalMs(executionId, paces) ?? wantedMs;
    },
  };
}

/**
 * Only hashes of tenants leave this isolate and are stored. Names of owners are only in the records of keys.
 */
const hashed = (tenant: string): string =>
  createHash('sha256').update(tenant).digest('base64url').slice(0, 12);

const hashedOrigin = (origin: CallOrigin): CallOrigin =>
  origin.class === 'reader' ? { class: 'reader', tenant: hashed(origin.tenant) } : origin;

/**
 * Names the tenants with the fewest calls. If some have equally many, it prefers those that have waited
 * longest. The other tenants share one turn, so a tenant with few calls must not be among them.
 */
export function boundedCounts(counts: ReadonlyMap<string, number>): [tenant: string, count: number][] {
  const fewest = [...counts].toSorted(([, a], [, b]) => a - b);
  const others = fewest.slice(TENANTS_NAMED_MAX).reduce((sum, [, count]) => sum + count, 0);
  return [
    ...fewest.slice(0, TENANTS_NAMED_MAX),
    ...(others > 0 ? [[OTHERS, others] satisfies [string, number]] : []),
  ];
}

/** The largest charges, at most as many as a request may name. Smaller ones are dropped. */
const largestCharges = (charges: ReadonlyMap<string, number>): [tenant: string, calls: number][] =>
  [...charges]
    .filter(([, calls]) => calls !== 0)
    .toSorted(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .slice(0, TENANTS_NAMED_MAX);
