import { Buffer } from 'node:buffer';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { deriveKey } from '../../src/core/derive-key.ts';
import type { ExecutionName } from '../../src/core/execution-ref.ts';
import {
  type Cursor,
  type CursorKeys,
  CURSOR_CHARACTERS,
  decodeCursor,
  encodeCursor,
} from '../../src/messages/cursor.ts';
import { runs } from '../support/seeded-random.ts';

const keyOf = (secret: string) => deriveKey(secret, 'cursor');
const keys: CursorKeys = { current: keyOf('the secret') };
const execution: ExecutionName = { source: 'things-graph', executionId: 'urn:tdm:flow/1' };
const cursor: Cursor = { position: 1_234_567, fingerprint: '0123456789abcdef', end: 'none' };

const anyCursor: fc.Arbitrary<Cursor> = fc.record({
  position: fc.oneof(fc.nat(3_000), fc.integer({ min: 0, max: 0xffff_ffff })),
  fingerprint: fc
    .uint8Array({ minLength: 8, maxLength: 8 })
    .map((bytes) => Buffer.from(bytes).toString('hex')),
  end: fc.constantFrom('none', 'final', 'settled'),
});
const anyExecution: fc.Arbitrary<ExecutionName> = fc.record({
  source: fc.constantFrom('things-graph', 'step-functions'),
  executionId: fc.string({ unit: 'binary' }),
});

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('a cursor', () => {
  test('decodes to the value that was encoded for the same execution', () => {
    fc.assert(
      fc.property(anyCursor, anyExecution, fc.string(), (made, its, secret) => {
        const own = { current: keyOf(secret) };
        const text = encodeCursor(own, its, made);
        expect(decodeCursor(own, its, text)).toEqual(made);
      }),
    );
  });

  test('has a fixed length below 64 characters, and needs no escaping in URLs, headers and events', () => {
    fc.assert(
      fc.property(anyCursor, anyExecution, (made, its) => {
        expect(encodeCursor(keys, its, made)).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(encodeCursor(keys, its, made)).toHaveLength(CURSOR_CHARACTERS);
      }),
    );
    expect(CURSOR_CHARACTERS).toBeLessThan(64);
  });

  // The three cursors below were generated independently, with Python's hmac and base64.
  const zeros = { current: new Uint8Array(32) };

  test('keeps its format, so the cursors of clients stay valid after an update', () => {
    const text = encodeCursor(zeros, execution, { ...cursor, end: 'settled' });
    expect(text).toBe('AQAS1ocBI0VniavN7wILYNliAK9KUlDDmIMB9k63');
  });

  test('of another version or with an unknown end mark is refused, even if correctly signed', () => {
    expect(decodeCursor(zeros, execution, 'AgAS1ocBI0VniavN7wAH9FFxemDXb72e_cFMSE6d')).toBeUndefined();
    expect(decodeCursor(zeros, execution, 'AQAS1ocBI0VniavN7wPHH3PloPAJH-ZqRkN_YHOG')).toBeUndefined();
  });

  test('with any single character changed is refused', () => {
    const text = encodeCursor(keys, execution, cursor);
    for (let at = 0; at < text.length; at++) {
      for (const character of `${BASE64URL}+/= \0é`) {
        if (character === text[at]) continue;
        const changed = `${text.slice(0, at)}${character}${text.slice(at + 1)}`;
        expect(decodeCursor(keys, execution, changed)).toBeUndefined();
      }
    }
  });

  test('with a character added or removed, or in another base64 alphabet, is refused', () => {
    const text = encodeCursor(keys, execution, cursor);
    const others = [...Array.from(text, (_, at) => text.slice(0, at)), text.slice(1), ` ${text}`, `${text}=`];
    for (const other of [...others, `${text}A`, `${text}\n`, `${text}${text}`]) {
      expect(decodeCursor(keys, execution, other)).toBeUndefined();
    }
    const withSigns = fc.sample(anyCursor, 200).map((made) => encodeCursor(keys, execution, made));
    const plain = withSigns.map((made) => made.replaceAll('-', '+').replaceAll('_', '/'));
    expect(plain).not.toEqual(withSigns);
    for (const [index, made] of plain.entries()) {
      if (made !== withSigns[index]) expect(decodeCursor(keys, execution, made)).toBeUndefined();
    }
  });

  test('of another execution or source is refused', () => {
    fc.assert(
      fc.property(anyCursor, anyExecution, anyExecution, (made, its, other) => {
        fc.pre(its.source !== other.source || its.executionId !== other.executionId);
        expect(decodeCursor(keys, other, encodeCursor(keys, its, made))).toBeUndefined();
      }),
    );
    // The boundary between source and id is part of the signature, so moving it changes the cursor.
    const [a, b] = [
      { source: 'a', executionId: 'bc' },
      { source: 'ab', executionId: 'c' },
    ];
    expect(decodeCursor(keys, b, encodeCursor(keys, a, cursor))).toBeUndefined();
  });

  test('is encoded with the current secret, and decoded with the current or the previous one', () => {
    const old = { current: keyOf('old') };
    const rotated = { current: keyOf('new'), previous: keyOf('old') };
    const after = { current: keyOf('newer'), previous: keyOf('new') };
    const text = encodeCursor(old, execution, cursor);
    expect(decodeCursor(rotated, execution, text)).toEqual(cursor);
    expect(decodeCursor(after, execution, text)).toBeUndefined();
    expect(decodeCursor(old, execution, encodeCursor(rotated, execution, cursor))).toBeUndefined();
    expect(decodeCursor(after, execution, encodeCursor(rotated, execution, cursor))).toEqual(cursor);
  });

  test('that was never issued is refused without an exception, whatever its text', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary', minLength: CURSOR_CHARACTERS, maxLength: CURSOR_CHARACTERS }),
      fc.string({
        unit: fc.constantFrom(...Array.from(BASE64URL)),
        minLength: CURSOR_CHARACTERS,
        maxLength: CURSOR_CHARACTERS,
      }),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
      fc.constantFrom('\ud800'.repeat(CURSOR_CHARACTERS), 'A'.repeat(CURSOR_CHARACTERS)),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        expect(decodeCursor(keys, execution, text)).toBeUndefined();
      }),
      { numRuns: runs(1_000) },
    );
  });

  test.each([-1, 0.5, NaN, 2 ** 32, Infinity])(
    'with the invalid position %d cannot be encoded',
    (position) => {
      expect(() => encodeCursor(keys, execution, { ...cursor, position })).toThrow(RangeError);
    },
  );
});
