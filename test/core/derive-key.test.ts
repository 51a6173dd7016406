import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { deriveKey } from '../../src/core/derive-key.ts';

/** HKDF as defined by RFC 5869, for one block of output: extracts with a zero salt and expands once. */
const hkdfByHand = (secret: string, info: string): Buffer => {
  const prk = createHmac('sha256', Buffer.alloc(32)).update(secret).digest();
  return createHmac('sha256', prk).update(info).update(Uint8Array.of(1)).digest();
};

describe('a derived key', () => {
  test('is the HKDF-SHA-256 of the secret, with the purpose as info', () => {
    expect(Buffer.from(deriveKey('s'.repeat(32), 'ticket'))).toEqual(
      hkdfByHand('s'.repeat(32), 'flowtap/ticket'),
    );
  });

  test('differs for each purpose and each secret', () => {
    const keys = [
      deriveKey('a'.repeat(32), 'ticket'),
      deriveKey('a'.repeat(32), 'cursor'),
      deriveKey('b'.repeat(32), 'ticket'),
    ];
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(3);
  });
});
