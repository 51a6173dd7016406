/** The phase that an error leads to. */
import { FlowtapProblem } from '../../client/client.ts';
import type { Phase } from './snapshot.ts';
import { TICKET_REFUSED } from './ticket-url.ts';

/** The phase after an error that ends reading. `hadTicket`: an earlier ticket was accepted. */
export function finalPhaseOf(error: unknown, hadTicket: boolean): Phase {
  if (!(error instanceof FlowtapProblem)) return 'stopped';
  const { code, status } = error;
  if (code === 'ExpiredTicket') return 'ticket-expired';
  if (code === TICKET_REFUSED) return hadTicket ? 'ticket-expired' : 'not-allowed';
  if (status === 401 || status === 403) return 'not-allowed';
  return status === 404 ? 'not-found' : 'stopped';
}

/** The phase after an error that is retried. */
export function passingPhaseOf(error: unknown): Phase {
  return error instanceof FlowtapProblem && error.code === 'ThrottlingException'
    ? 'throttled'
    : 'reconnecting';
}
