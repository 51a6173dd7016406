/**
 * Checks whether an open stream of an execution or a list is still allowed. The object that serves the
 * streams calls this periodically, once per distinct grant rather than once per subscriber. Each call reads
 * the store at most once, and not at all while the credential is cached (invariant 6).
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
   * When the key or credential expires, in clock milliseconds. A later change of the key can move this time.
   * The stream itself keeps track of a ticket's expiry.
   */
  readonly untilMs?: number;
}

type Answer = Promise<Result<StillAllowedAnswer, AccessFailure | StoreUnavailable>>;

/** `grant` is what `streamGrantOf` returned when the stream was opened. */
export type StillAllowed = (grant: unknown, executionId: string) => Answer;

/** `grant` is what `listGrantOf` returned when the live list was opened. */
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
 * If the key has gained patterns since the list was opened, the list stays open without the added executions.
 * Lists that are opened later include them.
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

/** Reads the credential's records. Fails if the credential is no longer valid. */
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
