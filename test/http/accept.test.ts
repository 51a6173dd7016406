import { describe, expect, test } from 'vitest';

import { acceptsEventStream } from '../../src/http/accept.ts';

describe('a caller gets a stream if Accept names text/event-stream, and application/json only with less weight', () => {
  test.each([
    'text/event-stream',
    'TEXT/Event-Stream',
    ' text/event-stream ; charset=utf-8 ',
    'text/event-stream;q=0.1',
    'text/event-stream, */*',
    '*/*, text/event-stream;q=0.1',
    'application/*, text/event-stream;q=0.1',
    'text/html, application/xhtml+xml, text/event-stream;q=0.2',
    'application/json;q=0.1, text/event-stream',
    'application/json;q=0.899, text/event-stream;q=0.9',
    'application/json;q=0, text/event-stream;q=0.001',
    'application/problem+json, text/event-stream;q=0.5',
    'text/event-stream, application/json;q=0.9, */*;q=0.1',
    'text/event-stream;q=0, text/event-stream',
    'application/json;note="a, text/html;q=1";q=0.1, text/event-stream;q=0.5',
  ])('%s', (accept) => expect(acceptsEventStream(accept)).toBe(true));
});

describe('a caller gets a page if Accept does not name text/event-stream, or names application/json with at least its weight', () => {
  test.each([
    null,
    '',
    ',,',
    '*/*',
    'text/*',
    'application/json',
    'text/event-stream;q=0',
    'text/event-stream;Q=0.000',
    'text/event-streams',
    'x-text/event-stream',
    'application/json, text/event-stream',
    'text/event-stream, application/json',
    'application/json, text/event-stream;q=0.1',
    'application/json;q=0.9, text/event-stream;q=0.9',
    'application/json;charset=utf-8, text/event-stream',
    'application/json , */* ; q=0.5, text/event-stream; q=0.99',
    'text/event-stream;q=0, application/json;q=0',
    'application/json;q=0.1, application/json, text/event-stream',
    'text/html;note="x, text/event-stream"',
  ])('%s', (accept) => expect(acceptsEventStream(accept)).toBe(false));
});

// In quadratic time, these headers would take minutes, and the test would time out.
test('an absurdly long header is read in linear time', () => {
  expect(acceptsEventStream('"\\'.repeat(1_000_000))).toBe(false);
  expect(acceptsEventStream('text/event-stream;q=0,'.repeat(100_000))).toBe(false);
});
