/**
 * Parses the address of a request, which is its URL. The server builds the URL from the Host header and the
 * request target. Neither workerd nor Deno refuses an invalid Host, so this file checks it.
 *
 * Clients request the same pages again and again. So recent addresses stay in memory, together with the
 * values that other files derive from them (core/once-per.ts).
 */
import { containsKey } from '../access/presented-credential.ts';
import { LruMap } from '../core/lru-map.ts';
import { isParameterName } from './query-parameters.ts';

/** The parts of a request's URL. */
export interface RequestAddress {
  readonly href: string;
  readonly origin: string;
  /** Still percent-encoded. */
  readonly pathname: string;
  /** Empty, or the query with its question mark. */
  readonly search: string;
  /** Names and values of the query, decoded, in order. */
  readonly parameters: readonly (readonly [string, string])[];
}

/**
 * These characters end the host part of a URL. If Host contained one, the URL's path would differ from the
 * requested path.
 */
const NOT_IN_A_HOST = /[/\\?#@]/;

/** Longer addresses are parsed again for each request. The addresses of pages have about 150 characters. */
const REMEMBERED_CHARACTERS_MAX = 1_000;
/** The estimated memory of an address, the values derived from it, and its map entries, without the text. */
const BYTES_OF_EACH = 2_000;
export const ADDRESSES_BYTES_MAX = 4 * 1024 * 1024;

type AddressedRequest = Pick<Request, 'url' | 'headers'>;

/** Parses addresses and remembers them. Create one object per isolate or process. */
export class RequestAddresses {
  readonly #remembered = new LruMap<string, RequestAddress>({
    maxSize: ADDRESSES_BYTES_MAX,
    sizeOf: ({ href }) => BYTES_OF_EACH + 4 * href.length,
  });
  /** The router and the handler of a request both need its address. */
  readonly #ofRequests = new WeakMap<AddressedRequest, RequestAddress | 'invalid'>();

  /** Returns undefined if the Host header, or the host in an absolute request target, is invalid. */
  of(request: AddressedRequest): RequestAddress | undefined {
    let known = this.#ofRequests.get(request);
    if (known === undefined) this.#ofRequests.set(request, (known = this.#read(request) ?? 'invalid'));
    return known === 'invalid' ? undefined : known;
  }

  #read({ url: text, headers }: AddressedRequest): RequestAddress | undefined {
    // Check each request, because a URL with an invalid Host can have the same text as a remembered address.
    if (NOT_IN_A_HOST.test(headers.get('Host') ?? '')) return undefined;
    const known = this.#remembered.get(text);
    if (known) return known;
    const url = URL.parse(text);
    if (!url) return undefined;
    const { href, origin, pathname, search } = url;
    const address = { href, origin, pathname, search, parameters: queryParameters(url) };
    if (mayBeRemembered(address)) this.#remembered.set(text, address);
    return address;
  }
}

/** Secrets do not stay in memory: neither tickets, nor keys that a caller put into the URL by mistake. */
const mayBeRemembered = ({ href, parameters }: RequestAddress): boolean =>
  href.length <= REMEMBERED_CHARACTERS_MAX &&
  parameters.every(([name]) => isParameterName(name)) &&
  !containsKey(href);

/**
 * The names and values of the query, decoded, in order: the entries of `searchParams`. Most queries have
 * nothing to decode and are split here, because `searchParams` takes more than 10 µs on workerd.
 */
export function queryParameters(url: URL): RequestAddress['parameters'] {
  const { search } = url;
  if (search.includes('%') || search.includes('+')) return [...url.searchParams];
  return search
    .slice(1)
    .split('&')
    .filter((parameter) => parameter !== '')
    .map((parameter) => {
      const equals = parameter.indexOf('=');
      return equals < 0 ? [parameter, ''] : [parameter.slice(0, equals), parameter.slice(equals + 1)];
    });
}
