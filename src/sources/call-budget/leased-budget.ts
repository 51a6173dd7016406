/**
 * The budget of one isolate among many. The isolate leases a part of the account's budget for some seconds.
 * It requests the next lease when the current one has expired or is used up. A lease has a rate, for polls,
 * and single calls, for reads. So reads never use up the calls of polls.
 *
 * The isolate's executions share values, never a promise: on Workers, a promise belongs to the object that
 * created it. So the waiting calls are records in one queue (call-queue.ts). Each waiting caller wakes up at
 * short intervals, grants all calls that the lease allows, and checks whether its own call was granted. While
 * one caller requests a lease, the others keep checking.
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
 * Unused calls of the rate are saved: as many as the rate yields in this time, but at least one. So
 * simultaneous polls do not wait for each other, and all isolates together cannot save up a large burst.
 */
const SAVED_MS_MAX = 1_000;
/** No lease is requested for a poll whose turn comes within this time. */
const NEAR_MS = 1_000;
/**
 * A waiting call checks at least this often whether it was granted, because the next lease can shorten its
 * wait.
 */
const STEP_MS = 250;
/**
 * The number of single calls requested in advance, if the last lease was requested less than WALK_MS ago.
 * This helps a walk through a history, which makes one call after another.
 */
const CALLS_SOON = 7;
const WALK_MS = 5_000;
/** A request for a lease counts as lost if it has no answer after this time. */
const ASK_MS_MAX = 5_000;
/**
 * If the polls need more than this factor times the leased rate, a new lease is requested before the current
 * one ends.
 */
const GROWN = 1.05;
/** How often a caller checks whether another caller's request for a lease is done. */
const POLL_MS = 50;
/**
 * Maximum number of tenants that a request for a lease names. All others count as one tenant. If too many
 * tenants wait, the ones with the fewest calls are named.
 */
export const TENANTS_NAMED_MAX = 32;
/**
 * The lease that an isolate uses if its request fails. The rate is so low that even many such isolates
 * together stay within the budget.
 */
const ALONE: LeaseGrant = {
  callsPerSecond: 0.2,
  calls: 1,
  paces: [{ tenant: OTHERS, leastMs: 15_000, mostMs: Infinity }],
  validMs: 10_000,
  askAgainMs: 10_000,
  called: [],
};

export interface LeasedBudgetOptions {
  /** This isolate's name, unique among isolates. */
  readonly holder: string;
  readonly limits: CallLimits;
  /** Requests a lease. If it throws, the isolate uses ALONE. */
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
   * Single calls that were granted to this isolate and are not used yet. Negative after calls without a
   * permit, such as retries.
   */
  let singles = 0;
  let lease: LeaseGrant = { ...ALONE, paces: [] };
  let paces: Paces = new Map();
  let validUntilMs = 0;
  let askedAtMs = -Infinity;
  let askableAtMs = 0;
  let askingUntilMs = 0;
  /** The tenants whose reads were waiting at the last request. */
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
      // During a deployment the object may still run the previous version.
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
    // The rate of an expired lease grants no calls. Its saved calls are kept for the next lease, which the
    // next poll requests.
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
   * Returns a waiting tenant that the budget object has already charged for a single call. This tenant is
   * served next, because only the object knows whose turn it is across all isolates.
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

  /** True if another lease must be requested for this call. */
  function isShort(call: WaitingCall, now: number, inMs: number, leftMs: number): boolean {
    const needed = callsPerSecondAt(demand(now), paces) * POLLS_PER_INTERVAL;
    // The lease is too small for all executions that are followed now.
    if (now < validUntilMs && needed > lease.callsPerSecond * GROWN) return true;
    // A new lease can grant a read a single call before the rate yields one, even if the read has moved to
    // the polls.
    if (readingTenant(call) !== undefined) return inMs > 0;
    if (inMs <= Math.min(NEAR_MS, leftMs)) return false;
    return now >= validUntilMs || inMs > leftMs;
  }

  /** True if this call is a read, and its tenant was not waiting yet at the last request for a lease. */
  function isNew(call: WaitingCall): boolean {
    const tenant = readingTenant(call);
    return tenant !== undefined && !askedFor.has(tenant);
  }

  /** True if the current lease reports that readers of other tenants have called recently. */
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
 * Hashes a tenant's name. Only hashes leave this isolate and are stored, so that no names of owners are
 * stored outside the records of keys.
 */
const hashed = (tenant: string): string =>
  createHash('sha256').update(tenant).digest('base64url').slice(0, 12);

const hashedOrigin = (origin: CallOrigin): CallOrigin =>
  origin.class === 'reader' ? { class: 'reader', tenant: hashed(origin.tenant) } : origin;

/**
 * Names the tenants with the fewest calls, and adds up the others as OTHERS. Among tenants with equally many
 * calls, names those that have waited longest. OTHERS gets the turns of a single tenant, so a tenant with few
 * calls must not be part of OTHERS.
 */
export function boundedCounts(counts: ReadonlyMap<string, number>): [tenant: string, count: number][] {
  const fewest = [...counts].toSorted(([, a], [, b]) => a - b);
  const others = fewest.slice(TENANTS_NAMED_MAX).reduce((sum, [, count]) => sum + count, 0);
  return [
    ...fewest.slice(0, TENANTS_NAMED_MAX),
    ...(others > 0 ? [[OTHERS, others] satisfies [string, number]] : []),
  ];
}

/** The largest charges, at most TENANTS_NAMED_MAX. Smaller ones are dropped. */
const largestCharges = (charges: ReadonlyMap<string, number>): [tenant: string, calls: number][] =>
  [...charges]
    .filter(([, calls]) => calls !== 0)
    .toSorted(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .slice(0, TENANTS_NAMED_MAX);
