import fc from 'fast-check';
import { expect, test } from 'vitest';

import { payloadPreview, payloadText } from '../../src/viewer/format/payload-text.ts';

test('JSON is indented as JSON.stringify indents it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (json) => {
      const value: unknown = JSON.parse(json);
      if (typeof value !== 'object' || value === null) return;
      expect(payloadText(json)).toEqual({ text: JSON.stringify(value, null, 2), isJson: true });
    }),
  );
});

test('numbers, escapes and repeated members of JSON are unchanged', () => {
  const { text } = payloadText(String.raw`{"n":12345678901234567890,"n":1.0,"s":"\u00e9\/ {[,:","e":[]}`);
  expect(text).toBe(String.raw`{
  "n": 12345678901234567890,
  "n": 1.0,
  "s": "\u00e9\/ {[,:",
  "e": []
}`);
});

test.each(['', 'text', '12', '"text"', '{stepId: A}', '{"a":', '[1,2'])('%j is unchanged text', (payload) => {
  expect(payloadText(payload)).toEqual({ text: payload, isJson: false });
});

test('a preview is one line, without members that the row already shows', () => {
  expect(payloadPreview('{"type":"TaskStarted","id":4,"previousEventId":3}')).toBe('');
  expect(payloadPreview('{"type":"TaskSucceeded","id":5,"previousEventId":4,"output":"1"}')).toBe(
    '{"output":"1"}',
  );
  expect(payloadPreview('a\n  b\tc')).toBe('a b c');
  expect(payloadPreview('x'.repeat(100_000)).length).toBeLessThan(300);
});
