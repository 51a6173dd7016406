import { describe, expect, test } from 'vitest';

import { ok } from '../../src/core/errors.ts';
import type { StreamStart } from '../../src/executions/executions.ts';
import { REDRIVE_CHECK_MS } from '../../src/executions/settling/redrive.ts';
import type { Message } from '../../src/messages/message.ts';
import type { SourceDescription } from '../../src/sources/source.ts';
import { REF, ExecutionsUnderTest, valueOf } from './executions-under-test.ts';

const DAY_MS = 86_400_000;
const ENDED_MS = Date.UTC(2025, 11, 31);

const message = (index: number, eventType: string, atMs: number): Message => ({
  messageId: String(index),
  eventType,
  timestamp: new Date(atMs).toISOString(),
});

/** 300 messages that end in a failure. A redrive adds 50 more. */
const FAILED = Array.from({ length: 300 }, (_, index) =>
  message(index, index === 299 ? 'EXECUTION_FAILED' : 'STEP_STARTED', ENDED_MS),
);
const redriven = (sinceMs: number, ended: boolean, end = 'SUCCEEDED'): Message[] =>
  Array.from({ length: 50 }, (_, index) =>
    message(300 + index, ended && index === 49 ? `EXECUTION_${end}` : 'STEP_STARTED', sinceMs),
  );

