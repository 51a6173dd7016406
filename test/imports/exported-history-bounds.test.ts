import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NAMED_FAULTS_MAX, readExportedHistory } from '../../src/imports/exported-history.ts';
import { MESSAGE_BYTES_MAX } from '../../src/imports/exported-history-scanner.ts';
import { cutBytes } from './cut-bytes.ts';
import { faultsOf, read } from './read-exported-history.ts';
import { runs } from '../support/seeded-random.ts';

const utf8 = new TextEncoder();
const message = (messageId: string) =>
  JSON.stringify({ messageId, eventType: 'STEP_STARTED', payload: '{}' });

describe('reading an exported history', () => {
  test('stops after a bounded number of faults', async () => {
    let taken = 0;
    async function* body() {
      for (; taken < 1000; taken++) yield utf8.encode('no\n');
    }
    const outcome = (await readExportedHistory(body(), { maxBytes: Infinity }).next()).value;
    expect(outcome).toMatchObject({ failure: { errors: { length: NAMED_FAULTS_MAX } } });
    expect(taken).toBeLessThan(20);

    const manyInOne = `${'no\n'.repeat(NAMED_FAULTS_MAX - 1)}{"messageId":1,"eventType":2,"payload":3}`;
    expect(await faultsOf(manyInOne)).toHaveLength(NAMED_FAULTS_MAX);
  });

  test('refuses a history that exceeds the limit by a single byte', async () => {
    const bytes = utf8.encode(`${message('1')}\n${message('2')}\n`);
    expect((await read(cutBytes(bytes, [10].values()), bytes.length)).outcome.ok).toBe(true);
    expect((await read(cutBytes(bytes, [10].values()), bytes.length - 1)).outcome).toEqual({
      ok: false,
      failure: { type: 'body-too-large', maxBytes: bytes.length - 1 },
    });
  });

  test('accepts a single message of any size below the limit for messages, and names the line of a larger one', async () => {
    const ofBytes = (size: number) => `{"payload":"${'x'.repeat(size - 14)}"}`;
    expect(await faultsOf(ofBytes(MESSAGE_BYTES_MAX - 70_000))).toEqual([]);
    for (const [before, after] of [
      ['{}\n', '\n{}\nx'],
      ['\n', '\n{}\nx'],
    ]) {
      expect(await faultsOf(`${before}${ofBytes(MESSAGE_BYTES_MAX + 70_000)}${after}`)).toEqual([
        '2: The value that begins here does not end within 16 MiB.',
        expect.stringContaining('4: '),
      ]);
    }
    expect(await faultsOf(`{"messages":[\n${ofBytes(MESSAGE_BYTES_MAX + 70_000)}]}`)).toEqual([
      '2: The value that begins here does not end within 16 MiB.',
    ]);
  });

  test('reports a body that breaks off as invalid input, with the line where it stopped', async () => {
    async function* body() {
      yield utf8.encode(`${message('1')}\n{"mess`);
      throw new Error('connection reset');
    }
    const reading = readExportedHistory(body(), { maxBytes: Infinity });
    expect((await reading.next()).value).toMatchObject({ line: 1, message: { messageId: '1' } });
    expect((await reading.next()).value).toEqual({
      ok: false,
      failure: {
        type: 'invalid-input',
        errors: [{ in: 'body', name: 'line 2', detail: 'The body broke off here.' }],
      },
    });
  });

  test('returns a result and never throws, whatever the bytes', async () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      '\n',
      "'",
      'x',
      '"messages"',
      '\uFEFF',
      '{}',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            piece.map((text) => utf8.encode(text)),
            fc.uint8Array({ maxLength: 3 }),
          ),
        ),
        fc.infiniteStream(fc.nat({ max: 9 })),
        async (pieces, sizes) => {
          const bytes = Buffer.concat(pieces);
          const whole = await read([bytes]);
          expect(await read(cutBytes(bytes, sizes))).toEqual(whole);
          if (whole.outcome.ok) expect(whole.messages.length).toBe(whole.outcome.value.count);
        },
      ),
      { numRuns: runs(2000) },
    );
  });
});
