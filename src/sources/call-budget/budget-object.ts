/**
 * The budget of an account as a Durable Object, and the port that reaches it. One object for each budget leases shares for
 * some seconds. Leases are stored, since an idle object is evicted within seconds. Platform file.
 */
import { DurableObject } from 'cloudflare:workers';

import type { Clock } from '../../core/clock.ts';
import { systemClock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { CallBudget } from './call-budget.ts';
import { createSharedCallBudget } from './leased-budget.ts';
import { CallBudgetShares, type Lease, type Share, type ShareRequest } from './leases.ts';

const LEASE = 'lease/';

/** The class of the binding BUDGETS. */
export class CallBudgetObject extends DurableObject {
  #shares: CallBudgetShares | undefined;

  async share(request: ShareRequest): Promise<Share> {
    const nowMs = systemClock.now();
    const shares = (this.#shares ??= await this.#load(nowMs));
    const expired = shares.forgetExpired(nowMs);
    const { share, lease } = shares.share(request, nowMs);
    // Not awaited: the platform combines such writes, and resets the object if one fails.
    void this.ctx.storage.put(LEASE + request.holder, lease);
    for (const holder of expired) void this.ctx.storage.delete(LEASE + holder);
    return share;
  }

  async #load(nowMs: number): Promise<CallBudgetShares> {
    const stored = await this.ctx.storage.list<Lease>({ prefix: LEASE });
    const leases = [...stored].map(([key, lease]) => [key.slice(LEASE.length), lease] as const);
    return this.#shares ?? new CallBudgetShares({ nowMs, leases });
  }
}

export interface ObjectCallBudgetOptions {
  readonly namespace: DurableObjectNamespace<CallBudgetObject>;
  /** `step-functions/us-west-2:123456789012`. */
  readonly name: string;
  readonly locationHint?: DurableObjectLocationHint;
  readonly clock: Clock;
  readonly log: Log;
}

/** This isolate's share of the budget with this name. */
export function createObjectCallBudget(options: ObjectCallBudgetOptions): CallBudget {
  const { namespace, name, locationHint, clock, log } = options;
  return createSharedCallBudget({
    holder: crypto.randomUUID(),
    clock,
    log,
    // A stub that threw must not be used again, so each request gets a new one.
    ask: (request) =>
      namespace
        .get(namespace.idFromName(name), locationHint === undefined ? {} : { locationHint })
        .share(request),
  });
}
