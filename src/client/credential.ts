/**
 * The client's own key or ticket. If a function is given, the client calls it for the first request, again before the
 * returned ticket expires, and again when the service rejects the returned key or ticket. In this way, a browser page
 * gets fresh tickets from its back end.
 */
import type { Clock } from '../core/clock.ts';
import { FlowtapConnectionError } from './wire/problem.ts';
import type { Ticket } from './wire/wire.ts';

/** The text, or a function that returns it. */
export type CredentialSource = string | (() => string | Promise<string>);

/** The members of a ticket that the client uses. `createTicket` returns them. */
export type TicketParts = Pick<Ticket, 'ticket' | 'expiresAt'>;

/** The ticket as text, the result of `createTicket`, or a function that returns either. */
export type TicketSource =
  string | TicketParts | (() => string | TicketParts | Promise<string | TicketParts>);

export interface Credential {
  readonly kind: 'key' | 'ticket' | 'none';
  get(): Promise<string>;
  /**
   * Discards the key or ticket that the function returned. Returns true if the function is called again for the
   * next request, also when another request has discarded it already. Returns false if there is no function.
   */
  renew(): boolean;
}

export interface CredentialOptions {
  /** For back ends. Never in a browser page: everyone who sees the page could use it. */
  readonly apiKey?: CredentialSource;
  /**
   * For browsers: a ticket that a back end created for one execution (`createTicket`). A function is called
   * again 30 s before its ticket expires, or at half of the ticket's lifetime if that is later.
   */
  readonly ticket?: TicketSource;
}

/** Leaves enough time for a request to start, even if this machine's clock and the service's differ a little. */
const RENEW_BEFORE_MS_MAX = 30_000;

/** `renewAtMs` is absent if the expiry is unknown, or seems to be in the past. */
interface Held {
  readonly text: string;
  readonly renewAtMs?: number;
}

export function createCredential({ apiKey, ticket }: CredentialOptions, clock: Clock): Credential {
  if (apiKey !== undefined && ticket !== undefined) {
    throw new TypeError("Cannot create a Flowtap client: give 'apiKey' or 'ticket', not both");
  }
  const source = apiKey ?? ticket;
  if (source === undefined) return { kind: 'none', get: async () => '', renew: () => false };
  const kind = apiKey === undefined ? 'ticket' : 'key';
  if (typeof source !== 'function') {
    const { text } = held(source, clock.now());
    return { kind, get: async () => text, renew: () => false };
  }
  let current: Promise<Held> | undefined;
  const ask = async (): Promise<Held> => {
    try {
      // Called within `then`, so that an exception of the function becomes a rejection.
      return held(await Promise.resolve().then(source), clock.now());
    } catch (cause) {
      current = undefined;
      // A FlowtapConnectionError is retried. The function usually calls a back end, so it most likely failed
      // because of the network.
      throw new FlowtapConnectionError(`Cannot get a ${kind} for Flowtap: ${String(cause)}`, { cause });
    }
  };
  return {
    kind,
    get: async () => {
      const asked = (current ??= ask());
      const { text, renewAtMs = Infinity } = await asked;
      if (clock.now() < renewAtMs) return text;
      // Requests that start at the same time share one renewal.
      if (current === asked) current = ask();
      return (await (current ?? ask())).text;
    },
    renew: () => {
      current = undefined;
      return true;
    },
  };
}

function held(given: string | TicketParts, nowMs: number): Held {
  if (typeof given === 'string') return { text: given };
  const { ticket: text, expiresAt } = given;
  if (typeof text !== 'string') throw new TypeError("expected text or an object with 'ticket'");
  const lifetimeMs = Date.parse(expiresAt) - nowMs;
  // If this clock is far ahead, every ticket looks expired. Send the ticket, and let the service decide.
  if (!(lifetimeMs > 0)) return { text };
  return { text, renewAtMs: nowMs + lifetimeMs - Math.min(RENEW_BEFORE_MS_MAX, lifetimeMs / 2) };
}
