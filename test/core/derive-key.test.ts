import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { deriveKey } from '../../src/core/derive-key.ts';

/** HKDF by RFC 5869, for one block of output: extract with a zero salt, expand once. */
const hkdfByHand = (secret: string, info: string): Buffer => {
  const prk = createHmac('sha256', Buffer.alloc(32)).update(secret).digest();
  return createHmac('sha256', prk).update(info).update(Uint8Array.of(1)).digest();
};

describe('a derived key', () => {
  test('is HKDF-SHA-256 of the secret, with the use as its info', () => {
    expect(Buffer.from(deriveKey('s'.repeat(32), 'ticket'))).toEqual(
      hkdfByHand('s'.repeat(32), 'flowtap/ticket'),
    );
  });

  test('differs for every use and every secret', () => {
    const keys = [
      deriveKey('a'.repeat(32), 'ticket'),
      deriveKey('a'.repeat(32), 'cursor'),
      deriveKey('b'.repeat(32), 'ticket'),
    ];
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(3);
  });
});
