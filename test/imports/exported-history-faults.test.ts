import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NAMED_FAULTS_MAX } from '../../src/imports/exported-history.ts';
import { cutBytes } from './cut-bytes.ts';
import { anyMessage, asPage } from './exported-history-forms.ts';
import { PYTHON_REPR, YAML } from './exported-history-samples.ts';
import { faultsOf, read } from './read-exported-history.ts';
import { runs } from '../support/seeded-random.ts';

const utf8 = new TextEncoder();
const message = (messageId: string) =>
  JSON.stringify({ messageId, eventType: 'STEP_STARTED', payload: '{}' });

/** Ways to damage a line so that it is no longer a valid message. */
const spoil: fc.Arbitrary<(line: string) => string> = fc.oneof(
  fc.nat().map((at) => (line: string) => line.slice(0, 2 + (at % (line.length - 2)))),
  fc.constantFrom('not JSON', '}', ']', ',', 'null', '"text"', '1').map((text) => () => text),
  fc.constantFrom('"', '{', ',', 'x', '[').map((typo) => (line: string) => `${line.slice(0, -1)}${typo}}`),
  fc
    .constantFrom(
      { messageId: 1 },
      { eventType: null, payload: {} },
      { payload: ['a'] },
      { timestamp: 'yesterday' },
      { timestamp: 1559247540656 },
      { other: 'x' },
      { messages: 1 },
    )
    .map((members) => () => JSON.stringify(members)),
);

