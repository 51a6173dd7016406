import { createParser, type EventSourceMessage } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sseComment, sseEvent, sseOpening, type ServerSentEvent } from '../../src/messages/sse.ts';
import { cutBytes } from '../imports/cut-bytes.ts';
import { runs } from '../support/seeded-random.ts';

const text = (frame: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(frame);

/** Parses, as a client does, a stream that arrives in these chunks. */
function received(chunks: Iterable<Uint8Array>) {
  const events: EventSourceMessage[] = [];
  const retries: number[] = [];
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onRetry: (ms) => retries.push(ms),
    onError: (error) => {
      throw error;
    },
  });
  const decoder = new TextDecoder();
  for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
  return { events, retries };
}

/** Any UTF-16 text, including lone surrogates and control characters. Line ends and colons are frequent. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\r', '\n', '\r\n', ':', ' ', '\0', '\ud800', '\uFEFF'),
    ),
  )
  .map((parts) => parts.join(''));
const fieldText = anyText.map((value) => value.replace(/[\r\n\0]/g, '')).filter((value) => value !== '');
const anyEvent: fc.Arbitrary<ServerSentEvent> = fc.record(
  { id: fieldText, event: fieldText, data: anyText, retryMs: fc.nat() },
  { requiredKeys: ['data'] },
);

describe('server-sent events', () => {
  test('a client receives every event unchanged, however the bytes are split', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent),
        fc.nat(),
        fc.infiniteStream(fc.nat({ max: 40 })),
        (sent, openingMs, sizes) => {
          const frames = [sseOpening(openingMs), ...sent.map((item) => sseEvent(item))];
          const { events, retries } = received(cutBytes(Buffer.concat(frames), sizes));
          expect(events).toEqual(
            sent.map(({ id, event, data }) => ({
              id: id?.toWellFormed(),
              event: event?.toWellFormed(),
              data: data.replace(/\r\n?/g, '\n').toWellFormed(),
            })),
          );
          expect(retries).toEqual([openingMs, ...sent.flatMap(({ retryMs }) => retryMs ?? [])]);
        },
      ),
      { numRuns: runs(500) },
    );
  });

  test('a frame has the format of the specification', () => {
    expect(text(sseEvent({ id: 'abc', event: 'caught-up', data: '{"status":"RUNNING"}' }))).toBe(
      'id: abc\nevent: caught-up\ndata: {"status":"RUNNING"}\n\n',
    );
    expect(text(sseEvent({ data: 'a\nb\rc\r\nd\n' }))).toBe('data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n');
    expect(text(sseEvent({ event: 'problem', data: '{}', retryMs: 3000 }))).toBe(
      'retry: 3000\nevent: problem\ndata: {}\n\n',
    );
  });

  test('a stream starts with a `retry:` field that belongs to the block of the first event', () => {
    expect(text(sseOpening(3000))).toBe('retry: 3000\n');
    expect(text(Buffer.concat([sseOpening(3000), sseEvent({ id: '1', data: '{}' })]))).toBe(
      'retry: 3000\nid: 1\ndata: {}\n\n',
    );
    expect(received([sseOpening(3000)])).toEqual({ events: [], retries: [3000] });
  });

  test('leading spaces in a line of data are preserved', () => {
    const { events } = received([sseEvent({ data: ' indented\n  twice' })]);
    expect(events).toEqual([{ id: undefined, event: undefined, data: ' indented\n  twice' }]);
  });

  test('an event with empty data is delivered', () => {
    const { events } = received([sseEvent({ id: '7', data: '' })]);
    expect(events).toEqual([{ id: '7', event: undefined, data: '' }]);
  });

  test('a lone surrogate is replaced by U+FFFD, because UTF-8 cannot encode it', () => {
    expect(text(sseEvent({ data: 'a\ud800b' }))).toBe('data: a\uFFFDb\n\n');
  });

  test('an id or event name that a frame cannot contain is rejected', () => {
    for (const value of ['', '\n', 'a\rb', 'a\0', 'a\r\nretry: 0']) {
      expect(() => sseEvent({ id: value, data: 'x' })).toThrow(RangeError);
      expect(() => sseEvent({ event: value, data: 'x' })).toThrow(RangeError);
    }
  });

  test('a reconnection time that is not a non-negative integer is rejected', () => {
    for (const ms of [-1, 0.5, NaN, Infinity, 1e21]) {
      expect(() => sseOpening(ms)).toThrow(RangeError);
      expect(() => sseEvent({ data: '', retryMs: ms })).toThrow(RangeError);
    }
    expect(received([sseOpening(0)]).retries).toEqual([0]);
  });

  test('a comment has no effect for clients, even before the first event', () => {
    const stream = [sseOpening(5), sseComment(), sseEvent({ id: '1', data: 'x' }), sseComment()];
    expect(received(stream)).toMatchObject({ events: [{ id: '1', data: 'x' }], retries: [5] });
  });
});
