/** The phase that an error leads to. */
import { FlowtapConnectionError, FlowtapProblem } from '../../client/client.ts';
import type { Phase } from './snapshot.ts';
import { TICKET_REFUSED } from './ticket-url.ts';

/** The phase after an error that ends reading. `hadTicket` is true if the page has already obtained a ticket. */
export function finalPhaseOf(error: unknown, hadTicket: boolean): Phase {
  if (!(error instanceof FlowtapProblem)) return 'stopped';
  const { code, status } = error;
  if (code === 'ExpiredTicket') return 'ticket-expired';
  if (code === TICKET_REFUSED) return hadTicket ? 'ticket-expired' : 'not-allowed';
  if (status === 401 || status === 403) return 'not-allowed';
  return status === 404 ? 'not-found' : 'stopped';
}

/** Unwraps a problem of the page's ticket endpoint, which the client wraps in a connection error. */
export const reasonOf = (error: unknown): unknown =>
  error instanceof FlowtapConnectionError && error.cause instanceof FlowtapProblem ? error.cause : error;

const PASSING_PHASES: Readonly<Record<string, Phase>> = {
  ThrottlingException: 'throttled',
  UpstreamTimeout: 'unavailable',
  BadUpstream: 'unavailable',
  InternalFailureException: 'unavailable',
  TooManyStreams: 'waiting-for-slot',
};

/** The phase after an error that is retried. */
export function passingPhaseOf(error: unknown): Phase {
  const reason = reasonOf(error);
  return reason instanceof FlowtapProblem ? (PASSING_PHASES[reason.code] ?? 'busy') : 'reconnecting';
}
