/**
 * Determines the client's address for the limit on failed authentications. On Workers, it comes from
 * Cloudflare's own header. Elsewhere it is the socket's peer or, behind trusted proxies, the last address in
 * `X-Forwarded-For` that is not a trusted proxy. Clients cannot forge their address with a header. The result
 * names a rate-limit bucket. It can be a block of addresses, so do not connect to it.
 */
import { commaSeparated } from '../core/comma-separated.ts';
import {
  type AddressBlock,
  isInBlock,
  parseAddressBlock,
  parseIpAddress,
  subscriberBlock,
} from './ip-address.ts';

export interface RequestHeaders {
  get(name: string): string | null;
}

/** The shared bucket of all clients whose address is missing or invalid. */
export const UNKNOWN_ADDRESS = 'unknown';

/** How many entries of `X-Forwarded-For` are read, from the right. Real proxy chains are shorter. */
const HOPS_MAX = 32;

/**
 * The client's bucket on Workers. Cloudflare sets this header on every request and overwrites any value from
 * the caller.
 */
export const workersClientAddress = (headers: RequestHeaders): string =>
  bucketOf(headers.get('CF-Connecting-IP') ?? '');

/**
 * The client's bucket elsewhere: the socket's peer, unless that is a trusted proxy. Each proxy appends the
 * address of its own peer to the header. So entries are read from the right, up to the first that is not a
 * trusted proxy.
 */
export function socketClientAddress(
  headers: RequestHeaders,
  socketAddress: string | undefined,
  trustedProxies: readonly AddressBlock[],
): string {
  const isTrusted = (address: bigint) => trustedProxies.some((block) => isInBlock(address, block));
  let nearest = parseIpAddress(socketAddress ?? '');
  if (nearest === undefined || !isTrusted(nearest)) return nameOf(nearest);
  const hops = (headers.get('X-Forwarded-For') ?? '').split(',').slice(-HOPS_MAX);
  for (const hop of hops.toReversed()) {
    const address = parseIpAddress(withoutPort(hop.trim()));
    if (address === undefined) break;
    nearest = address;
    if (!isTrusted(address)) break;
  }
  return nameOf(nearest);
}

/**
 * Parses the setting `TRUSTED_PROXY`: addresses and blocks, separated by commas. Undefined if one of them is
 * invalid.
 */
export function parseTrustedProxies(text: string): readonly AddressBlock[] | undefined {
  const blocks = commaSeparated(text).map(parseAddressBlock);
  return blocks.every((block) => block !== undefined) ? blocks : undefined;
}

const bucketOf = (text: string): string => nameOf(parseIpAddress(text));

const nameOf = (address: bigint | undefined): string =>
  address === undefined ? UNKNOWN_ADDRESS : subscriberBlock(address);

/** Some proxies append a port: `1.2.3.4:567`, `[2001:db8::1]:567`. */
function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)?.[1];
  return bracketed ?? hop.replace(/^([\d.]+):\d{1,5}$/, '$1');
}
