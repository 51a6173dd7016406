/**
 * `useExecution`: a React hook that returns an execution as live state. It uses the same store as
 * <flowtap-execution>, and the calling app's copy of React. The package exports it as `flowtap/react`.
 */
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

import type { TicketParts, TicketSource } from '../client/client.ts';
import type { ExecutionAccess } from '../viewer/store/access.ts';
import { ExecutionStore } from '../viewer/store/execution-store.ts';
import { EMPTY_SNAPSHOT, type ExecutionSnapshot } from '../viewer/store/snapshot.ts';

export type { ExecutionSnapshot, Phase } from '../viewer/store/snapshot.ts';

export interface UseExecutionOptions {
  /**
   * Your own endpoint that returns tickets. The hook requests a ticket by POST at the start, and again before it
   * expires.
   */
  readonly ticketUrl?: string | URL;
  /**
   * Instead of `ticketUrl`: a ticket, or a function that returns one. The function is called again before the ticket
   * expires.
   */
  readonly ticket?: TicketSource;
  /**
   * The service's address. Not needed if each ticket comes with its `streamUrl`, as in the answer of `createTicket`.
   */
  readonly service?: string | URL;
}

const nothingToRead = { subscribe: () => () => {}, getSnapshot: () => EMPTY_SNAPSHOT };

/**
 * Reads the execution while the component is mounted. `status`, `steps` and `error` are undefined until they are known.
 * Nothing is read until `executionId` is given. `ticket` can be a new function at each render: the newest one is
 * called.
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
    // `ticketText` is a dependency because a new fixed ticket needs a new store.
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

/**
 * Gets a ticket from the newest `ticket`. The option might have changed from a function to a fixed ticket after the
 * store was made.
 */
const ask = async (ticket: TicketSource | undefined): Promise<string | TicketParts> => {
  const given = typeof ticket === 'function' ? await ticket() : ticket;
  if (given === undefined) throw new TypeError("useExecution: 'ticket' is no longer given");
  return given;
};
