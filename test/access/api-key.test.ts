import { createHash, randomBytes } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { API_KEY_CHARACTERS } from '../../src/core/api-key-format.ts';
import { generateApiKey, nextCredentialId, keyIdFrom, parseApiKey } from '../../src/access/keys/api-key.ts';
import { containsApiKey } from '../../src/core/api-key-format.ts';
import { base62OfNumber, randomBase62 } from '../../src/core/base62.ts';
import { sha256, sha256ByWebCrypto } from '../../src/core/sha256.ts';
import { crc32 } from '../../src/access/keys/crc32.ts';
import { runs } from '../support/seeded-random.ts';

/** Any UTF-16 unit, including lone surrogates. Setting up fast-check's own `binary` takes most of a second. */
const anyUnit = fc.nat(0xffff).map((unit) => String.fromCharCode(unit));

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.split('');

describe('an API key', () => {
  test('has the documented form, and is parsed into its ids and the SHA-256 of the whole text', async () => {
    const key = generateApiKey(randomBytes);
    expect(key.text).toMatch(/^ftk_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}$/);
    expect(key.text).toHaveLength(API_KEY_CHARACTERS);
    const hash = createHash('sha256').update(key.text).digest();
    expect({ ...parseApiKey(key.text), hash: sha256(key.text) }).toEqual({
      keyId: key.text.slice(4, 12),
      credentialId: key.text.slice(4, 14),
      hash,
    });
    expect(await sha256ByWebCrypto(key.text)).toEqual(new Uint8Array(hash));
  });

  test('keeps its key id when it gets a new credential with an unused id', () => {
    const first = generateApiKey(randomBytes);
    const taken = ALPHABET.flatMap((a) => ALPHABET.map((b) => first.keyId + a + b)).slice(1);
    const second = generateApiKey(randomBytes, nextCredentialId(first.keyId, taken, 1_574_000_000_000));
    expect(second.keyId).toBe(first.keyId);
    expect(second.credentialId).toBe(`${first.keyId}00`);
    expect(second.text).not.toBe(first.text);
  });

  test('gets a different credential id in each second of an hour, even if none of its other ids is known', () => {
    const startMs = 1_574_000_000_000;
    const ids = Array.from({ length: 3600 }, (_, second) =>
      nextCredentialId('p1KuHulw', [], startMs + second * 1000),
    );
    expect(new Set(ids).size).toBe(3600);
  });

  test('with any single character changed is refused', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: API_KEY_CHARACTERS - 1 }),
        fc.string({ minLength: 1, maxLength: 1, unit: 'binary-ascii' }),
        (index, character) => {
          const { text } = generateApiKey(randomBytes);
          fc.pre(text[index] !== character);
          expect(parseApiKey(text.slice(0, index) + character + text.slice(index + 1))).toBeUndefined();
        },
      ),
      { numRuns: runs(2000) },
    );
  });

  test('with two adjacent characters swapped, or one dropped or doubled, is refused', () => {
    for (let index = 0; index < API_KEY_CHARACTERS - 1; index++) {
      const { text } = generateApiKey(randomBytes);
      const [before, a, b, after] = [
        text.slice(0, index),
        text[index],
        text[index + 1],
        text.slice(index + 2),
      ];
      if (a !== b) expect(parseApiKey(`${before}${b}${a}${after}`)).toBeUndefined();
      expect(parseApiKey(`${before}${b}${after}`)).toBeUndefined();
      expect(parseApiKey(`${before}${a}${a}${b}${after}`)).toBeUndefined();
    }
  });

  test('is never parsed from arbitrary text, however long', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyUnit, maxLength: 200 }), (text) => {
        expect(parseApiKey(text)).toBeUndefined();
      }),
    );
    expect(parseApiKey('ftk_'.repeat(1_000_000))).toBeUndefined();
  });

  test('is recognised anywhere in a text, even when mistyped or cut short', () => {
    const { text } = generateApiKey(randomBytes);
    expect(containsApiKey(`https://x/?nextToken=${text}&x`)).toBe(true);
    expect(containsApiKey(text.slice(0, -20))).toBe(true);
    expect(containsApiKey(`${text.slice(0, -1)}0`)).toBe(true);
    for (const other of ['', 'ftk_', 'ftk_…', text.slice(0, 15), text.slice(4), 'ftk_0123456789_short']) {
      expect(containsApiKey(other)).toBe(false);
    }
  });

  test('is identified by its key id or a credential id, and by nothing else', () => {
    expect(keyIdFrom('abcdefgh')).toBe('abcdefgh');
    expect(keyIdFrom('abcdefgh12')).toBe('abcdefgh');
    for (const id of [
      '',
      'abcdefg',
      'abcdefgh1',
      'abcdefgh123',
      'abcd/fgh',
      'abcdefgh\n',
      generateApiKey(randomBytes).text,
    ]) {
      expect(keyIdFrom(id)).toBeUndefined();
    }
  });
});

describe('the parts of a key', () => {
  test('the checksum is the CRC-32 of zlib', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 100 }), (text) => {
        expect(crc32(text)).toBe(zlibCrc32(text));
      }),
    );
    expect(crc32('123456789')).toBe(0xcbf43926);
  });

  test('six base62 digits represent every CRC-32 uniquely', () => {
    expect(base62OfNumber(0, 6)).toBe('000000');
    expect(base62OfNumber(0xffffffff, 6)).toBe('4gfFC3');
    fc.assert(
      fc.property(fc.nat(0xffffffff), (number) => {
        const back = base62OfNumber(number, 6)
          .split('')
          .reduce((sum, digit) => sum * 62 + ALPHABET.indexOf(digit), 0);
        expect(back).toBe(number);
      }),
    );
  });

  test('every character is equally likely, because bytes that would favour some are discarded', () => {
    let next = 248;
    const everyByte = (length: number) => Uint8Array.from({ length }, () => next++ % 256);
    const counts = new Map<string, number>();
    for (const character of randomBase62(everyByte, 248)) {
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect([...counts.values()]).toEqual(Array.from({ length: 62 }, () => 4));
  });
});
