import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readExportedHistory } from '../../src/imports/exported-history.ts';
import { cutBytes } from './cut-bytes.ts';
import { anyHistory, anyTimestampForm, asPage, FORMS } from './exported-history-forms.ts';
import { EXPORTS } from './exported-history-samples.ts';
import { bodyOf, read } from './read-exported-history.ts';
import { runs } from '../support/seeded-random.ts';

const utf8 = new TextEncoder();
const chunkSizes = fc.oneof(
  fc.infiniteStream(fc.nat({ max: 9 })),
  fc.infiniteStream(fc.constantFrom(1, 64, 1000)),
);

describe('an exported history', () => {
  test.each(Object.entries(FORMS))(
    'in the form "%s", every message is read as pages show it',
    async (_, form) => {
      await fc.assert(
        fc.asyncProperty(
          anyHistory,
          form,
          fc.infiniteStream(anyTimestampForm),
          chunkSizes,
          fc.boolean(),
          async (history, print, timestampForms, sizes, withNull) => {
            const exported = history.map(({ seconds, ...rest }) => ({
              ...rest,
              ...(seconds !== undefined && { timestamp: timestampForms.next().value?.(seconds) }),
              ...(withNull && rest.payload === undefined && { payload: null }),
            }));
            const { messages, outcome } = await read(cutBytes(utf8.encode(print(exported)), sizes));
            expect(outcome).toEqual({ ok: true, value: { count: history.length } });
            expect(messages).toEqual(history.map(asPage));
          },
        ),
        { numRuns: runs(150) },
      );
    },
  );

  test('the messages of a page are read unchanged, to the last byte', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, chunkSizes, async (history, sizes) => {
        const page = JSON.stringify({ messages: history.map(asPage), cursor: 'abc', status: 'RUNNING' });
        const { messages } = await read(cutBytes(utf8.encode(page), sizes));
        expect(JSON.stringify({ messages, cursor: 'abc', status: 'RUNNING' })).toBe(page);
      }),
      { numRuns: runs(100) },
    );
  });

  test.each(EXPORTS)('$what is read', async ({ text, messages }) => {
    expect(await read([utf8.encode(text)])).toEqual({
      messages,
      outcome: { ok: true, value: { count: messages.length } },
    });
  });

  test.each(['', '\n\n', '\uFEFF', '{"messages": []}', '{\n  "messages": [\n  ]\n}\n', '[]', '[ ]'])(
    'a history without messages is read as empty: %j',
    async (text) => {
      expect(await read([utf8.encode(text)])).toEqual({
        messages: [],
        outcome: { ok: true, value: { count: 0 } },
      });
    },
  );

  test('a body is read only as fast as its messages are consumed, and is cancelled when the consumer stops', async () => {
    let pulled = 0;
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => controller.enqueue(utf8.encode(`{"messageId":"${pulled++}"}\n`)),
        cancel: () => void (cancelled = true),
      },
      { highWaterMark: 0 },
    );
    const messages = readExportedHistory(body, { maxBytes: Infinity });
    for (let n = 0; n < 5; n++) {
      expect((await messages.next()).value).toEqual({ line: n + 1, message: { messageId: String(n) } });
    }
    expect(pulled).toBe(5);
    await messages.return({ ok: true, value: { count: 0 } });
    expect(cancelled).toBe(true);
  });

  test('a large history in one chunk yields its first message before the rest is parsed', async () => {
    const lines = `{"messageId":"1"}\n${'{"messageId":"2"}\n'.repeat(100_000)}not JSON`;
    const first = await readExportedHistory(bodyOf([utf8.encode(lines)]), { maxBytes: 1e9 }).next();
    expect(first.value).toEqual({ line: 1, message: { messageId: '1' } });
  });
});