describe('faults of an exported history:', () => {
  test('with one message per line, the first invalid lines are named, and every message before them is read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            message: anyMessage,
            spoil: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, spoil),
          }),
          { maxLength: 30 },
        ),
        fc.constantFrom('\n', '\r\n'),
        fc.infiniteStream(fc.nat({ max: 90 })),
        async (items, lineEnd, sizes) => {
          const lines = items.map((item) => {
            // Every message has a member. A damaged `{}` could be the beginning of a valid document that spreads over
            // lines.
            const line = JSON.stringify({ messageId: 'x', ...asPage(item.message) });
            return item.spoil === null ? line : item.spoil(line);
          });
          const bad = items.flatMap((item, index) => (item.spoil === null ? [] : [index + 1]));
          const { messages, outcome } = await read(cutBytes(utf8.encode(lines.join(lineEnd)), sizes));

          const named = outcome.ok || outcome.failure.type !== 'invalid-input' ? [] : outcome.failure.errors;
          expect([...new Set(named.map(({ name }) => name))]).toEqual(
            bad.slice(0, NAMED_FAULTS_MAX).map((line) => `line ${line}`),
          );
          expect(outcome.ok).toBe(bad.length === 0);
          expect(messages.length).toBe(bad[0] === undefined ? items.length : bad[0] - 1);
        },
      ),
      { numRuns: runs(400) },
    );
  });

  test('in a document that spreads over lines, the line of the first broken message is named', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyMessage, { minLength: 1, maxLength: 12 }),
        fc.nat(),
        fc.constantFrom('{', '}', '"', ',', ':', 'x', '\\'),
        fc.infiniteStream(fc.nat({ max: 90 })),
        async (history, choice, typo, sizes) => {
          const messages = history.map((item) => ({ messageId: 'x', ...asPage(item) }));
          const lines = JSON.stringify({ messages, nextToken: 'x' }, null, 2).split('\n');
          const broken = choice % messages.length;
          const begins =
            2 + messages.slice(0, broken).reduce((sum, item) => sum + Object.keys(item).length + 2, 0);
          expect(lines[begins]).toBe('    {');
          lines[begins] = `    ${typo}{`;
          const { outcome } = await read(cutBytes(utf8.encode(lines.join('\n')), sizes));
          expect(outcome).toMatchObject({ ok: false, failure: { type: 'invalid-input' } });
          // The reader finds the fault only at the end of the line (a quotation mark) or of the message (a bracket). It
          // must still name the line where the message begins.
          if (!outcome.ok && outcome.failure.type === 'invalid-input') {
            expect(outcome.failure.errors[0]?.name).toBe(`line ${begins + 1}`);
          }
        },
      ),
      { numRuns: runs(200) },
    );
  });

  test('a document is refused wherever it is cut off', async () => {
    const text = JSON.stringify(
      { a: [{}], messages: [{ messageId: '1', payload: '}"]' }, {}], b: {} },
      null,
      1,
    );
    for (const whole of [
      text,
      JSON.stringify(JSON.parse(text)),
      `[${text}]`,
      `[${message('1')},${message('2')}]`,
    ]) {
      expect(await faultsOf(whole)).toEqual([]);
      for (let end = 1; end < whole.length; end++)
        expect(await faultsOf(whole.slice(0, end))).toHaveLength(1);
    }
  });

  test.each([
    ['a number for text', '{"messageId": 7}', "1: 'messageId' must be text: it is a number."],
    ['text for an iteration', '{"iteration": "1"}', "1: 'iteration' must be a whole number: it is a string."],
    ['an object for a payload', '{"payload": {"a": 1}}', "1: 'payload' must be text: it is an object."],
    [
      'an array for a payload',
      '{"messages": [{\n"payload": []}]}',
      "1: 'payload' must be text: it is an array.",
    ],
    [
      'a time in words',
      '{"timestamp": "yesterday"}',
      `1: 'timestamp' must be epoch seconds, ISO 8601 or Python's str(datetime): it is "yesterday".`,
    ],
    [
      'a time in milliseconds',
      '{"timestamp": 1559247540656}',
      "1: 'timestamp' must be epoch seconds, ISO 8601 or Python's str(datetime): it is 1559247540656.",
    ],
    [
      'a time of another type',
      '{"timestamp": true}',
      "1: 'timestamp' must be epoch seconds, ISO 8601 or Python's str(datetime): it is a boolean.",
    ],
    ['a member that a message does not have', '{"events": []}', '1: Unknown member "events".'],
    ['a member named __proto__', '{"__proto__": {"payload": "x"}}', '1: Unknown member "__proto__".'],
    [
      'a document inside a document',
      '{"messages": [{"messages": [{}]}]}',
      "1: 'messages' must be an array of messages.",
    ],
    ['messages that are not an array', '\n{"messages": null}', "2: 'messages' must be an array of messages."],
    [
      'text that is not JSON',
      YAML.slice(0, 10),
      '1: This is not JSON. A history must be one message per line, or {"messages": […]} documents, in UTF-8.',
    ],
    [
      'a line break inside a string',
      '{"payload": "a\nb"}',
      expect.stringContaining('1: A string has no closing'),
    ],
    [
      'a missing comma between messages',
      '{"messages": [{} {}]}',
      "1: The array of messages must continue with ',' or ']' here.",
    ],
    ['a trailing comma', '[{},\n]', '2: The array of messages must continue with a message here.'],
    [
      'a value that is not a message',
      '{"messages": [null]}',
      '1: The array of messages must continue with a message here.',
    ],
    [
      'a broken member before the messages',
      '{"a": x,\n"messages": [{}]}',
      '1: The value that begins here is not valid JSON.',
    ],
    [
      'a broken member after the messages',
      '{"messages": [{}\n], "a": x}',
      '2: The value that begins here is not valid JSON.',
    ],
    [
      'a byte order mark in an array',
      '[{},\uFEFF{}]',
      '1: The array of messages must continue with a message here.',
    ],
    ['a byte order mark in the middle', `${message('1')} \uFEFF\n{"a"`, expect.stringContaining('2: ')],
  ])('%s is reported with its line', async (_, text, fault) => {
    expect((await faultsOf(text))[0]).toEqual(fault);
  });

  test('a printed Python dictionary is one fault, which tells how to export JSON instead', async () => {
    for (const text of [
      PYTHON_REPR,
      `[${PYTHON_REPR}]`,
      `${PYTHON_REPR}${PYTHON_REPR}`,
      `{"messages": ['x'`,
    ]) {
      expect(await faultsOf(text)).toEqual([
        expect.stringMatching(/^1: .*json\.dumps\(response, default=str\)\.$/),
      ]);
    }
  });

  test('a printed Python dictionary among valid lines does not hide later invalid lines', async () => {
    const lines = [message('1'), "{'messageId': '2'}", message('3'), 'x'];
    expect(await faultsOf(lines.join('\n'))).toEqual([
      expect.stringMatching(/^2: .*single quotes/),
      expect.stringMatching(/^4: /),
    ]);
  });

  test('UTF-16, as Windows PowerShell writes it, is refused with a fault that names UTF-16', async () => {
    expect(await faultsOf(Buffer.from(`\uFEFF${message('1')}`, 'utf16le'))).toEqual([
      expect.stringContaining('UTF-16'),
    ]);
  });

  test('bytes that are not UTF-8 are reported with their line, even in an otherwise valid message', async () => {
    const bad = Buffer.from('{"payload": "\xff\xfe"}', 'latin1');
    const notUtf8 = 'The value that begins here is not UTF-8.';
    expect(await faultsOf(Buffer.concat([utf8.encode('{}\n'), bad, utf8.encode('\n{}')]))).toEqual([
      `2: ${notUtf8}`,
    ]);
    expect(await faultsOf(Buffer.concat([utf8.encode('{"messages": [\n'), bad]))).toEqual([`2: ${notUtf8}`]);
    const cutBom = new Uint8Array([0xef, 0xbb]);
    for (const after of ['', '{}'])
      expect(await faultsOf(Buffer.concat([cutBom, utf8.encode(after)]))).toHaveLength(1);
  });

  test('in an array, reading stops at invalid JSON, because the start of the next message is unknown', async () => {
    for (const text of [
      '[{"a": x},\n{"b": 1}\nx]',
      '{"messages": [{"a": x},\n{"b": 1}\nx]}',
      '[{"a\n{}\nx]',
    ]) {
      expect(await faultsOf(text)).toHaveLength(1);
    }
    expect(await faultsOf('[{"a": 1},\n{"b": 1}]')).toHaveLength(2);
  });

  test('an invalid line that ends in a backslash does not affect the next line', async () => {
    expect(await faultsOf('{"messageId":"1\\\n{"":1}')).toEqual([
      expect.stringContaining('1: A string has no closing'),
      expect.stringContaining('2: Unknown member'),
    ]);
  });

  test('a first line that is cut off does not hide the faults of later lines', async () => {
    const lines = [
      message('1').slice(0, -1),
      message('2'),
      message('3').slice(0, -5),
      message('4'),
      'x',
      message('6'),
    ];
    expect((await faultsOf(lines.join('\n'))).map((fault) => fault.split(':')[0])).toEqual(['1', '3', '5']);
    const bothCut = [message('1').slice(0, -1), message('2').slice(0, -1)];
    expect((await faultsOf(bothCut.join('\n'))).map((fault) => fault.split(':')[0])).toEqual(['1', '2']);
    const cutInText = [message('1').slice(0, -1), message('2').slice(0, 10), message('3')];
    expect((await faultsOf(cutInText.join('\n'))).map((fault) => fault.split(':')[0])).toEqual(['1', '2']);
  });
});
