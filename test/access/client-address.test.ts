import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  parseTrustedProxies,
  socketClientAddress,
  workersClientAddress,
} from '../../src/access/client-address.ts';
import { parseIpAddress } from '../../src/access/ip-address.ts';
import { runs } from '../support/seeded-random.ts';

const onWorkers = (address: string) => workersClientAddress(new Headers({ 'CF-Connecting-IP': address }));

const behind = (proxies: string, socket: string | undefined, forwardedFor?: string) =>
  socketClientAddress(
    new Headers(forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor }),
    socket,
    parseTrustedProxies(proxies) ?? [],
  );

describe('the bucket of a client address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ])('of %s is %s', (address, bucket) => {
    expect(onWorkers(address)).toBe(bucket);
  });

  test.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7::8',
    '::g',
    '::1.2.3',
    `::${'1'.repeat(5)}`,
    '1.2.3.4, 5.6.7.8',
  ])('of the invalid address %j is "unknown", which all invalid addresses share', (address) => {
    expect(onWorkers(address)).toBe('unknown');
  });

  test('is "unknown" for exactly the texts that Node does not accept as addresses', () => {
    const piece = fc.constantFrom('0', '1', '255', '256', 'ffff', 'g', '.', ':', '::', '1.2.3.4', ' ');
    const nearly = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.oneof(nearly, fc.ipV4(), fc.ipV6()), (text) => {
        expect(parseIpAddress(text) !== undefined).toBe(isIP(text) !== 0);
      }),
      { numRuns: runs(3000) },
    );
  });
});

describe('the client address outside of Cloudflare', () => {
  test('is the peer of the socket, whatever headers the caller sends', () => {
    expect(behind('', '192.0.2.1', '203.0.113.9')).toBe('192.0.2.1');
    expect(behind('10.0.0.0/8', '192.0.2.1', '203.0.113.9')).toBe('192.0.2.1');
    expect(behind('', undefined, '203.0.113.9')).toBe('unknown');
  });

  test('behind a trusted proxy is the nearest untrusted address in X-Forwarded-For', () => {
    expect(behind('10.0.0.0/8', '10.1.2.3', '203.0.113.9')).toBe('203.0.113.9');
    expect(behind('10.0.0.0/8', '::ffff:10.1.2.3', '1.1.1.1, 203.0.113.9')).toBe('203.0.113.9');
    expect(behind('10.0.0.0/8, fd00::/8', 'fd00::5', '203.0.113.9, 10.9.9.9')).toBe('203.0.113.9');
    expect(behind('10.1.2.3', '10.1.2.3', '[2001:db8::1]:4711')).toBe('2001:db8:0:0::/64');
    expect(behind('10.1.2.3', '10.1.2.3', '203.0.113.9:4711')).toBe('203.0.113.9');
  });

  test('is the farthest trusted proxy if no valid address precedes it in X-Forwarded-For', () => {
    expect(behind('10.0.0.0/8', '10.1.2.3')).toBe('10.1.2.3');
    expect(behind('10.0.0.0/8', '10.1.2.3', 'unknown')).toBe('10.1.2.3');
    expect(behind('10.0.0.0/8', '10.1.2.3', '203.0.113.9, junk, 10.7.7.7')).toBe('10.7.7.7');
    expect(behind('10.0.0.0/8', '10.1.2.3', '10.5.5.5, 10.6.6.6')).toBe('10.5.5.5');
  });

  test('cannot be hidden by a long header', () => {
    const forged = Array.from({ length: 1000 }, (_, index) => `203.0.113.${index % 256}`).join(',');
    expect(behind('10.0.0.0/8', '10.1.2.3', `${forged}, 198.51.100.7`)).toBe('198.51.100.7');
  });

  test('depends on trusted proxies, which must be addresses or CIDR blocks', () => {
    expect(parseTrustedProxies(' 10.0.0.1 , fd00::/8 ,')).toHaveLength(2);
    expect(parseTrustedProxies('0.0.0.0/0')).toHaveLength(1);
    for (const wrong of [
      'nginx',
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      'fd00::/129',
      '10.0.0.1 10.0.0.2',
    ]) {
      expect(parseTrustedProxies(wrong)).toBeUndefined();
    }
  });
});
