/**
 * The client's own key or ticket. A function in place of the text is asked when one is needed first, and again when the
 * server takes the old one no more: a browser page gets a fresh ticket from its back end that way.
 */
import { FlowtapConnectionError } from './problem.ts';

/** The text, or where to get it. */
export type CredentialSource = string | (() => string | Promise<string>);

export interface Credential {
  readonly kind: 'key' | 'ticket' | 'none';
  get(): Promise<string>;
  /** Forgets the text; false when there is no way to get another one. */
  renew(): boolean;
}

export interface CredentialOptions {
  /** For back ends. Never in a browser page: whoever sees the page could use it. */
  readonly apiKey?: CredentialSource;
  /** For browsers: minted by a back end for one execution (`createTicket`). */
  readonly ticket?: CredentialSource;
}

export function createCredential({ apiKey, ticket }: CredentialOptions): Credential {
  if (apiKey !== undefined && ticket !== undefined) {
    throw new TypeError("Cannot create a Flowtap client: give 'apiKey' or 'ticket', not both");
  }
  const source = apiKey ?? ticket;
  if (source === undefined) return { kind: 'none', get: async () => '', renew: () => false };
  const kind = apiKey === undefined ? 'ticket' : 'key';
  if (typeof source === 'string') return { kind, get: async () => source, renew: () => false };
  let got: Promise<string> | undefined;
  const ask = async (): Promise<string> => {
    try {
      return await source();
    } catch (cause) {
      got = undefined;
      // It may well come back: the same network leads there.
      throw new FlowtapConnectionError(`Cannot get a ${kind} for Flowtap: ${String(cause)}`, { cause });
    }
  };
  return {
    kind,
    get: () => (got ??= ask()),
    renew: () => {
      const had = got !== undefined;
      got = undefined;
      return had;
    },
  };
}
