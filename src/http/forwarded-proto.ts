/** Whether the caller used TLS that a trusted proxy terminated. */
import { type AddressBlock, isInBlock, parseIpAddress } from '../access/ip-address.ts';

/**
 * True for `X-Forwarded-Proto: https` from a trusted proxy. Of several values the first one counts: the
 * caller's connection.
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
