/** Detects whether a trusted proxy terminated the caller's TLS. */
import { type AddressBlock, isInBlock, parseIpAddress } from '../access/ip-address.ts';

/**
 * True if a trusted proxy sent `X-Forwarded-Proto: https`. If the header has several values, the first
 * counts: it describes the caller's own connection.
 */
export function forwardedOverTls(
  headers: Pick<Headers, 'get'>,
  socketAddress: string | undefined,
  trustedProxies: readonly AddressBlock[],
): boolean {
  const [first = ''] = (headers.get('X-Forwarded-Proto') ?? '').split(',', 1);
  if (first.trim().toLowerCase() !== 'https') return false;
  const peer = parseIpAddress(socketAddress ?? '');
  return peer !== undefined && trustedProxies.some((block) => isInBlock(peer, block));
}
