/**
 * Finds the one credential of a request: a key in `Authorization: Bearer` or `X-API-Key`, or a ticket in `?ticket=`. Says
 * nothing about whether it is any good. Proxies and libraries add an `Authorization` or an `X-API-Key` of their own, for other
 * services: beside one of ours those are ignored. A key in a URL is refused whatever else the request has: URLs end in logs,
 * histories and referrers, and a key that worked there once would be put there for ever.
 */
import { fail, invalid, ok, type AccessFailure, type Failure, type Result } from '../core/errors.ts';
import { containsApiKey, isMeantAsApiKey } from './keys/api-key.ts';
import type { RequestHeaders } from './client-address.ts';

export interface PresentedCredential {
  readonly kind: 'key' | 'ticket';
  readonly text: string;
}

export type PresentedFailure = AccessFailure | Extract<Failure, { type: 'invalid-input' }>;

/** The only credential that may stand in a URL. */
export const TICKET_PARAMETER = 'ticket';

/** Names under which other services take keys in a URL; ours is not taken there, whatever the value looks like. */
const KEY_PARAMETERS: ReadonlySet<string> = new Set([
  'api_key',
  'apikey',
  'api-key',
  'x-api-key',
  'access_token',
  'authorization',
]);
/** A parameter's name is repeated to the caller: shortened, should it be absurd. */
const NAME_CHARACTERS_MAX = 64;
/** How often text may be percent-encoded upon itself and still be seen through. */
const DECODINGS_MAX = 3;

/** `url`: path and query, or the whole URL, as it came. */
export function presentedCredential(
  url: string,
  headers: RequestHeaders,
): Result<PresentedCredential, PresentedFailure> {
  const [path = '', ...rest] = url.split('#', 1)[0]?.split('?') ?? [];
  const parameters = new URLSearchParams(rest.join('?'));
  const keyAt = keyInUrl(path, parameters);
  if (keyAt !== undefined) return fail({ type: 'key-in-url', name: keyAt });

  const authorization = headerTexts(headers.get('Authorization'));
  const inHeaders = new Set([...bearerTexts(authorization), ...headerTexts(headers.get('X-API-Key'))]);
  const given = parameters.getAll(TICKET_PARAMETER);
  const tickets = new Set(given.filter((text) => text !== ''));
  const ours = new Set([...inHeaders].filter(isMeantAsApiKey));
  const keys = ours.size + tickets.size > 0 ? ours : inHeaders;
  if (keys.size + tickets.size > 1) return fail({ type: 'conflicting-credentials' });
  if (given.length > 1) return invalid('query', TICKET_PARAMETER, 'must be given once.');
  // As some libraries write lists: that is not an unknown parameter, which would be ignored.
  if ([...parameters.keys()].some((name) => /^ticket\[.*\]$/.test(name))) {
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
 * The scheme of an `Authorization` that holds no bearer token, to be named to the caller; '' if there is none. What stands
 * alone may be a secret, and so may what does not look like a scheme: neither is repeated.
 */
function schemeOf(authorization: string): string {
  if (/^bearer$/i.test(authorization)) return 'Bearer';
  return /^([a-z][a-z\d-]{0,23})\s+\S/i.exec(authorization)?.[1] ?? '';
}

function bearerTexts(authorization: readonly string[]): readonly string[] {
  return authorization
    .filter((part) => /^bearer /i.test(part))
    .map((part) => part.slice('bearer '.length).trim())
    .filter((text) => text !== '');
}

/** A header that came twice arrives joined by a comma (RFC 9110, 5.3), which no credential contains. */
const headerTexts = (value: string | null): readonly string[] =>
  (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Where in the URL something like a key stands: the parameter's name, or `path`. */
function keyInUrl(path: string, parameters: URLSearchParams): string | undefined {
  if (containsApiKey(decodedAscii(path))) return 'path';
  for (const [name, value] of parameters) {
    // The name is the key: not to be repeated.
    if (containsApiKey(decodedAscii(name))) return 'query';
    const isKeyParameter = KEY_PARAMETERS.has(name.toLowerCase()) && value !== '';
    if (isKeyParameter || containsApiKey(decodedAscii(value))) return name.slice(0, NAME_CHARACTERS_MAX);
  }
  return undefined;
}

/** Percent-decodes ASCII, all that a key is made of, and leaves the rest; also when it was encoded more than once. */
function decodedAscii(text: string): string {
  let decoded = text;
  for (let round = 0; round < DECODINGS_MAX && decoded.includes('%'); round++) {
    decoded = decoded.replaceAll(/%[0-7][0-9a-f]/gi, (escape) =>
      String.fromCharCode(parseInt(escape.slice(1), 16)),
    );
  }
  return decoded;
}
