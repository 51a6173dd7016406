/**
 * Whether an open stream may go on: asked by the Execution from time to time, once for each distinct grant and not for each
 * subscriber. Reads the store at most once a call, and not at all while the short memory is fresh (invariant 6).
 */
import type { Clock } from '../core/clock.ts';
import { fail, ok, type AccessFailure, type Result } from '../core/errors.ts';
import { endOf } from './authenticate.ts';
import { parseStreamGrant } from './caller.ts';
import { matchesAnyPattern } from './execution-pattern.ts';
import type { KeyReader, StoreUnavailable } from './keys/key-cache.ts';
import { goodUntilMs } from './keys/key-record.ts';

export interface StillAllowedAnswer {
  /** When key or credential end, in clock milliseconds, as far as is known now. A ticket's own end is not looked at: the stream knows it. */
  readonly untilMs?: number;
}

/** `grant` is what `streamGrantOf` made of the caller when the stream was opened. */
export type StillAllowed = (
  grant: unknown,
  executionId: string,
) => Promise<Result<StillAllowedAnswer, AccessFailure | StoreUnavailable>>;

export const createStillAllowed =
  ({ reader, clock }: { readonly reader: KeyReader; readonly clock: Clock }): StillAllowed =>
  async (unparsed, executionId) => {
    const grant = parseStreamGrant(unparsed);
    if (grant === undefined) return fail({ type: 'invalid-key' });
    const found = await reader.read(grant.credentialId);
    if (!found.ok) return found;
    const records = found.value;
    if (records === undefined) return fail({ type: 'invalid-key' });
    const over = endOf(records, clock.now());
    if (over !== undefined) return fail(over);
    const { executions, payloads, tickets } = records.facts;
    if (grant.ticket && !tickets) return fail({ type: 'invalid-ticket' });
    if (!matchesAnyPattern(executions, executionId)) return fail({ type: 'execution-forbidden' });
    if (grant.payloads === 'full' && payloads === 'none') {
      return fail({
        type: 'operation-forbidden',
        detail: 'This key no longer sees payloads: open the stream again.',
      });
    }
    const untilMs = goodUntilMs(records);
    return ok({ ...(untilMs !== undefined && { untilMs }) });
  };
