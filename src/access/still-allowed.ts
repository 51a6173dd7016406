/**
 * Checks whether an open stream of an execution or a list is still allowed. The owner of the stream calls
 * this from time to time, once for each distinct grant and not for each subscriber. A call reads the store at
 * most once, and not at all while the credential is cached (invariant 6).
 */
import type { Clock } from '../core/clock.ts';
import { fail, ok, type AccessFailure, type Result } from '../core/errors.ts';
import { endOf } from './authenticate.ts';
import { parseListGrant, parseStreamGrant } from './caller.ts';
import { shows } from '../messages/payload-access.ts';
import type { CredentialCache } from './keys/credential-cache.ts';
import { matchesAnyPattern } from './keys/execution-pattern.ts';
import { type CredentialRecords, validUntilMs } from './keys/key-record.ts';
import type { StoreUnavailable } from './keys/store-failure.ts';

export interface StillAllowedAnswer {
  /**
   * When the key or credential expires, in clock milliseconds; a later change may move it. The stream itself
   * knows when a ticket expires.
   */
  readonly untilMs?: number;
}

type Answer = Promise<Result<StillAllowedAnswer, AccessFailure | StoreUnavailable>>;

/** `grant`: what `streamGrantOf` returned when the stream was opened. */
export type StillAllowed = (grant: unknown, executionId: string) => Answer;

/** `grant`: what `listGrantOf` returned when the live list was opened. */
export type ListStillAllowed = (grant: unknown) => Answer;

interface StillAllowedPorts {
  readonly credentials: CredentialCache;
  readonly clock: Clock;
}

export const createStillAllowed =
  (ports: StillAllowedPorts): StillAllowed =>
  async (unparsed, executionId) => {
    const grant = parseStreamGrant(unparsed);
    if (grant === undefined) return fail({ type: 'invalid-key' });
    const found = await readValid(ports, grant.credentialId);
    if (!found.ok) return found;
    const { executions, payloads, tickets } = found.value.facts;
    if (grant.ticket && !tickets) return fail({ type: 'invalid-ticket' });
    if (!matchesAnyPattern(executions, executionId)) return fail({ type: 'execution-forbidden' });
    if (!shows(payloads, grant.payloads)) {
      return fail({
        type: 'operation-forbidden',
        detail: `This key may no longer read ${grant.payloads === 'full' ? 'payloads' : 'names of steps and errors'}. Open the stream again.`,
      });
    }
    return ok(answerOf(found.value));
  };

/**
 * If the key has been allowed to read more meanwhile, the list stays open without the added executions. A
 * list that is opened later has them.
 */
export const createListStillAllowed =
  (ports: StillAllowedPorts): ListStillAllowed =>
  async (unparsed) => {
    const grant = parseListGrant(unparsed);
    if (grant === undefined) return fail({ type: 'invalid-key' });
    const found = await readValid(ports, grant.credentialId);
    if (!found.ok) return found;
    const { executions } = found.value.facts;
    if (!grant.patterns.every((pattern) => executions.includes(pattern))) {
      return fail({
        type: 'operation-forbidden',
        detail: 'This key may no longer read all executions of this list. Open the list again.',
      });
    }
    return ok(answerOf(found.value));
  };

/** The records of a credential that is still valid. */
async function readValid(
  { credentials, clock }: StillAllowedPorts,
  credentialId: string,
): Promise<Result<CredentialRecords, AccessFailure | StoreUnavailable>> {
  const found = await credentials.read(credentialId);
  if (!found.ok) return found;
  if (found.value === undefined) return fail({ type: 'invalid-key' });
  const ended = endOf(found.value, clock.now());
  return ended === undefined ? ok(found.value) : fail(ended);
}

function answerOf(records: CredentialRecords): StillAllowedAnswer {
  const untilMs = validUntilMs(records);
  return untilMs === undefined ? {} : { untilMs };
}
