/** What an error means for the reader. */
import { FlowtapProblem } from '../../client/client.ts';
import type { Phase } from './snapshot.ts';
import { TICKET_REFUSED } from './ticket-url.ts';

/** Of an error after which nothing is read any more. `hadTicket`: an earlier ticket was accepted. */
export function finalPhaseOf(error: unknown, hadTicket: boolean): Phase {
  if (!(error instanceof FlowtapProblem)) return 'stopped';
  const { code, status } = error;
  if (code === 'ExpiredTicket') return 'ticket-expired';
  if (code === TICKET_REFUSED) return hadTicket ? 'ticket-expired' : 'not-allowed';
  if (status === 401 || status === 403) return 'not-allowed';
  return status === 404 ? 'not-found' : 'stopped';
}

/** Of an error after which the request is made again. */
export function passingPhaseOf(error: unknown): Phase {
  return error instanceof FlowtapProblem && error.code === 'ThrottlingException'
    ? 'throttled'
    : 'reconnecting';
}
