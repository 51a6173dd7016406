/** Bodies that arrive slowly or never. Tests how long the service waits for them, and for which callers. */
import { beforeEach, describe, expect, test } from 'vitest';

import { BODY_DEADLINES } from '../../src/http/request-body.ts';
import { TARGET } from '../aws-protocol/aws-call.ts';
import { settle } from '../support/manual-clock.ts';
import { ADMIN_TOKEN, openService, path, problemOf, type ServiceUnderTest } from './service-under-test.ts';

const { silenceMs, totalMs } = BODY_DEADLINES;

let service: ServiceUnderTest;
let key: string;
beforeEach(async () => {
  service = await openService();
  key = await service.key({ tickets: true });
});

/** A body that the test sends piece by piece. */
function slowBody() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const state = { isRead: false, isCancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (started) => void (controller = started),
      pull: () => void (state.isRead = true),
      cancel: () => void (state.isCancelled = true),
    },
    // Otherwise the stream would call `pull` before the service reads.
    { highWaterMark: 0 },
  );
  return {
    stream,
    state,
    send: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    end: () => controller?.close(),
  };
}

type Body = ReturnType<typeof slowBody>;

function post(method: string, to: string, credential: string, body: Body) {
  const headers: Record<string, string> =
    to === '/'
      ? { 'X-Amz-Target': TARGET, 'X-Amz-Security-Token': credential }
      : { Authorization: `Bearer ${credential}`, 'Content-Type': 'application/json' };
  // Undici requires `duplex` if the body is a stream. The DOM types do not have the member yet.
  const init: RequestInit & { duplex: 'half' } = { method, headers, body: body.stream, duplex: 'half' };
  const answer: { response?: Response } = {};
  const done = service.fetch(to, init).then((response) => (answer.response = response));
  return { answer, done };
}

/** Every route that reads a body, except imports. */
const ROUTES = [
  ['POST', path('flow-1', '', '/tickets')],
  ['POST', '/'],
  ['POST', '/v1/admin/keys'],
  ['PATCH', '/v1/admin/keys/abcdefgh'],
  ['POST', '/v1/admin/keys/abcdefgh/rotate'],
] as const;

const credentialFor = (to: string) => (to.startsWith('/v1/admin') ? ADMIN_TOKEN : key);

describe.each(ROUTES)('%s %s', (method, to) => {
  test('a body that stops arriving is refused and cancelled after `silenceMs`', async () => {
    const body = slowBody();
    body.send('{"name":');
    const { answer, done } = post(method, to, credentialFor(to), body);
    await service.clock.advance(silenceMs - 1);
    expect(answer.response).toBeUndefined();
    await service.clock.advance(1);
    const response = await done;
    if (to === '/') {
      expect([response.status, response.headers.get('x-amzn-ErrorType')]).toEqual([
        400,
        'InvalidRequestException',
      ]);
    } else {
      expect(response.status).toBe(408);
      expect(await problemOf(response)).toMatchObject({ code: 'RequestTimeout' });
    }
    expect(body.state.isCancelled).toBe(true);
    expect(service.clock.sleepers).toBe(0);
  });

  test('a body that arrives in drips is refused after `totalMs`', async () => {
    const body = slowBody();
    const { answer, done } = post(method, to, credentialFor(to), body);
    const stepMs = silenceMs - 1_000;
    for (let passedMs = 0; passedMs + stepMs < totalMs; passedMs += stepMs) {
      body.send(' ');
      await service.clock.advance(stepMs);
      expect(answer.response).toBeUndefined();
    }
    body.send(' ');
    await service.clock.advance(stepMs);
    expect((await done).status).toBe(to === '/' ? 400 : 408);
    expect(service.requests().at(-1)).toMatchObject({ failure: 'body-too-slow', level: 'info' });
  });

  test('the body of a caller without a valid credential is not read', async () => {
    const body = slowBody();
    const { done } = post(method, to, `${credentialFor(to).slice(0, -1)}~`, body);
    const response = await done;
    expect([401, 400]).toContain(response.status);
    expect(await response.text()).toMatch(/InvalidApiKey|UnrecognizedClientException/);
    expect(body.state.isRead).toBe(false);
  });
});

test('a body whose pieces arrive in time is accepted', async () => {
  const body = slowBody();
  const { done } = post('POST', path('flow-1', '', '/tickets'), key, body);
  for (const piece of ['{"ttl', 'Seconds"', ': 60}']) {
    await service.clock.advance(silenceMs - 1);
    body.send(piece);
    await settle();
  }
  body.end();
  expect((await done).status).toBe(201);
});

test('an AWS call for an execution that the key may not read is denied before other errors are reported', async () => {
  const narrow = await service.key({ executions: ['own-*'] });
  const body = slowBody();
  const { done } = post('POST', '/', narrow, body);
  body.send('{"flowExecutionId": "other", "maxResults": 0}');
  body.end();
  const response = await done;
  expect(response.headers.get('x-amzn-ErrorType')).toBe('AccessDeniedException');
});