function archivedFailure() {
  const under = new ExecutionsUnderTest({ messages: FAILED });
  let described: SourceDescription = { upstreamStatus: 'FAILED', status: 'FAILED', endedAt: iso(ENDED_MS) };
  let asked = 0;
  under.source.redrivableMs = 14 * DAY_MS;
  under.source.describe = async () => {
    asked++;
    return ok(described);
  };
  return {
    under,
    asked: () => asked,
    redrive: (ended: boolean, end: 'SUCCEEDED' | 'FAILED' = 'SUCCEEDED') => {
      const now = under.clock.now();
      under.source.append(...redriven(now, ended, end));
      described = ended
        ? { upstreamStatus: end, status: end, endedAt: iso(now) }
        : { upstreamStatus: 'RUNNING', status: 'RUNNING' };
    },
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const ids = (messages: readonly Message[]) => messages.map(({ messageId }) => messageId);

async function readToArchive(under: ExecutionsUnderTest): Promise<void> {
  await under.readAll();
  await under.idle();
  expect(under.events('archived')).toHaveLength(1);
}

function openStream(under: ExecutionsUnderTest, from: StreamStart) {
  return under.executions.stream(REF, {
    from,
    payloads: 'full',
    keyId: 'key',
    tenant: 'tenant',
    grant: {},
    streamLimit: 10,
    totalStreamLimit: 1_000,
  });
}

describe('an archived execution that can be redriven', () => {
  test('is served from its archive and checked for a redrive at most once a minute', async () => {
    const { under, asked } = archivedFailure();
    await readToArchive(under);
    under.source.forgetCalls();
    const before = asked();
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 20 }, () => under.readAll([100])));
      expect(asked()).toBe(before + round + 1);
      await under.clock.advance(REDRIVE_CHECK_MS);
    }
    expect(under.source.calls).toHaveLength(0);
    const page = valueOf(await under.page());
    expect(page.final).toBe(false);
  });

  test('is final after 14 days and then causes no calls', async () => {
    const { under, asked } = archivedFailure();
    await readToArchive(under);
    await under.clock.advance(14 * DAY_MS);
    const before = asked();
    expect(valueOf(await under.summary())).toMatchObject({ final: true, status: 'FAILED' });
    await under.readAll();
    expect(asked()).toBe(before);
  });

  test('has its new messages on further pages after a redrive, without a gap or repeat, even across a restart', async () => {
    const { under, redrive } = archivedFailure();
    await readToArchive(under);
    const end = valueOf(await under.page({ from: { at: 'last', count: 1 } })).next;
    await under.clock.advance(60 * 60_000);
    redrive(false);
    await under.clock.advance(REDRIVE_CHECK_MS);
    const more = valueOf(await under.page({ from: { at: 'position', ...end } }));
    expect(ids(more.messages)).toEqual(ids(redriven(0, false)));
    expect(more.status).toBe('RUNNING');
    under.restart();
    expect(ids(await under.readAll([77]))).toEqual(ids([...FAILED, ...redriven(0, false)]));
  });

  test('is archived again in full after a redrive has ended', async () => {
    const { under, redrive } = archivedFailure();
    await readToArchive(under);
    await under.clock.advance(60 * 60_000);
    redrive(true);
    await under.clock.advance(REDRIVE_CHECK_MS);
    expect(valueOf(await under.summary())).toMatchObject({ status: 'SUCCEEDED', messageCount: 350 });
    await under.clock.advance(20_000);
    expect(under.events('archived')).toHaveLength(2);
    under.source.forgetCalls();
    under.restart();
    expect(ids(await under.readAll([250, 31]))).toEqual(ids([...FAILED, ...redriven(0, true)]));
    expect(under.source.calls).toHaveLength(0);
  });

  test('gives a client that saw its end a 204 after a check, or the new messages after a redrive', async () => {
    const { under, asked, redrive } = archivedFailure();
    await readToArchive(under);
    const { next } = valueOf(await under.page({ from: { at: 'last', count: 1 } }));
    const afterEnd: StreamStart = { at: 'position', ended: true, ...next };
    const before = asked();
    await under.clock.advance(REDRIVE_CHECK_MS);
    expect(valueOf(await openStream(under, afterEnd))).toBeUndefined();
    expect(asked()).toBe(before + 1);

    redrive(true);
    await under.clock.advance(REDRIVE_CHECK_MS);
    const stream = valueOf(await openStream(under, afterEnd));
    if (!stream) throw new Error('expected a stream');
    const text = new Response(stream).text();
    await under.clock.advance(30_000);
    const data = [...(await text).matchAll(/^data: (\{"messageId".*)$/gm)].map(([, json]) =>
      JSON.parse(json ?? ''),
    );
    expect(ids(data)).toEqual(ids(redriven(0, true)));
  });

  test('sends the messages of a redrive to a client that saw the earlier end, even from the new archive', async () => {
    const { under, redrive } = archivedFailure();
    await readToArchive(under);
    const { next } = valueOf(await under.page({ from: { at: 'last', count: 1 } }));
    await under.clock.advance(REDRIVE_CHECK_MS);
    redrive(true, 'FAILED');
    await under.clock.advance(REDRIVE_CHECK_MS);
    await under.readAll();
    await under.clock.advance(20_000);
    expect(under.events('archived')).toHaveLength(2);
    const stream = valueOf(await openStream(under, { at: 'position', ended: true, ...next }));
    const text = await new Response(stream).text();
    expect(text.match(/^data: \{"messageId"/gm)).toHaveLength(50);
    const end = valueOf(await under.page({ from: { at: 'last', count: 1 } })).next;
    expect(valueOf(await openStream(under, { at: 'position', ended: true, ...end }))).toBeUndefined();
  });

  test('gives no stream a 204 while the source cannot be reached', async () => {
    const { under } = archivedFailure();
    await readToArchive(under);
    const { next } = valueOf(await under.page({ from: { at: 'last', count: 1 } }));
    await under.clock.advance(REDRIVE_CHECK_MS);
    under.source.describe = async () => ({
      ok: false,
      failure: { type: 'upstream-throttled', internal: 'played', retryAfterSeconds: 1 },
    });
    expect(await openStream(under, { at: 'position', ended: true, ...next })).toMatchObject({
      ok: false,
      failure: { type: 'upstream-throttled' },
    });
    expect(ids(await under.readAll())).toEqual(ids(FAILED));
  });
});

test('a description and a page of the same execution are never in flight at the same time', async () => {
  const under = new ExecutionsUnderTest({ messages: FAILED.slice(0, 20) });
  const described = Promise.withResolvers<void>();
  under.source.describe = async () => {
    await described.promise;
    return ok({ upstreamStatus: 'RUNNING', status: 'RUNNING' });
  };
  const summary = under.summary();
  await under.idle();
  const page = under.page();
  await under.idle();
  expect(under.source.calls).toHaveLength(0);
  described.resolve();
  expect(valueOf(await page).messages).toHaveLength(20);
  expect(valueOf(await summary).status).toBe('RUNNING');
});

test('the summary of a running execution is made from its description, without reading its history', async () => {
  const under = new ExecutionsUnderTest({ messages: FAILED.slice(0, 20) });
  under.source.describe = async () =>
    ok({ upstreamStatus: 'RUNNING', status: 'RUNNING', startedAt: iso(ENDED_MS) });
  expect(valueOf(await under.summary())).toMatchObject({
    status: 'RUNNING',
    startedAt: iso(ENDED_MS),
    final: false,
  });
  expect(under.source.calls).toHaveLength(0);
});
