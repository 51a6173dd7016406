/** For tests of the import: generates histories, and prints them in the formats of exporting programs. */
import fc from 'fast-check';
import type { Message } from '../../src/messages/message.ts';
import { isoFromEpochSeconds } from '../../src/messages/timestamp.ts';

/** A message as a source sends it, with the time as a number of epoch seconds. */
export interface SourceMessage {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly seconds?: number;
  readonly payload?: string;
}

/** Returns the message as pages show it. An import must read it as exactly this. */
export function asPage({ seconds, messageId, eventType, payload }: SourceMessage): Message {
  const timestamp = seconds === undefined ? undefined : isoFromEpochSeconds(seconds);
  return {
    ...(messageId !== undefined && { messageId }),
    ...(eventType !== undefined && { eventType }),
    ...(timestamp !== undefined && { timestamp }),
    ...(payload !== undefined && { payload }),
  };
}

/** Text that resembles the surrounding JSON, or contains any character. */
const trickyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"', '\\', '\\"', '{', '}', '[', ']', ',', ':', '\n', "'", '"messages": [', '€', '😀'),
    ),
  )
  .map((parts) => parts.join(''));

export const anyMessage: fc.Arbitrary<SourceMessage> = fc.record(
  {
    messageId: fc.oneof(fc.nat().map(String), trickyText),
    eventType: fc.oneof(fc.constantFrom('STEP_STARTED', 'EXECUTION_FAILED'), trickyText),
    // Python's datetime has microsecond precision.
    seconds: fc
      .tuple(
        fc.integer({ min: -2e9, max: 4e9 }),
        fc.oneof(
          fc.nat(999).map((ms) => ms * 1000),
          fc.nat(999_999),
        ),
      )
      .map(([whole, micros]) => Number(`${whole}.${String(micros).padStart(6, '0')}`)),
    payload: trickyText,
  },
  { requiredKeys: [] },
);

export const anyHistory = fc.array(anyMessage, { maxLength: 12 });

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');

/** Prints an offset from UTC as Python does: with seconds only if they are not zero. `offset` is in seconds. */
const offsetText = (offset: number, colon: string): string => {
  const rest = Math.abs(offset);
  const ofMinute = rest % 60 === 0 ? '' : `${colon}${pad(rest % 60)}`;
  const hours = pad(Math.floor(rest / 3600));
  return `${offset < 0 ? '-' : '+'}${hours}${colon}${pad(Math.floor(rest / 60) % 60)}${ofMinute}`;
};

/** Returns the local time at the offset, and separately the digits of the fraction of its second. */
function wallClock(seconds: number, offset: number) {
  const [utc = '', fraction = ''] = (isoFromEpochSeconds(seconds) ?? '').replace('Z', '').split('.');
  const local = new Date(Date.parse(`${utc}Z`) + offset * 1000).toISOString().slice(0, 19);
  return { local, digits: fraction.replace(/0+$/, '') };
}

const anyOffset = fc.oneof(
  fc.constantFrom(0, 3600, -7 * 3600, 20_700, 3208),
  fc.integer({ min: -86_399, max: 86_399 }),
);

/** Every format of times that imports accept, each as a function of epoch seconds. */
export const anyTimestampForm: fc.Arbitrary<(seconds: number) => string | number> = fc.oneof(
  fc.constant((seconds: number) => seconds),
  fc.constant((seconds: number) => String(seconds)),
  fc.constant((seconds: number) => seconds.toFixed(6)),
  fc.constant((seconds: number) => isoFromEpochSeconds(seconds) ?? ''),
  anyOffset.map((offset) => (seconds: number) => {
    // The format of Python's str(datetime): six digits after the second, or none.
    const { local, digits } = wallClock(seconds, offset);
    const fraction = digits === '' ? '' : `.${digits.padEnd(6, '0')}`;
    return `${local.replace('T', ' ')}${fraction}${offsetText(offset, ':')}`;
  }),
  fc
    .tuple(anyOffset, fc.nat(9), fc.constantFrom('', ':'))
    .map(([offset, digitsMin, colon]) => (seconds: number) => {
      const { local, digits } = wallClock(seconds, offset);
      const fraction = digits.padEnd(digitsMin, '0');
      return `${local}${fraction === '' ? '' : `.${fraction}`}${offsetText(offset, colon)}`;
    }),
  fc.constantFrom('', 'Z', 'z').map((zone) => (seconds: number) => {
    const { local, digits } = wallClock(seconds, 0);
    return `${local.replace('T', zone === '' ? ' ' : 'T')}${digits === '' ? '' : `.${digits}`}${zone}`;
  }),
);

