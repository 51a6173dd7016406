/**
 * Finds the single credential of a request: a key in `Authorization: Bearer` or `X-API-Key`, a ticket in
 * `?ticket=`, or a key sent as AWS session token. Does not check whether the credential is valid.
 *
 * Proxies and libraries sometimes add an `Authorization` or `X-API-Key` for other services. If the request
 * also has a credential of ours, the foreign one is ignored. A request with a key in its URL is always
 * refused. URLs end up in logs, histories and referrers, and if keys in URLs worked, people would keep
 * sending them that way.
 */
import { fail, invalid, ok, type AccessFailure, type Failure, type Result } from '../core/errors.ts';
import { containsApiKey, isMeantAsApiKey } from '../core/api-key-format.ts';
import { commaSeparated } from '../core/comma-separated.ts';
import { oncePer } from '../core/once-per.ts';
import { decodedAscii } from '../core/decoded-ascii.ts';
import type { RequestHeaders } from './client-address.ts';

export interface PresentedCredential {
  readonly kind: 'key' | 'ticket';
  readonly text: string;
}

export type PresentedFailure = AccessFailure | Extract<Failure, { type: 'invalid-input' }>;

/** The only credential that may appear in a URL. */
export const TICKET_PARAMETER = 'ticket';

/** Query parameters in which other services accept keys. They are refused here unless they are empty. */
const KEY_PARAMETERS: ReadonlySet<string> = new Set([
  'api_key',
  'apikey',
  'api-key',
  'x-api-key',
  'access_token',
  'authorization',
]);
/** Error messages repeat the parameter's name, truncated to this length. */
const NAME_CHARACTERS_MAX = 64;
/** How many layers of percent-encoding are decoded when searching the URL for keys. */
const DECODINGS_MAX = 3;

/** A request's URL, already parsed. */
export interface RequestUrl {
  readonly href: string;
  /** Decoded names and values of the query, in order. */
  readonly parameters: readonly (readonly [string, string])[];
}

/** Finds the credentials in a URL, only once for each parsed URL. */
const credentialsInUrl = oncePer(({ href, parameters }: RequestUrl) => {
  const [path = ''] = href.split('?', 1);
  const given = parameters.flatMap(([name, value]) => (name === TICKET_PARAMETER ? [value] : []));
  return {
    keyAt: keyInUrl(path, parameters),
    given,
    tickets: distinct(given.filter((text) => text !== '')),
    // Some libraries send `ticket[]=value`. Unknown parameters are ignored, so this one is refused explicitly.
    hasBrackets: parameters.some(([name]) => /^ticket\[.*\]$/.test(name)),
  };
});

export function presentedCredential(
  url: RequestUrl,
  headers: RequestHeaders,
): Result<PresentedCredential, PresentedFailure> {
  const { keyAt, given, tickets, hasBrackets } = credentialsInUrl(url);
  if (keyAt !== undefined) return fail({ type: 'key-in-url', name: keyAt });

  const authorization = headerTexts(headers.get('Authorization'));
  const inHeaders = distinct([...bearerTexts(authorization), ...headerTexts(headers.get('X-API-Key'))]);
  const ours = inHeaders.filter(isMeantAsApiKey);
  const keys = ours.length + tickets.length > 0 ? ours : inHeaders;
  if (keys.length + tickets.length > 1) return fail({ type: 'conflicting-credentials' });
  if (given.length > 1) return invalid('query', TICKET_PARAMETER, 'must be given once.');
  if (hasBrackets) {
    return invalid('query', `${TICKET_PARAMETER}[]`, 'must be sent without brackets: ticket=value.');
  }
  const [key] = keys;
  if (key !== undefined) return ok({ kind: 'key', text: key });
  const [ticket] = tickets;
  if (ticket !== undefined) return ok({ kind: 'ticket', text: ticket });
  const [first] = authorization;
  return fail({ type: 'missing-credentials', ...(first !== undefined && { scheme: schemeOf(first) }) });
}

/**
 * Finds the API key that AWS clients send as their session token. A second credential of ours is a conflict,
 * unless it is the same key. As on all routes, a key in the URL is refused.
 */
export function presentedSessionToken(
  url: RequestUrl,
  headers: RequestHeaders,
): Result<PresentedCredential, PresentedFailure> {
  const token = headers.get('X-Amz-Security-Token');
  const elsewhere = presentedCredential(url, headers);
  if (!elsewhere.ok && elsewhere.failure.type !== 'missing-credentials') return elsewhere;
  if (!token) return fail({ type: 'missing-credentials' });
  if (elsewhere.ok && isOurs(elsewhere.value) && elsewhere.value.text !== token) {
    return fail({ type: 'conflicting-credentials' });
  }
  return ok({ kind: 'key', text: token });
}

/** False for a bearer token that a proxy added for another service. */
const isOurs = ({ kind, text }: PresentedCredential): boolean => kind === 'ticket' || isMeantAsApiKey(text);

/**
 * The scheme of an `Authorization` header without a bearer token, for the error message. Returns '' if the
 * header is a single word or does not begin like a scheme: such text might be a secret and must not be
 * repeated.
 */
function schemeOf(authorization: string): string {
  if (/^bearer$/i.test(authorization)) return 'Bearer';
  return /^([a-z][a-z\d-]{0,23})\s+\S/i.exec(authorization)?.[1] ?? '';
}

/** The token of `Authorization: Bearer <token>`, or undefined for another scheme. */
export const bearerToken = (authorization: string): string | undefined =>
  /^bearer /i.test(authorization) ? authorization.slice('bearer '.length).trim() : undefined;

const bearerTexts = (authorization: readonly string[]): readonly string[] =>
  authorization.flatMap((part) => bearerToken(part) || []);

const distinct = (texts: readonly string[]): readonly string[] =>
  texts.length < 2 ? texts : [...new Set(texts)];

/** Splits repeated headers, which arrive joined by commas (RFC 9110, 5.3). No credential contains a comma. */
const headerTexts = (value: string | null): readonly string[] =>
  value === null ? [] : commaSeparated(value);

/** Returns where the URL contains something like a key: the parameter's name, or `path` or `query`. */
function keyInUrl(path: string, parameters: RequestUrl['parameters']): string | undefined {
  if (containsKey(path)) return 'path';
  for (const [name, value] of parameters) {
    // The name itself contains the key, so it must not be repeated.
    if (containsKey(name)) return 'query';
    const isKeyParameter = KEY_PARAMETERS.has(name.toLowerCase()) && value !== '';
    if (isKeyParameter || containsKey(value)) return name.slice(0, NAME_CHARACTERS_MAX);
  }
  return undefined;
}

/** True if the text contains something like a key, also under several layers of percent-encoding. */
export const containsKey = (text: string): boolean => containsApiKey(decodedAscii(text, DECODINGS_MAX));
