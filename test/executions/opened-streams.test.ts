/** The cost of opening a stream, apart from its messages. */
import { expect, test } from 'vitest';

import { createFrameMemory, EventFrames } from '../../src/executions/following/event-frames.ts';
import { readStreamRequest, streamRequest } from '../../src/executions/runtimes/stream-request.ts';
import { startOf } from '../../src/messages/history.ts';

const ref = { source: 'scripted', executionId: 'urn:tdm:flow' };

test('caught-up events and heartbeats at the same position share one signed id', () => {
  let signed = 0;
  const keys = {
    get current() {
      signed++;
      return new Uint8Array(32);
    },
  };
  const frames = new EventFrames({ ref, keys, memory: createFrameMemory(), problemJson: () => '{}' });
  const at = startOf(ref);
  const state = { timestamp: '2026-01-01T00:00:00.000Z', pollIntervalMs: 1_000, upstream: 'ok' } as const;
  const opened = Array.from({ length: 1_000 }, () => [
    frames.caughtUp(at, 'RUNNING'),
    frames.heartbeat(at, state),
  ]);
  expect(new Set(opened.map(String)).size).toBe(1);
  expect(signed).toBe(1);
  const other = { ...at, position: 1 };
  expect(frames.heartbeat(other, state)).not.toEqual(frames.heartbeat(at, state));
  expect(frames.end(at, 'SUCCEEDED', true)).not.toEqual(frames.end(at, 'SUCCEEDED', false));
});

test('a stream request reaches the Durable Object unchanged and needs no body', () => {
  const asked = {
    ref: { executionId: 'flöw/日本/\u{1f600}\ud800\u007f' },
    request: { step: 'a\r\nb: c', eventTypes: ['X'] },
  };
  const request = new Request('https://execution/stream', streamRequest(asked, undefined));
  expect(request.body).toBeNull();
  expect(readStreamRequest(request)).toEqual(asked);
});
