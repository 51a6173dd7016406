/**
 * The budget of an account as a Durable Object, and the port that reaches it. One object for each budget
 * leases shares for some seconds. Leases are stored, since an idle object is evicted within seconds. Platform
 * file.
 */
import { DurableObject } from 'cloudflare:workers';
import * as z from 'zod/mini';

import type { Clock } from '../../core/clock.ts';
import { systemClock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { CallBudget, CallLimits } from './call-budget.ts';
import { createLeasedBudget } from './leased-budget.ts';
import { type Lease, Leases, type Share, type ShareRequest } from './leases.ts';

const LEASE = 'lease/';

const tenantDemandSchema = z.array(z.tuple([z.number(), z.number()]));
const leaseSchema = z.object({
  callsPerSecond: z.number(),
  demand: z.array(
    z.union([
      z.tuple([z.string(), tenantDemandSchema]),
      // The third member is the number of tenants whose demand this is.
      z.tuple([z.string(), tenantDemandSchema, z.number()]),
    ]),
  ),
  expiresAtMs: z.number(),
});

/** The class of the binding BUDGETS. */
export class CallBudgetObject extends DurableObject {
  #leases: Leases | undefined;

  async share(request: ShareRequest): Promise<Share> {
    const nowMs = systemClock.now();
    const leases = await this.#leasesWithin(request.limits, nowMs);
    const expired = leases.forgetExpired(nowMs);
    const { share, lease } = leases.share(request, nowMs);
    // Not awaited: the platform combines such writes, and resets the object if one fails.
    void this.ctx.storage.put(LEASE + request.holder, lease);
    for (const holder of expired) void this.ctx.storage.delete(LEASE + holder);
    return share;
  }

  /** Isolates of an older deployment may have other limits, for a while: the last request decides. */
  async #leasesWithin(limits: CallLimits, nowMs: number): Promise<Leases> {
    const known = this.#leases;
    if (known?.isWithin(limits)) return known;
    const leases = known?.all ?? (await this.#load());
    // Another request may have loaded them meanwhile.
    if (this.#leases?.isWithin(limits)) return this.#leases;
    return (this.#leases = new Leases({ nowMs, limits, leases }));
  }

  async #load(): Promise<[holder: string, Lease][]> {
    const stored = await this.ctx.storage.list({ prefix: LEASE });
    const leases: [string, Lease][] = [];
    for (const [key, value] of stored) {
      const lease = z.safeParse(leaseSchema, value).data;
      if (lease) leases.push([key.slice(LEASE.length), lease]);
      // An older version stored it: its isolate is gone.
      else void this.ctx.storage.delete(key);
    }
    return leases;
  }
}

export interface ObjectCallBudgetOptions {
  readonly namespace: DurableObjectNamespace<CallBudgetObject>;
  /** `step-functions/us-west-2:123456789012`. */
  readonly name: string;
  readonly limits: CallLimits;
  readonly locationHint?: DurableObjectLocationHint;
  readonly clock: Clock;
  readonly log: Log;
}

/** This isolate's share of the budget with this name. */
export function createObjectCallBudget(options: ObjectCallBudgetOptions): CallBudget {
  const { namespace, name, limits, locationHint, clock, log } = options;
  return createLeasedBudget({
    holder: crypto.randomUUID(),
    limits,
    clock,
    log,
    // A stub that threw must not be used again, so each request gets a new one.
    ask: (request) =>
      namespace
        .get(namespace.idFromName(name), locationHint === undefined ? {} : { locationHint })
        .share(request),
  });
}
