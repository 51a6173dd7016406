/**
 * A client for the one execution that a page may read. With a ticket, the page needs to know neither the execution
 * nor the service: the ticket names the execution, and the answer that contains the ticket names the service.
 */
import {
  type FlowtapClient,
  type FlowtapClientOptions,
  FlowtapConnectionError,
  FlowtapProblem,
  type TicketParts,
  createFlowtapClient,
} from '../../client/client.ts';
import type { Fetch } from '../../client/http.ts';
import { isTransient } from '../../client/retry-policy.ts';
import type { Clock } from '../../core/clock.ts';
import type { PayloadAccess } from '../../messages/payload-access.ts';
import { type ExecutionAccess, ticketFacts } from './access.ts';
import { fetchTicket } from './ticket-url.ts';

export interface SessionOptions {
  readonly access: ExecutionAccess;
  /** Default: the execution that the ticket names. Required with a key. */
  readonly executionId?: string;
  /** The service's address. Default: the address in the ticket's `streamUrl`. */
  readonly service?: string | URL;
}

export interface SessionPorts {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
  /** Called when the page's endpoint refuses to give another ticket, so that nothing more can be read. */
  readonly onRefused: (problem: FlowtapProblem) => void;
}

export interface Session {
  readonly client: FlowtapClient;
  readonly executionId: string;
  /** The service's origin. */
  readonly origin: string;
  readonly payloads: () => Promise<PayloadAccess | undefined>;
}

type GivenTicket = string | (TicketParts & { readonly streamUrl?: string });

/**
 * Throws a TypeError if the execution or the service is not known. Throws FlowtapProblem or FlowtapConnectionError if
 * the first ticket cannot be obtained.
 */
export async function openSession(options: SessionOptions, ports: SessionPorts): Promise<Session> {
  const { access } = options;
  const { fetch, clock, random } = ports;
  // The client must not retry, because the store that uses the session does.
  const common = { fetch, clock, random, giveUpAfterMs: 0 };
  if ('apiKey' in access) {
    const { executionId } = options;
    if (executionId === undefined || executionId === '') throw new TypeError('No execution is given');
    const url = new URL(serviceOf(options, undefined));
    const client = createFlowtapClient({ ...common, url, apiKey: access.apiKey });
    const payloads = () => client.key().then((facts) => facts.payloads);
    return { client, executionId, origin: url.origin, payloads };
  }
  const ask = askFor(access, ports);
  const first = await ask();
  const facts = ticketFacts(textOf(first));
  const executionId = options.executionId ?? facts.executionId;
  if (executionId === undefined) throw new TypeError('The ticket does not name an execution');
  const url = new URL(serviceOf(options, typeof first === 'string' ? undefined : first.streamUrl));
  return {
    client: createFlowtapClient({ ...common, url, ticket: renewing(access, first, ask, ports.onRefused) }),
    executionId,
    origin: url.origin,
    payloads: async () => facts.payloads,
  };
}

/** Returns a function that gets a ticket, and throws FlowtapProblem or FlowtapConnectionError. */
function askFor(access: Exclude<ExecutionAccess, { apiKey: unknown }>, { fetch }: SessionPorts) {
  return async (): Promise<GivenTicket> => {
    try {
      if ('ticketUrl' in access) return await fetchTicket(fetch, access.ticketUrl);
      return await (typeof access.ticket === 'function' ? access.ticket() : access.ticket);
    } catch (error) {
      if (error instanceof FlowtapProblem || error instanceof FlowtapConnectionError) throw error;
      // Most likely a network error.
      throw new FlowtapConnectionError(`Cannot get a ticket: ${String(error)}`, { cause: error });
    }
  };
}

/**
 * Returns the `ticket` option of the client. A fixed ticket is passed on unchanged, because it cannot be renewed.
 * Otherwise, the client first gets the ticket that was already fetched, and then new ones.
 */
function renewing(
  access: ExecutionAccess,
  first: GivenTicket,
  ask: () => Promise<GivenTicket>,
  onRefused: (problem: FlowtapProblem) => void,
): NonNullable<FlowtapClientOptions['ticket']> {
  if ('ticket' in access && typeof access.ticket !== 'function') return access.ticket;
  let unused: GivenTicket | undefined = first;
  return async () => {
    const held = unused;
    unused = undefined;
    if (held !== undefined) return held;
    try {
      return await ask();
    } catch (error) {
      if (error instanceof FlowtapProblem && !isTransient(error)) onRefused(error);
      throw error;
    }
  };
}

const textOf = (given: GivenTicket): string => (typeof given === 'string' ? given : given.ticket);

function serviceOf({ service }: SessionOptions, streamUrl: string | undefined): string | URL {
  if (service !== undefined) return service;
  const end = streamUrl?.indexOf('/v1/executions/') ?? -1;
  if (streamUrl === undefined || end < 0) throw new TypeError('The address of the service is not known');
  return streamUrl.slice(0, end);
}
