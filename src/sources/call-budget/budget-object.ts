/**
 * The call budget of an account as a Durable Object, and the CallBudget that an isolate leases from it. The
 * object stores the leases, because an idle object is evicted within seconds.
 */
import { DurableObject } from 'cloudflare:workers';
import * as z from 'zod/mini';

import type { Clock } from '../../core/clock.ts';
import { systemClock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { CallBudget, CallLimits } from './call-budget.ts';
import { createLeasedBudget } from './leased-budget.ts';
import { type Lease, Leases, type LeaseGrant, type LeaseRequest } from './leases.ts';

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

  /** Do not rename this RPC method: during a deployment, isolates of the previous version still call it. */
  async share(request: LeaseRequest): Promise<LeaseGrant> {
    const nowMs = systemClock.now();
    const leases = await this.#leasesWithin(request.limits, nowMs);
    const expired = leases.forgetExpired(nowMs);
    const { grant, lease } = leases.renew(request, nowMs);
    // Not awaited: the platform coalesces such writes, and resets the object if one fails.
    void this.ctx.storage.put(LEASE + request.holder, lease);
    for (const holder of expired) void this.ctx.storage.delete(LEASE + holder);
    return grant;
  }

  /**
   * Returns the leases under these limits. During a deployment, isolates of the previous version might send
   * other limits. The limits of the last request apply.
   */
  async #leasesWithin(limits: CallLimits, nowMs: number): Promise<Leases> {
    const known = this.#leases;
    if (known?.isWithin(limits)) return known;
    const leases = known?.all ?? (await this.#load());
    // Another request might have loaded the leases during this wait.
    if (this.#leases?.isWithin(limits)) return this.#leases;
    return (this.#leases = new Leases({ nowMs, limits, leases }));
  }

  async #load(): Promise<[holder: string, Lease][]> {
    const stored = await this.ctx.storage.list({ prefix: LEASE });
    const leases: [string, Lease][] = [];
    for (const [key, value] of stored) {
      const lease = z.safeParse(leaseSchema, value).data;
      if (lease) leases.push([key.slice(LEASE.length), lease]);
      // An older version stored this lease, so the isolate that held it no longer runs.
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

/** Returns the part of the named budget that this isolate leases. */
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
