/**
 * How a page reads one execution: with a ticket, with an endpoint that returns tickets, or with the reader's
 * own key.
 */
import type { CredentialSource, TicketSource } from '../../client/client.ts';
import type { PayloadAccess } from '../../messages/payload-access.ts';

export type ExecutionAccess =
  /**
   * A ticket as the typed client accepts it: text, the answer of `createTicket`, or a function that returns either.
   */
  | { readonly ticket: TicketSource }
  /**
   * The page's own endpoint. It gets a `POST` with same-origin credentials and no body, and answers with a ticket of
   * the service.
   */
  | { readonly ticketUrl: string | URL }
  /** A key, only for the operator's own page, which keeps the key in memory. */
  | { readonly apiKey: CredentialSource };

/** The claims of a ticket, unverified: only the service verifies tickets. */
export interface TicketFacts {
  readonly executionId: string | undefined;
  readonly payloads: PayloadAccess | undefined;
}

/** Reads the claims of a ticket, which is a JWT (RFC 7519). All members are undefined if the text is not a ticket. */
export function ticketFacts(ticket: string): TicketFacts {
  const claims = claimsOf(ticket);
  const { exe, pay, nam } = claims;
  return {
    executionId: typeof exe === 'string' ? exe : undefined,
    payloads: pay === 'full' ? 'full' : pay === 'none' ? (nam === true ? 'names' : 'none') : undefined,
  };
}

function claimsOf(ticket: string): Record<string, unknown> {
  try {
    const base64 = (ticket.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    // Safety: members are checked where they are used.
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
