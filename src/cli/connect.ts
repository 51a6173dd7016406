/**
 * Creates the client, or the `Http` that calls the admin API, from the environment and the options. Secrets
 * are read only from the environment, because `ps` shows options.
 */
import { type FlowtapClient, createFlowtapClient } from '../client/client.ts';
import { createHttp } from '../client/create-http.ts';
import type { Http } from '../client/http.ts';
import { type Terminal, UsageError } from './command.ts';

const MEANING = {
  FLOWTAP_URL: "the service's address, for instance https://flowtap.example.com (or --url)",
  FLOWTAP_API_KEY:
    'an API key, which you get from the operator of the service (operators: `flowtap keys create`)',
  FLOWTAP_ADMIN_TOKEN: "the service's ADMIN_TOKEN, which its operator has",
} as const;

export type Variable = keyof typeof MEANING;

/** An empty variable counts as unset. */
export const variable = ({ env }: Pick<Terminal, 'env'>, name: Variable): string | undefined =>
  env[name]?.trim() || undefined;

function required(terminal: Terminal, name: Variable): string {
  const value = variable(terminal, name);
  if (value === undefined) throw new UsageError(`${name} is not set: ${MEANING[name]}`);
  return value;
}

export function addressOf(terminal: Terminal, url: string | undefined): string {
  const address = url ?? required(terminal, 'FLOWTAP_URL');
  const where = url === undefined ? 'FLOWTAP_URL' : '--url';
  // Hides the part before an @, which might be a password.
  const shown = address.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1…@');
  if (!URL.canParse(address) || !/^https?:\/\//i.test(address)) {
    throw new UsageError(`${where} must be an address such as https://flowtap.example.com: it is '${shown}'`);
  }
  const { username, password } = new URL(address);
  if (username === '' && password === '') return address;
  throw new UsageError(
    `${where} must have no user name and no password, which Flowtap does not use: it is '${shown}'`,
  );
}

/** A user is waiting: retry for a shorter time than a back end would. */
const GIVE_UP_MS = 10_000;

export const connect = (
  terminal: Terminal,
  url: string | undefined,
  giveUpAfterMs: number = GIVE_UP_MS,
): FlowtapClient =>
  createFlowtapClient({
    giveUpAfterMs,
    url: addressOf(terminal, url),
    apiKey: required(terminal, 'FLOWTAP_API_KEY'),
    clock: terminal.clock,
  });

export const connectAdmin = (terminal: Terminal, url: string | undefined): Http =>
  createHttp({
    giveUpAfterMs: GIVE_UP_MS,
    url: addressOf(terminal, url),
    apiKey: required(terminal, 'FLOWTAP_ADMIN_TOKEN'),
    clock: terminal.clock,
  });
