/**
 * `useExecution`: an execution as React state, live. Uses the same store as <flowtap-execution>, and the
 * React of the caller. The package exports it as `flowtap/react`.
 */
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

import type { TicketParts, TicketSource } from '../client/client.ts';
import type { ExecutionAccess } from '../viewer/store/access.ts';
import { ExecutionStore } from '../viewer/store/execution-store.ts';
import { EMPTY_SNAPSHOT, type ExecutionSnapshot } from '../viewer/store/snapshot.ts';

export type { ExecutionSnapshot, Phase } from '../viewer/store/snapshot.ts';

export interface UseExecutionOptions {
  /** Your own endpoint for tickets. Asked by POST, again before a ticket expires. */
  readonly ticketUrl?: string | URL;
  /** In place of `ticketUrl`: a ticket, or a function that gets one and is called again before it expires. */
  readonly ticket?: TicketSource;
  /**
   * The service's address. Not needed if tickets come with their `streamUrl`, as `createTicket` returns them.
   */
  readonly service?: string | URL;
}

const nothingToRead = { subscribe: () => () => {}, getSnapshot: () => EMPTY_SNAPSHOT };

/**
 * Reads the execution while the component is mounted. `status`, `steps` and `error` are undefined until they
 * are known. Without an id nothing is read yet. A function as `ticket` may be another one at each render; the
 * newest is called.
 */
export function useExecution(
  executionId: string | undefined,
  { ticketUrl, ticket, service }: UseExecutionOptions,
): ExecutionSnapshot {
  const newest = useRef(ticket);
  useEffect(() => {
    newest.current = ticket;
  });
  const isAsked = typeof ticket === 'function';
  const ticketText = typeof ticket === 'object' ? ticket.ticket : isAsked ? undefined : ticket;
  const ticketAddress = addressText(ticketUrl);
  const serviceAddress = addressText(service);
  const store = useMemo(() => {
    const access = accessOf(ticketAddress, isAsked ? () => ask(newest.current) : ticket);
    if (executionId === undefined || executionId === '' || access === undefined) return nothingToRead;
    return new ExecutionStore({
      access,
      executionId,
      ...(serviceAddress !== undefined && { service: serviceAddress }),
    });
    // `ticketText`: another fixed ticket needs another store.
  }, [executionId, ticketAddress, isAsked, ticketText, serviceAddress]);
  return useSyncExternalStore(store.subscribe, store.getSnapshot, () => EMPTY_SNAPSHOT);
}

const addressText = (address: string | URL | undefined): string | undefined =>
  address === undefined ? undefined : String(address);

function accessOf(
  ticketUrl: string | undefined,
  ticket: TicketSource | undefined,
): ExecutionAccess | undefined {
  if (ticketUrl !== undefined && ticket !== undefined)
    throw new TypeError("useExecution: give 'ticketUrl' or 'ticket', not both");
  if (ticketUrl !== undefined) return { ticketUrl };
  return ticket === undefined ? undefined : { ticket };
}

/** Calls the caller's function, if the newest `ticket` is still a function. */
const ask = async (ticket: TicketSource | undefined): Promise<string | TicketParts> => {
  const given = typeof ticket === 'function' ? await ticket() : ticket;
  if (given === undefined) throw new TypeError('useExecution: there is no ticket any more');
  return given;
};