/** Prints JSON with the given white space at every place where JSON allows it. */
export function spaced(value: unknown, space: () => string): string {
  const join = (parts: readonly string[], open: string, close: string): string =>
    `${open}${parts.map((part) => `${space()}${part}${space()}`).join(',')}${parts.length === 0 ? space() : ''}${close}`;
  if (Array.isArray(value))
    return join(
      value.map((item) => spaced(item, space)),
      '[',
      ']',
    );
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return join(
    Object.entries(value).map(
      ([name, member]) => `${JSON.stringify(name)}${space()}:${space()}${spaced(member, space)}`,
    ),
    '{',
    '}',
  );
}

/** The members of a document other than `messages`. Some of them contain text that resembles `messages`. */
const anyEnvelope: fc.Arbitrary<Record<string, unknown>> = fc.dictionary(
  fc.constantFrom('nextToken', 'NextToken', 'cursor', 'status', 'ResponseMetadata', '$metadata', 'a"b', '}]'),
  fc.oneof(
    trickyText,
    fc.constant(null),
    fc.constant({ HTTPHeaders: { messages: [{ messageId: 'no message' }] }, messages: 'none' }),
    fc.constant([[], [{ messages: [1, 2] }]]),
  ),
);

const cut = <T>(items: readonly T[], sizes: readonly number[]): readonly (readonly T[])[] => {
  const parts: (readonly T[])[] = [];
  let at = 0;
  for (const size of sizes) {
    parts.push(items.slice(at, at + size));
    at += size;
  }
  return [...parts, items.slice(at)];
};

/** The formats that an import reads. Each generates functions that print messages whose times are already formatted. */
export const FORMS: Readonly<Record<string, fc.Arbitrary<(messages: readonly object[]) => string>>> = {
  'one message per line': fc
    .record({
      end: fc.constantFrom('\n', '\r\n', '\n\n', '\n \t\r\n'),
      start: fc.constantFrom('', '\uFEFF', '\n\n', ' '),
      last: fc.boolean(),
      spaces: fc.infiniteStream(fc.constantFrom('', ' ', '\t')),
    })
    .map(({ end, start, last, spaces }) => (messages) => {
      const space = () => String(spaces.next().value);
      const lines = messages.map((message) => `${space()}${spaced(message, space)}${space()}`);
      return `${start}${lines.join(end)}${last ? end : ''}`;
    }),
  'messages spread over lines, as jq prints them': fc
    .constantFrom(1, 2, 4, '\t')
    .map(
      (indent) => (messages) => messages.map((message) => JSON.stringify(message, null, indent)).join('\n'),
    ),
  'documents with any spacing': fc
    .record({
      sizes: fc.array(fc.nat(5), { maxLength: 4 }),
      before: anyEnvelope,
      after: anyEnvelope,
      between: fc.constantFrom('', '\n', '\n\n', ' ', '\n\uFEFF'),
      spaces: fc.infiniteStream(fc.constantFrom('', '', ' ', '\n', '\r\n', '\n    ')),
    })
    .map(
      ({ sizes, before, after, between, spaces }) =>
        (messages) =>
          cut(messages, sizes)
            .map((page) => {
              return spaced({ ...before, messages: page, ...after }, () => String(spaces.next().value));
            })
            .join(between),
    ),
  'a document as JSON.stringify or json.dumps print it': fc
    .record({
      indent: fc.constantFrom(0, 1, 2, 4, '\t'),
      before: anyEnvelope,
      after: anyEnvelope,
      ascii: fc.boolean(),
    })
    .map(({ indent, before, after, ascii }) => (messages) => {
      const text = JSON.stringify({ ...before, messages, ...after }, null, indent);
      const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
      return ascii ? text.replace(/[\u0080-\uffff]/g, escaped) : text;
    }),
  'an array of messages': fc
    .constantFrom(undefined, 0, 4)
    .map((indent) => (messages) => JSON.stringify(messages, null, indent)),
  'an array of documents': fc.tuple(fc.array(fc.nat(5), { maxLength: 4 }), fc.constantFrom(undefined, 2)).map(
    ([sizes, indent]) =>
      (messages) =>
        JSON.stringify(
          cut(messages, sizes).map((page) => ({ messages: page, nextToken: 'x' })),
          null,
          indent,
        ),
  ),
};
