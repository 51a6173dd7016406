/**
 * The budget of one isolate among many: it leases a share of the account's budget for some seconds, and requests the next one
 * when that has expired or is used up. A share is a rate, for polls, and single calls, for reads: so reads never use up the
 * calls of polls.
 *
 * Its executions share values, never a promise: on Workers a promise belongs to the object that made it. So calls wait as
 * records in one queue (call-queue.ts). Each caller that wakes grants what can be granted, and looks whether its own call was.
 * A caller that finds a request in flight checks again a little later.
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
import type { Share, ShareRequest } from './leases.ts';
import { callsPerSecondAt, type Paces } from './pacing.ts';

/**
 * What is saved of a share's rate: the polls of so much time, so that executions whose polls coincide do not wait for each other, and
 * that all isolates together save no more than the budget of that time. At least one call.
 */
const SAVED_MS_MAX = 1_000;
/** A call that has its turn within this time needs no other share. */
const NEAR_MS = 1_000;
/** A call that waits looks again at least this often, since the next share may shorten its wait. */
const STEP_MS = 250;
/** Single calls per request while requests follow one another, as in a walk through a history. */
const CALLS_SOON = 7;
const WALK_MS = 5_000;
/** A request without an answer by then counts as lost. */
const ASK_MS_MAX = 5_000;
/** Polls that need more than the share by this factor request a new one before the lease ends. */
const GROWN = 1.05;
/** How often a caller checks whether another caller's request is done. */
const POLL_MS = 50;
/** Bounds the tenants that a request names. The others share as one. Of those whose calls wait, the greediest are the others. */
export const TENANTS_NAMED_MAX = 32;
/** The rate without an answer: low, so that many isolates together still stay within the budget. */
const ALONE: Share = {
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
  readonly ask: (request: ShareRequest) => Promise<Share>;
  readonly clock: Clock;
  readonly log: Log;
}

export function createLeasedBudget(options: LeasedBudgetOptions): CallBudget {
  const { holder, limits, ask, clock, log } = options;
  const rate = new TokenBucket(0, 1, clock.now(), 0);
  const queue = new CallQueue({ tenantWaitingMax: tenantWaitingMax(limits.callsPerSecond) });
  const followers = new Followers();
  /** Single calls that were granted and not used yet. Negative after calls without a turn. */
  let singles = 0;
  let share: Share = { ...ALONE, paces: [] };
  let paces: Paces = new Map();
  let validUntilMs = 0;
  let askedAtMs = -Infinity;
  let askableAtMs = 0;
  let askingUntilMs = 0;
  /** Tenants whose readers waited at the last request. */
  let askedFor: ReadonlySet<string> = new Set();
  /** See `WaitingCalls`. */
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
      share = await ask({ holder, limits, demand: demand(beganAtMs), waiting });
      // During a deployment the object may still run the version before.
      if (!Array.isArray(share.paces)) throw new TypeError('the budget object runs another version');
    } catch (error) {
      log({ event: 'call-budget-unreachable', level: 'warn', reason: String(error) });
      share = ALONE;
    }
    const now = clock.now();
    askingUntilMs = 0;
    askedAtMs = now;
    askableAtMs = now + (share.calls > 0 || share.pollCalls ? 0 : share.askAgainMs);
    validUntilMs = now + share.validMs;
    paces = new Map(share.paces.map(({ tenant, ...pace }) => [tenant, pace]));
    rate.setRate(share.callsPerSecond, now, Math.max(1, (share.callsPerSecond * SAVED_MS_MAX) / 1_000));
    singles += share.calls;
    rate.add(share.pollCalls ?? 0);
    for (const { tenant, calls } of share.charged ?? []) noteCharge(tenant, -calls);
  }

  function grantWaiting(now: number): void {
    // An expired share gives no turns. What was saved of it is kept for the next one, which the next poll requests.
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

  /** A tenant whose turn a single call was: the object knows the turns of all isolates. */
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

  /** Whether to request another share for this call. */
  function isShort(call: WaitingCall, now: number, inMs: number, leftMs: number): boolean {
    const needed = callsPerSecondAt(demand(now), paces) * POLLS_PER_INTERVAL;
    // Executions are followed that the lease does not count.
    if (now < validUntilMs && needed > share.callsPerSecond * GROWN) return true;
    // A single call may come sooner than the rate allows, also for a read that a poll has moved to the polls.
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
    share.called.some((tenant) => tenant !== origin.tenant);

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

/** Owners are named nowhere but in their keys' records: what leaves this isolate, and is stored, is a hash. */
const hashed = (tenant: string): string =>
  createHash('sha256').update(tenant).digest('base64url').slice(0, 12);

const hashedOrigin = (origin: CallOrigin): CallOrigin =>
  origin.class === 'reader' ? { class: 'reader', tenant: hashed(origin.tenant) } : origin;

/**
 * Names the tenants with the fewest calls, of several with as many the ones that have waited longest. The others have one turn
 * together, so their calls must not include those of a tenant with fewer.
 */
export function boundedCounts(counts: ReadonlyMap<string, number>): [tenant: string, count: number][] {
  const fewest = [...counts].toSorted(([, a], [, b]) => a - b);
  const others = fewest.slice(TENANTS_NAMED_MAX).reduce((sum, [, count]) => sum + count, 0);
  return [
    ...fewest.slice(0, TENANTS_NAMED_MAX),
    ...(others > 0 ? [[OTHERS, others] satisfies [string, number]] : []),
  ];
}

/** The largest charges, as many as a request may name. Smaller ones are dropped. */
const largestCharges = (charges: ReadonlyMap<string, number>): [tenant: string, calls: number][] =>
  [...charges]
    .filter(([, calls]) => calls !== 0)
    .toSorted(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .slice(0, TENANTS_NAMED_MAX);
