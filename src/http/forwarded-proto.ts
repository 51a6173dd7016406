/** Whether a caller came over TLS that a proxy in front has ended, as far as that proxy is one to believe. */
import { type AddressBlock, isInBlock, parseIpAddress } from '../access/ip-address.ts';

/** `X-Forwarded-Proto: https` from a trusted proxy; of several values the first one, which is about the caller's own. */
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
