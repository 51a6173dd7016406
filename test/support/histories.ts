/** Histories for tests: fast-check arbitraries for property tests, and a simple history for other tests. */
import fc from 'fast-check';

import { EVENT_TYPES } from '../../src/messages/event-types.ts';
import { fingerprintAtStart, fingerprintsAlong } from '../../src/messages/fingerprint.ts';
import type { Chunk, History } from '../../src/messages/history.ts';
import { type Message, messagesBytes } from '../../src/messages/message.ts';
import { ok } from '../../src/core/errors.ts';

/** The default time of a history's first message. */
export const HISTORY_START_MS = Date.UTC(2019, 4, 30, 22, 45, 40, 656);

export type Terminal = 'EXECUTION_SUCCEEDED' | 'EXECUTION_FAILED' | 'EXECUTION_ABORTED';

export interface SomeHistoryOptions {
  readonly length: number;
  /** The type of the last message. If absent, the execution is still running. */
  readonly terminal?: Terminal;
  /** The time of the first message. Each message is 10 ms later than the previous one. */
  readonly startMs?: number;
  readonly payload?: (position: number) => string | undefined;
  /** Becomes a part of each message id, so that histories with different values have no common id. */
  readonly run?: string;
}

/** A simple history. The message ids contain the position, which makes failed comparisons readable. */
export const someHistory = (options: SomeHistoryOptions): Message[] =>
  Array.from({ length: options.length }, (_, position) => someMessage(position, options));

function someMessage(position: number, options: SomeHistoryOptions): Message {
  const {
    length,
    terminal,
    startMs = HISTORY_START_MS,
    run = '',
    payload = () => `payload ${position}`,
  } = options;
  const text = payload(position);
  const last = terminal !== undefined && position === length - 1;
  return {
    messageId: `${run}${position}`,
    eventType: last ? terminal : (RUNNING_TYPES[position % RUNNING_TYPES.length] ?? 'STEP_STARTED'),
    timestamp: new Date(startMs + position * 10).toISOString(),
    ...(text !== undefined && { payload: text }),
  };
}

const RUNNING_TYPES = ['EXECUTION_STARTED', ...EVENT_TYPES.filter((type) => !type.startsWith('EXECUTION_'))];

/** Any message: members can be missing, ids can repeat, and payloads are arbitrary text. */
export const anyMessage: fc.Arbitrary<Message> = fc.record(
  {
    messageId: fc.oneof(fc.nat(50).map(String), fc.uuid(), fc.string({ unit: 'binary', maxLength: 8 })),
    eventType: fc.oneof(fc.constantFrom(...EVENT_TYPES), fc.string({ maxLength: 8 })),
    timestamp: fc.nat(1_000_000).map((ms) => new Date(HISTORY_START_MS + ms).toISOString()),
    payload: fc.oneof(fc.constant(''), fc.string({ unit: 'binary' }), fc.json()),
  },
  { requiredKeys: [] },
);

/**
 * A history of `minLength` to `maxLength` messages. Long histories repeat a few drawn messages, so that shrinking stays
 * fast.
 */
export const anyHistory = (maxLength: number, minLength = 0): fc.Arbitrary<Message[]> =>
  fc
    .tuple(
      // Draws short histories often, because they end near page boundaries.
      fc.oneof(
        fc.integer({ min: minLength, max: Math.max(minLength, Math.min(maxLength, 30)) }),
        fc.integer({ min: minLength, max: maxLength }),
      ),
      fc.array(anyMessage, { minLength: 1, maxLength: 8 }),
    )
    .map(([length, drawn]) =>
      Array.from({ length }, (_, position): Message => ({
        ...drawn[position % drawn.length],
        // Makes all messages different. Otherwise a test could not distinguish the positions of repeated messages.
        timestamp: new Date(HISTORY_START_MS + position).toISOString(),
      })),
    );

/** Returns a copy of the history whose last message has the type `terminal`. */
export const ended = (history: readonly Message[], terminal: Terminal = 'EXECUTION_SUCCEEDED'): Message[] => [
  ...history.slice(0, -1),
  { ...history.at(-1), eventType: terminal },
];

/** A history in memory that is read in chunks. The chunk sizes cycle through `sizes`. */
export function historyInChunks(
  messages: readonly Message[],
  sizes: readonly number[],
  {
    complete = true,
    start = fingerprintAtStart({ source: 'source', executionId: 'execution' }),
  }: { complete?: boolean; start?: string } = {},
): History & { readonly held: (position: number) => Chunk } {
  const fingerprints = fingerprintsAlong(start, messages);
  const chunks: Chunk[] = [];
  for (let at = 0, n = 0; at < messages.length || chunks.length === 0; n++) {
    const end = Math.min(messages.length, at + Math.max(1, sizes[n % sizes.length] ?? 1));
    chunks.push({
      start: at,
      messages: messages.slice(at, end),
      fingerprints: fingerprints.slice(at, end + 1),
      bytes: messagesBytes(messages.slice(at, end)),
      last: end === messages.length,
    });
    at = end;
  }
  const held = (position: number) => {
    const chunk = chunks.find((each) => position < each.start + each.messages.length) ?? chunks.at(-1);
    if (!chunk) throw new Error('the history has no chunk');
    return chunk;
  };
  return { complete, held, chunkAt: async (position) => ok(held(position)) };
}
