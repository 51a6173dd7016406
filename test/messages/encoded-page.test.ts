import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  asBytes,
  asText,
  createPageEncoder,
  decodePage,
  encodedPageBytes,
} from '../../src/messages/encoded-page.ts';

const keys = { current: new Uint8Array(32) };
const execution = { source: 'things-graph', executionId: 'lamp' };
const toBytes = createPageEncoder(keys, asBytes);
const toText = createPageEncoder(keys, asText);

test('a page encoded as bytes equals the page encoded as text', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }), (payloads) => {
      const messages = payloads.map((payload, n) => ({ messageId: String(n), payload }));
      const content = {
        messages,
        next: { position: messages.length, fingerprint: '0'.repeat(16) },
        more: true,
      };
      const bytes = toBytes(execution, content);
      const text = toText(execution, content);
      expect({ ...text, body: asBytes(String(text.body)) }).toEqual(bytes);
      expect(decodePage(text)).toEqual(decodePage(bytes));
      expect(decodePage(text).messages).toEqual(messages);
    }),
  );
});

test('a page encoded as text counts one byte per character, or two if any character is outside Latin-1', () => {
  const next = { position: 0, fingerprint: '' };
  const sizeOf = (body: string) => encodedPageBytes({ body, etag: '', cursor: '', more: false, next });
  expect(sizeOf('é'.repeat(1_000)) - sizeOf('')).toBe(1_000);
  expect(sizeOf(`${'é'.repeat(999)}€`) - sizeOf('')).toBe(2_000);
});
