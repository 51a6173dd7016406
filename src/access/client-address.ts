/**
 * The client's address, for the limit on failed authentications: Cloudflare's own header on Workers, the
 * socket elsewhere, and behind trusted proxies the last address in `X-Forwarded-For` that is not one of
 * theirs. What a caller writes into a header never counts. The result names a bucket; it is not an address to
 * connect to.
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

/** The bucket of all clients whose address cannot be read. */
export const UNKNOWN_ADDRESS = 'unknown';

/** Hops that are read, from the right. Real chains are shorter. */
const HOPS_MAX = 32;

/** On Workers: Cloudflare sets this header on every request and replaces what the caller sent. */
export const workersClientAddress = (headers: RequestHeaders): string =>
  bucketOf(headers.get('CF-Connecting-IP') ?? '');

/**
 * Elsewhere: the peer of the socket, unless that is a trusted proxy. Each proxy appends the address of its
 * own peer, so the header is read from the right for as long as trusted proxies wrote it.
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

/** `TRUSTED_PROXY`: addresses and blocks, separated by commas. Undefined if one of them is invalid. */
export function parseTrustedProxies(text: string): readonly AddressBlock[] | undefined {
  const blocks = commaSeparated(text).map(parseAddressBlock);
  return blocks.every((block) => block !== undefined) ? blocks : undefined;
}

const bucketOf = (text: string): string => nameOf(parseIpAddress(text));

const nameOf = (address: bigint | undefined): string =>
  address === undefined ? UNKNOWN_ADDRESS : subscriberBlock(address);

/** Some proxies write `1.2.3.4:567` and `[2001:db8::1]:567`. */
function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)?.[1];
  return bracketed ?? hop.replace(/^([\d.]+):\d{1,5}$/, '$1');
}
