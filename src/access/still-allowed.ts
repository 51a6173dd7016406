/**
 * Whether an open stream is still allowed. The Execution asks from time to time, once for each distinct grant, not for each
 * subscriber. Reads the store at most once a call, and not at all while the credential is cached (invariant 6).
 */
import type { Clock } from '../core/clock.ts';
import { fail, ok, type AccessFailure, type Result } from '../core/errors.ts';
import { endOf } from './authenticate.ts';
import { parseStreamGrant } from './caller.ts';
import { shows } from '../messages/payload-access.ts';
import type { CredentialCache } from './keys/credential-cache.ts';
import { matchesAnyPattern } from './keys/execution-pattern.ts';
import { validUntilMs } from './keys/key-record.ts';
import type { StoreUnavailable } from './keys/store-failure.ts';

export interface StillAllowedAnswer {
  /** When key or credential expire, in clock milliseconds, as far as known now. Without the ticket's own expiry, which the stream knows. */
  readonly untilMs?: number;
}

/** `grant`: what `streamGrantOf` returned when the stream was opened. */
export type StillAllowed = (
  grant: unknown,
  executionId: string,
) => Promise<Result<StillAllowedAnswer, AccessFailure | StoreUnavailable>>;

export const createStillAllowed =
  ({ credentials, clock }: { readonly credentials: CredentialCache; readonly clock: Clock }): StillAllowed =>
  async (unparsed, executionId) => {
    const grant = parseStreamGrant(unparsed);
    if (grant === undefined) return fail({ type: 'invalid-key' });
    const found = await credentials.read(grant.credentialId);
    if (!found.ok) return found;
    const records = found.value;
    if (records === undefined) return fail({ type: 'invalid-key' });
    const ended = endOf(records, clock.now());
    if (ended !== undefined) return fail(ended);
    const { executions, payloads, tickets } = records.facts;
    if (grant.ticket && !tickets) return fail({ type: 'invalid-ticket' });
    if (!matchesAnyPattern(executions, executionId)) return fail({ type: 'execution-forbidden' });
    if (!shows(payloads, grant.payloads)) {
      return fail({
        type: 'operation-forbidden',
        detail: `This key may no longer read ${grant.payloads === 'full' ? 'payloads' : 'names of steps and errors'}. Open the stream again.`,
      });
    }
    const untilMs = validUntilMs(records);
    return ok({ ...(untilMs !== undefined && { untilMs }) });
  };
