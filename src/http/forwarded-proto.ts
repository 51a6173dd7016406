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
  const peer = parseIpAddress(socketAddress ?? '');
  if (peer === undefined || !trustedProxies.some((block) => isInBlock(peer, block))) return false;
  const [first = ''] = (headers.get('X-Forwarded-Proto') ?? '').split(',', 1);
  return first.trim().toLowerCase() === 'https';
}
