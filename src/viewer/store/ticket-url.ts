/** Requests a ticket from a page's own endpoint. */
import { FlowtapProblem, type TicketParts } from '../../client/client.ts';
import type { Fetch } from '../../client/http.ts';

/**
 * The problem code if the ticket endpoint refuses: the user's session has ended, or the user is not allowed to see the
 * execution.
 */
export const TICKET_REFUSED = 'TicketRefused';
/** The problem code if the ticket endpoint fails temporarily. */
export const TICKET_UNAVAILABLE = 'TicketUnavailable';

/** True for statuses after which a retry might succeed. */
const isTransient = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status);

/**
 * Throws FlowtapProblem: with the code `TicketRefused` if a retry cannot help, else `TicketUnavailable`. The problem
 * does not contain the endpoint's own text, which was not written for the reader of this page.
 */
export async function fetchTicket(
  fetch: Fetch,
  address: string | URL,
): Promise<TicketParts & { readonly streamUrl?: string }> {
  const response = await fetch(String(address), {
    method: 'POST',
    credentials: 'same-origin',
    headers: { Accept: 'application/json' },
    cache: 'no-store',
  });
  if (!response.ok) {
    const { status } = response;
    if (isTransient(status)) {
      throw new FlowtapProblem({
        status,
        code: TICKET_UNAVAILABLE,
        title: 'No ticket',
        detail: `The page's ticket endpoint answered with status ${status}.`,
      });
    }
    throw refused(
      status,
      `The page's ticket endpoint refused with status ${status}. Sign in again, or ask the operator of this page.`,
    );
  }
  const answer: unknown = await response.json().catch(() => undefined);
  // Safety: Object() makes an object of any value; its members are checked below.
  const { ticket, expiresAt, streamUrl } = Object(answer) as Record<string, unknown>;
  if (typeof ticket !== 'string' || typeof expiresAt !== 'string') {
    throw refused(
      response.status,
      "The page's ticket endpoint must answer with the JSON that `POST /v1/executions/…/tickets` returns.",
    );
  }
  return { ticket, expiresAt, ...(typeof streamUrl === 'string' && { streamUrl }) };
}

const refused = (status: number, detail: string): FlowtapProblem =>
  new FlowtapProblem({ status, code: TICKET_REFUSED, title: 'No ticket', detail });
