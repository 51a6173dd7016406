/**
 * Parses IP addresses into 128-bit numbers. IPv4 becomes its IPv4-mapped form (RFC 4291, 2.5.5.2), so
 * `1.2.3.4` and `::ffff:1.2.3.4` are the same address. The accepted text forms are those of RFC 4291, 2.2.
 * This is our own code, because workerd has no `net.isIP` without flags.
 */

const GROUPS = 8;
const MAPPED_IPV4 = 0xffffn;
const MAPPED_IPV4_BITS = 96;

/**
 * Returns the address, or undefined if the text is not one. Ignores a zone (`fe80::1%eth0`), because zones
 * are meaningful only on the host itself.
 */
export function parseIpAddress(text: string): bigint | undefined {
  // No address is this long, even with its zone. The limit bounds the work below.
  if (text.length > 64) return undefined;
  const [address = ''] = text.split('%', 1);
  if (!address.includes(':')) {
    const ipv4 = parseIpv4(address);
    return ipv4 === undefined ? undefined : (MAPPED_IPV4 << 32n) | ipv4;
  }
  return parseIpv6(address);
}

/** A block of addresses: `10.0.0.0/8`, `fd00::/8`, or a single address. */
export interface AddressBlock {
  readonly address: bigint;
  readonly prefixBits: number;
}

export function parseAddressBlock(text: string): AddressBlock | undefined {
  const [addressText = '', bitsText, ...more] = text.split('/');
  const address = parseIpAddress(addressText);
  if (address === undefined || more.length > 0) return undefined;
  const offset = addressText.includes(':') ? 0 : MAPPED_IPV4_BITS;
  if (bitsText === undefined) return { address, prefixBits: 128 };
  if (!/^\d{1,3}$/.test(bitsText)) return undefined;
  const prefixBits = offset + Number(bitsText);
  return prefixBits > 128 ? undefined : { address, prefixBits };
}

export const isInBlock = (address: bigint, block: AddressBlock): boolean => {
  const free = BigInt(128 - block.prefixBits);
  return address >> free === block.address >> free;
};

/**
 * Names the smallest block that a provider usually gives to one customer: a single IPv4 address, or an IPv6
 * /64.
 */
export function subscriberBlock(address: bigint): string {
  if (address >> 32n === MAPPED_IPV4) return bytesOf(address, 32, 8).join('.');
  const groups = bytesOf(address >> 64n, 64, 16).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}

const bytesOf = (value: bigint, bits: number, size: number): number[] =>
  Array.from({ length: bits / size }, (_, index) =>
    Number((value >> BigInt(bits - size * (index + 1))) & ((1n << BigInt(size)) - 1n)),
  );

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let address = 0n;
  for (const part of parts) {
    // Reject leading zeros: some parsers read them as octal.
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    address = (address << 8n) | BigInt(part);
  }
  return address;
}

function parseIpv6(text: string): bigint | undefined {
  const hexOnly = withoutDottedTail(text);
  if (hexOnly === undefined) return undefined;
  const halves = hexOnly.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = [groupsOf(halves[0] ?? ''), groupsOf(halves[1] ?? '')];
  if (head === undefined || tail === undefined) return undefined;
  const missing = GROUPS - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0n), ...tail];
  return groups.reduce((address, group) => (address << 16n) | group, 0n);
}

/**
 * Rewrites `::ffff:1.2.3.4` as `::ffff:102:304`. Only the last two groups may be written as an IPv4 address.
 */
function withoutDottedTail(text: string): string | undefined {
  const start = text.lastIndexOf(':') + 1;
  if (!text.includes('.', start)) return text;
  const ipv4 = parseIpv4(text.slice(start));
  if (ipv4 === undefined) return undefined;
  return `${text.slice(0, start)}${(ipv4 >> 16n).toString(16)}:${(ipv4 & 0xffffn).toString(16)}`;
}

function groupsOf(text: string): bigint[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  return parts.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))
    ? parts.map((part) => BigInt(`0x${part}`))
    : undefined;
}
