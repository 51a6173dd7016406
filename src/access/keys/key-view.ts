/** A key as shown to admins: everything except the secret, which cannot be shown again. */
import type { PayloadAccess } from '../../messages/payload-access.ts';
import { endsOfCredential, type KeyRecords } from './key-record.ts';
import type { RateTier } from '../../core/rate-tier.ts';

export interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly owner?: string;
  readonly status: 'active' | 'expired' | 'revoked';
  /** All times are ISO 8601, UTC. */
  readonly createdAt: string;
  readonly changedAt?: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
  /** Precise to an hour. Absent if the key was never used or its use is not yet recorded. */
  readonly lastUsedAt?: string;
  readonly executions: readonly string[];
  readonly payloads: PayloadAccess;
  readonly tickets: boolean;
  readonly tier: RateTier;
  readonly streamLimit: number;
  readonly totalStreamLimit: number;
  /** Newest first. `expiresAt` is present if a rotation ends the credential. */
  readonly credentials: readonly {
    readonly id: string;
    readonly createdAt: string;
    readonly expiresAt?: string;
  }[];
}

export function keyView({ facts, state, rotation }: KeyRecords, nowMs: number, lastUsedAt?: string): KeyView {
  const { keyId, name, owner, createdAt, changedAt, expiresAt } = facts;
  const { executions, payloads, tickets, tier, streamLimit, totalStreamLimit } = facts;
  const isExpired = expiresAt !== undefined && Date.parse(expiresAt) <= nowMs;
  return {
    id: keyId,
    name,
    ...(owner !== undefined && { owner }),
    status: state.revokedAt !== undefined ? 'revoked' : isExpired ? 'expired' : 'active',
    createdAt,
    ...(changedAt !== undefined && { changedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(state.revokedAt !== undefined && { revokedAt: state.revokedAt }),
    ...(lastUsedAt !== undefined && { lastUsedAt }),
    executions,
    payloads,
    tickets,
    tier,
    streamLimit,
    totalStreamLimit,
    credentials: rotation.credentials.map((credential) => {
      const ends = endsOfCredential(rotation, credential.createdAt);
      return {
        ...credential,
        ...(ends.length > 0 && { expiresAt: new Date(Math.min(...ends)).toISOString() }),
      };
    }),
  };
}
