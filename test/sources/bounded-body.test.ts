/** Tests that the bodies of unwanted answers are cancelled, even if fetch does not support signals. */
import { expect, test } from 'vitest';
import { staticCredentials } from '../../src/sources/aws/aws-credentials.ts';
import { ANSWER_BYTES_MAX, createAwsJsonClient } from '../../src/sources/aws/aws-json.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { CREDENTIALS, until } from './things-graph-under-test.ts';

const CHUNK = new Uint8Array(64 * 1024).fill(0x20);

/**
 * Creates an endless body of spaces. With `stalls`, the body stalls after its first chunk. `seen` counts the chunks
 * that were read.
 */
function endlessBody(stalls = false) {
  const seen = { chunks: 0, cancelled: 0 };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (stalls && seen.chunks === 1) return new Promise<never>(() => undefined);
        seen.chunks++;
        controller.enqueue(CHUNK);
        return undefined;
      },
      cancel: () => {
        seen.cancelled++;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, seen };
}

function callWith(response: Response, signal?: AbortSignal) {
  const client = createAwsJsonClient({
    service: 'states',
    region: 'eu-west-1',
    endpoint: new URL('http://upstream.invalid/'),
    protocolVersion: '1.0',
    targetPrefix: 'AWSStepFunctions',
    clientErrors: new Set(),
    credentials: staticCredentials(CREDENTIALS),
    fetch: () => Promise.resolve(response),
    clock: new ManualClock(),
    random: () => 0,
    log: testLog(),
  });
  return client.call('GetExecutionHistory', {}, signal);
}

test('an answer is not read beyond the size limit', async () => {
  const { stream, seen } = endlessBody();
  expect(await callWith(new Response(stream))).toMatchObject({ failure: { type: 'upstream-too-large' } });
  expect(seen).toEqual({ chunks: ANSWER_BYTES_MAX / CHUNK.byteLength + 1, cancelled: 1 });
});

test('an answer whose Content-Length exceeds the limit is not read at all', async () => {
  const { stream, seen } = endlessBody();
  const response = new Response(stream, { headers: { 'content-length': String(ANSWER_BYTES_MAX + 1) } });
  expect(await callWith(response)).toMatchObject({ failure: { type: 'upstream-too-large' } });
  expect(seen).toEqual({ chunks: 0, cancelled: 1 });
});

test('only the first bytes of a large error body are read', async () => {
  const { stream, seen } = endlessBody();
  expect(await callWith(new Response(stream, { status: 404 }))).toMatchObject({
    failure: { type: 'upstream-broken' },
  });
  expect(seen).toEqual({ chunks: 2, cancelled: 1 });
});

test('the body of a redirect is not read', async () => {
  const { stream, seen } = endlessBody();
  expect(await callWith(new Response(stream, { status: 307 }))).toMatchObject({
    failure: { type: 'upstream-broken' },
  });
  expect(seen).toEqual({ chunks: 0, cancelled: 1 });
});

test('a body that stalls is cancelled when the caller leaves', async () => {
  const { stream, seen } = endlessBody(true);
  const caller = new AbortController();
  const call = callWith(new Response(stream), caller.signal);
  await until(() => seen.chunks === 1);
  caller.abort();
  expect(await call).toMatchObject({ failure: { type: 'upstream-timeout' } });
  expect(seen.cancelled).toBe(1);
});

test('an answer of exactly the size limit is accepted', async () => {
  const text = `"${'x'.repeat(ANSWER_BYTES_MAX - 2)}"`;
  expect(await callWith(new Response(text))).toMatchObject({ ok: true });
});

test('characters that are split between chunks are decoded correctly', async () => {
  const bytes = new TextEncoder().encode('"a😀é"');
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  expect(await callWith(new Response(stream))).toEqual({ ok: true, value: 'a😀é' });
});
