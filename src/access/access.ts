/** Wires up authentication and authorisation for the entry files. Contains no logic of its own. */
import type { RandomBytes } from '../core/base62.ts';
import type { Clock } from '../core/clock.ts';
import type { Result } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { type Sha256, sha256 as sha256ByNode } from '../core/sha256.ts';
import type { KeyValueStore } from '../storage/key-value.ts';
import { type AuthenticateAdmin, createAuthenticateAdmin } from './admin-token.ts';
import { Authenticator } from './authenticate.ts';
import type { Caller } from './caller.ts';
import { CredentialCache } from './keys/credential-cache.ts';
import { KeyAdministration } from './keys/key-administration.ts';
import { createNoteUse, type NoteUse } from './keys/key-use.ts';
import { createFailedAuthentications } from './limits/failed-authentications.ts';
import type { RateLimiter } from './limits/rate-limit.ts';
import type { RateTier } from '../core/rate-tier.ts';
import { type CreatedTicket, createTicket, type TicketRequest } from './create-ticket.ts';
import {
  createListStillAllowed,
  createStillAllowed,
  type ListStillAllowed,
  type StillAllowed,
} from './still-allowed.ts';
import { ticketKeys } from './ticket.ts';

export interface AccessPorts {
  readonly store: KeyValueStore;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly tiers: Readonly<Record<RateTier, RateLimiter>>;
  /** If absent, `node:crypto` is used. */
  readonly sha256?: Sha256;
  readonly failedAuthentications: RateLimiter;
  readonly signingSecret: string;
  readonly signingSecretPrevious?: string;
  readonly adminToken?: string;
}

export interface Access {
  readonly keys: KeyAdministration;
  readonly authenticator: Authenticator;
  /** Absent if the admin API is off. */
  readonly authenticateAdmin?: AuthenticateAdmin;
  readonly stillAllowed: StillAllowed;
  readonly listStillAllowed: ListStillAllowed;
  readonly noteUse: NoteUse;
  createTicket(caller: Caller, executionId: string, request: TicketRequest): Promise<Result<CreatedTicket>>;
}

/** Call this once per isolate or process: requests share the caches in the result. */
export function createAccess(ports: AccessPorts): Access {
  const { store, clock, random, log, tiers, sha256 = sha256ByNode } = ports;
  const credentials = new CredentialCache({ store, clock, log });
  const failures = createFailedAuthentications(ports.failedAuthentications, clock);
  const keys = ticketKeys(ports.signingSecret, ports.signingSecretPrevious);
  const authenticateAdmin = createAuthenticateAdmin(ports.adminToken, failures);
  return {
    keys: new KeyAdministration({ store, credentials, clock, random, log }),
    authenticator: new Authenticator({ credentials, failures, tiers, ticketKeys: keys, sha256, clock }),
    ...(authenticateAdmin !== undefined && { authenticateAdmin }),
    stillAllowed: createStillAllowed({ credentials, clock }),
    listStillAllowed: createListStillAllowed({ credentials, clock }),
    noteUse: createNoteUse({ store, clock, log }),
    createTicket: (caller, executionId, request) =>
      createTicket(caller, executionId, request, { clock, random, keys }),
  };
}
