/**
 * What one subscriber of a stream gets. Over 300 lines, because every guarantee of a stream has a test here.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { QUEUE_BYTES_MAX, STALL_MS } from '../../src/executions/following/frame-queue.ts';
import { HEARTBEAT_MS, RETRY_MAX_MS, RETRY_MIN_MS } from '../../src/executions/following/stream-writer.ts';
import { REPLAY_PAUSE_MS } from '../../src/executions/following/subscriber.ts';
import { visibleMessage } from '../../src/messages/message.ts';
import { anyHistory, ended, someHistory } from '../support/histories.ts';
import { settle } from '../support/manual-clock.ts';
import { FeedUnderTest } from './subscriber-under-test.ts';
import { runs } from '../support/seeded-random.ts';

const messages = someHistory({ length: 250 });
const large = (length: number, bytes = 10_000) => someHistory({ length, payload: () => 'x'.repeat(bytes) });
const state = { timestamp: '2026-01-01T00:00:00.000Z', pollIntervalMs: 1_000, upstream: 'ok' } as const;
const inJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

type Step = { grow: number } | { pump: number } | { read: number } | { heartbeat: true } | { fails: boolean };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ grow: fc.nat(120) }),
  fc.record({ pump: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ read: fc.oneof(fc.nat(5), fc.nat(300)) }),
  fc.record({ heartbeat: fc.constant(true as const) }),
  fc.record({ fails: fc.boolean() }),
);

describe('a subscriber gets every message once, in order', () => {
  test('for any reading pace, filter, start position and reconnects', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyHistory(600),
        fc.array(fc.tuple(fc.array(anyStep, { maxLength: 12 }), fc.boolean()), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.record({
          from: fc.nat(600),
          chunks: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 3 }),
          eventTypes: fc.option(fc.constantFrom<string[][]>(['STEP_FAILED', 'STEP_STARTED'], ['none']), {
            nil: undefined,
          }),
          payloads: fc.constantFrom('full' as const, 'none' as const),
          padded: fc.constantFrom(0, 5_000),
          isHeld: fc.constantFrom(
            () => false,
            () => true,
            (position: number) => position % 7 < 4,
          ),
        }),
        async (drawn, connections, { from, chunks, eventTypes, payloads, padded, isHeld }) => {
          const history = drawn.map((message) =>
            padded === 0 ? message : { ...message, payload: 'x'.repeat(padded) },
          );
          const feed = new FeedUnderTest(history.slice(0, from));
          feed.chunks = chunks;
          feed.isHeld = isHeld;
          const first = Math.min(from, history.length);
          let position = feed.at(first);
          const got: unknown[] = [];
          let seen = first;
          for (const [index, [steps, polite]] of connections.entries()) {
            feed.failure = undefined;
            const client = feed.subscribe({ from: position, payloads, ...(eventTypes && { eventTypes }) });
            for (const step of steps) {
              if ('grow' in step) {
                feed.messages.push(...history.slice(feed.messages.length, feed.messages.length + step.grow));
              } else if ('pump' in step) {
                for (let times = 0; times < step.pump; times++) void client.subscriber.pump();
              } else if ('read' in step) await client.read(step.read);
              else if ('heartbeat' in step) client.subscriber.heartbeat(state);
              else if (step.fails) feed.failure = { type: 'upstream-internal', internal: '' };
              else feed.failure = undefined;
              const queued = client.made.messageBytes - client.bytesRead;
              expect(queued).toBeLessThanOrEqual(QUEUE_BYTES_MAX + client.made.largest);
            }
            if (index === connections.length - 1) {
              feed.failure = undefined;
              feed.messages = [...history];
              for (let idle = 0; idle < 2;) {
                void client.subscriber.pump();
                const before = client.events.length;
                await client.read();
                idle = client.events.length === before ? idle + 1 : 0;
              }
            }
            got.push(...client.messages);
            for (const { id } of client.events) {
              const cursor = feed.cursor(id);
              expect(cursor?.fingerprint).toBe(feed.at(cursor?.position ?? -1).fingerprint);
              expect(cursor?.position).toBeGreaterThanOrEqual(seen);
              seen = cursor?.position ?? 0;
            }
            expect(client.named('caught-up').length).toBeLessThanOrEqual(1);
            expect(client.named('reset')).toEqual([]);
            // Disconnects the client, whose queue might contain frames that it never read. It reconnects with
            // the last id that it received.
            if (polite) client.subscriber.drop();
            else await client.cancel();
            position = feed.cursor(client.lastId) ?? position;
            seen = position.position;
          }
          const wanted = history
            .slice(first)
            .filter(({ eventType = '' }) => eventTypes?.includes(eventType) ?? true)
            .map((message) => visibleMessage(message, payloads));
          expect(got).toEqual(inJson(wanted));
          expect(feed.bugs).toEqual([]);
          expect(feed.closed).toBe(connections.length);
        },
      ),
      { numRuns: runs(60) },
    );
  });

  test('even if a message arrives while an older read is still running', async () => {
    const feed = new FeedUnderTest(messages.slice(0, 60));
    const client = feed.subscribeIdle();
    feed.onRead = () => {
      feed.onRead = () => undefined;
      feed.messages = [...messages];
      void client.subscriber.pump();
    };
    await client.subscriber.pump();
    expect(client.made.messageBytes).toBeGreaterThan(0);
    // The new messages must be queued before the client reads. Reading makes room and would pump the
    // subscriber again.
    const made = client.made.messageBytes;
    expect((await client.read()).messages).toEqual(messages);
    expect(client.made.messageBytes).toBe(made);
  });

  test('from memory without a promise, a timer, a second lookup or a second encoding', async () => {
    const feed = new FeedUnderTest(messages.slice(0, 3));
    feed.isHeld = () => true;
    const clients = Array.from({ length: 20 }, () => feed.subscribe({ from: feed.at(3) }));
    for (const client of clients) await client.read();
    expect(clients.map((client) => client.named('caught-up').length)).toEqual(clients.map(() => 1));
    feed.messages = messages.slice(0, 4);
    feed.looks = 0;
    let reads = 0;
    feed.onRead = () => reads++;
    expect(clients.map(({ subscriber }) => subscriber.pump())).toEqual(clients.map(() => undefined));
    // Reading makes room in the queues, but no subscriber was waiting for room.
    for (const client of clients) await client.read();
    expect(clients.map((client) => client.messages)).toEqual(clients.map(() => [messages[3]]));
    expect([feed.looks, reads, feed.clock.sleepers]).toEqual([20, 0, 0]);
    const frames = clients.map((client) => client.frames.at(-1));
    expect(new Set(frames.map((frame) => frame?.buffer)).size).toBe(1);
  });

  test('even if reads of the history fail for a while, and continues at the next pump', async () => {
    const feed = new FeedUnderTest(messages);
    feed.failure = { type: 'upstream-throttled', internal: '', retryAfterSeconds: 1 };
    const client = await feed.subscribe().read();
    expect(client.events).toEqual([]);
    expect(client.ended).toBeUndefined();
    feed.failure = undefined;
    await client.subscriber.pump();
    expect((await client.read()).messages).toEqual(messages);
  });
});

describe('the queue of a subscriber', () => {
  test('never exceeds its bound by more than the run of frames that fills it', async () => {
    const feed = new FeedUnderTest(large(100));
    const client = feed.subscribe();
    for (let times = 0; times < 10; times++) await client.subscriber.pump();
    expect(client.made.messageBytes).toBeGreaterThan(QUEUE_BYTES_MAX);
    expect(client.made.messageBytes).toBeLessThan(QUEUE_BYTES_MAX + 2 * client.made.largest);
    expect((await client.read()).messages).toEqual(feed.messages);
  });

  test('accepts a frame of any size if it is empty', async () => {
    const feed = new FeedUnderTest(large(4, 3_000_000));
    const client = feed.subscribe();
    await settle();
    expect(client.made.messageBytes).toBeLessThan(2 * client.made.largest);
    expect((await client.read()).messages).toEqual(feed.messages);
  });

  test('is freed, and the client is disconnected with an error, if the client reads nothing while messages wait', async () => {
    const feed = new FeedUnderTest(large(100));
    const client = feed.subscribe();
    await feed.clock.advance(STALL_MS - 1);
    expect([client.subscriber.closed, feed.closed]).toEqual([false, 0]);
    await feed.clock.advance(1);
    expect([client.subscriber.closed, feed.closed, feed.stalled]).toEqual([true, 1, 1]);
    await client.read();
    expect(client.ended).toMatch(/reads nothing/);
    expect(client.frames).toEqual([]);
    expect(feed.clock.sleepers).toBe(0);
  });

  test('does not disconnect a client that reads slowly', async () => {
    const feed = new FeedUnderTest(large(40));
    const client = feed.subscribe();
    while (client.messages.length < 40) {
      await feed.clock.advance(STALL_MS - 1);
      // Reads several frames, because a queue above its bound takes more only once it has room again.
      await client.read(3);
      expect(client.ended).toBeUndefined();
    }
    expect(client.messages).toEqual(feed.messages);
  });

  test('never disconnects a client if no message is waiting for room', async () => {
    const feed = new FeedUnderTest(messages.slice(0, 3));
    const silent = feed.subscribe();
    const reading = await feed.subscribe().read();
    await feed.clock.advance(100 * STALL_MS);
    expect([silent.subscriber.closed, reading.subscriber.closed]).toEqual([false, false]);
    expect(feed.clock.sleepers).toBe(0);
  });

  test('never slows another subscriber, even if it is full', async () => {
    const feed = new FeedUnderTest(large(100));
    feed.subscribe();
    const reading = feed.subscribe();
    expect((await reading.read()).messages).toEqual(feed.messages);
  });
});

describe('the events of a stream', () => {
  test('start with a `retry:` field within its bounds, in a block that the first event completes', async () => {
    const feed = new FeedUnderTest(messages);
    for (const random of [0, 0.25, 0.999]) {
      const client = await feed.subscribe({ random: () => random }).read(1);
      expect(client.parser.retryMs).toBe(Math.round(RETRY_MIN_MS + random * (RETRY_MAX_MS - RETRY_MIN_MS)));
      const opening = new TextDecoder().decode(client.frames[0]);
      expect([client.frames.length, opening]).toEqual([1, `retry: ${client.parser.retryMs}\n`]);
    }
  });

  test('have as id the position after their message, and one caught-up follows the existing messages', async () => {
    const feed = new FeedUnderTest(messages.slice(0, 100));
    const client = await feed.subscribe().read();
    feed.messages.push(...messages.slice(100));
    await client.subscriber.pump();
    await client.read();
    expect(client.events.map(({ id }) => feed.cursor(id)?.position)).toEqual([
      ...messages.slice(0, 100).map((_, index) => index + 1),
      100,
      ...messages.slice(100).map((_, index) => index + 101),
    ]);
    expect(client.events[100]).toMatchObject({ event: 'caught-up', data: '{"status":"RUNNING"}' });
    expect(client.named('caught-up')).toHaveLength(1);
  });

  test('have ids past the omitted messages if a filter applies', async () => {
    const feed = new FeedUnderTest(messages);
    const client = await feed.subscribe({ eventTypes: ['none of these'] }).read();
    client.subscriber.heartbeat(state);
    await client.read();
    expect(client.events.map(({ event, id }) => [event, feed.cursor(id)?.position])).toEqual([
      ['caught-up', 250],
      ['heartbeat', 250],
    ]);
  });

  test('give a client that starts at the end an id before any new message', async () => {
    const feed = new FeedUnderTest(messages);
    const client = await feed.subscribe({ from: feed.at(250) }).read();
    expect(feed.cursor(client.lastId)).toEqual({ ...feed.at(250), end: 'none' });
  });

  test('are the same bytes for all subscribers with the same access', async () => {
    const feed = new FeedUnderTest(messages);
    const [one, other] = [await feed.subscribe().read(), await feed.subscribe({ from: feed.at(110) }).read()];
    const frames = (client: typeof one) => client.frames.slice(1, -1);
    // All runs of frames end at the same positions: at multiples of 32, and at the end of each chunk of 100.
    expect(frames(one).length).toBeLessThan(20);
    // The other client starts inside a run, so its first frame is only the rest of that run.
    for (const frame of frames(other).slice(1)) expect(frames(one)).toContain(frame);
    const without = await feed.subscribe({ payloads: 'none' }).read();
    expect(without.messages).toEqual(inJson(feed.messages.map((message) => visibleMessage(message, 'none'))));
    expect(frames(without)[0]).not.toEqual(frames(one)[0]);
  });

  test('are encoded once for a large message, even if many subscribers wait for it', async () => {
    const feed = new FeedUnderTest(large(1, 12_000_000));
    const clients = await Promise.all(Array.from({ length: 5 }, () => feed.subscribe().read()));
    const frames = new Set(clients.map((client) => client.frames[1]));
    expect(frames.size).toBe(1);
  });

  test('include a heartbeat after 15 s of silence, with the state of the poll', async () => {
    const feed = new FeedUnderTest(messages);
    const client = await feed.subscribe().read();
    expect(client.subscriber.heartbeatAtMs).toBe(feed.clock.now() + HEARTBEAT_MS);
    await feed.clock.advance(5_000);
    expect(client.subscriber.heartbeatAtMs).toBe(feed.clock.now() + HEARTBEAT_MS - 5_000);
    client.subscriber.heartbeat(state);
    expect(client.subscriber.heartbeatAtMs).toBe(feed.clock.now() + HEARTBEAT_MS);
    const [heartbeat] = (await client.read()).named('heartbeat');
    expect(JSON.parse(heartbeat?.data ?? '')).toEqual(state);
  });

  test('include no heartbeat while the queue is full', async () => {
    const feed = new FeedUnderTest(large(100));
    const client = feed.subscribe();
    await settle();
    await feed.clock.advance(1_000);
    client.subscriber.heartbeat(state);
    expect(client.subscriber.heartbeatAtMs).toBe(feed.clock.now() + HEARTBEAT_MS);
    expect((await client.read()).named('heartbeat')).toEqual([]);
  });
});

describe('a reset', () => {
  const other = someHistory({ length: 120, run: 'b' });

  test("is sent first if the client's position is invalid, and all messages follow", async () => {
    const feed = new FeedUnderTest(messages);
    const client = await feed.subscribe({ reset: true }).read();
    expect(client.events[0]).toMatchObject({ event: 'reset', data: '{}' });
    expect(feed.cursor(client.events[0]?.id)).toEqual({ ...feed.start, end: 'none' });
    expect(client.messages).toEqual(messages);
  });

  test.each([50, 120, 250])('is sent first if position %i belongs to another history', async (position) => {
    const feed = new FeedUnderTest(other);
    feed.complete = true;
    const client = await feed.subscribe({ from: feed.at(position, messages) }).read();
    expect(client.events[0]?.event).toBe('reset');
    expect(client.messages).toEqual(other);
  });

  test("is sent once if the history is replaced during the stream and grows past the client's position", async () => {
    const feed = new FeedUnderTest(messages);
    const client = await feed.subscribe().read();
    feed.messages = other.slice(0, 60);
    await client.subscriber.pump();
    // The position is now past the end of the history. Perhaps the read only lags, so no reset is sent yet.
    expect((await client.read()).named('reset')).toEqual([]);
    feed.messages = [...other, ...other, ...other];
    await client.subscriber.pump();
    expect((await client.read()).named('reset')).toHaveLength(1);
    expect(client.messages).toEqual([...messages, ...feed.messages]);
    expect(client.named('caught-up')).toHaveLength(1);
  });

  test('is not sent if the position is past the end of a running execution, and the stream waits there', async () => {
    const feed = new FeedUnderTest(messages.slice(0, 100));
    const client = await feed.subscribe({ from: feed.at(200, messages) }).read();
    expect(client.events).toEqual([]);
    feed.messages = [...messages];
    await client.subscriber.pump();
    expect((await client.read()).messages).toEqual(messages.slice(200));
  });
});

describe('the `end` event', () => {
  const full = ended(messages);

  test.each([
    [true, 'final'],
    [false, 'settled'],
  ] as const)(
    'follows the last message of a settled history, and its id marks whether it is final (%s)',
    async (final, mark) => {
      const feed = new FeedUnderTest(full);
      feed.complete = true;
      feed.settled = { status: 'SUCCEEDED', final, count: 250 };
      const client = await feed.subscribe().read();
      expect(client.messages).toEqual(full);
      expect(client.events.slice(250).map(({ event, data }) => [event, data])).toEqual([
        ['caught-up', '{"status":"SUCCEEDED"}'],
        ['end', '{"status":"SUCCEEDED"}'],
      ]);
      expect(feed.cursor(client.lastId)).toEqual({ ...feed.at(250), end: mark });
      expect([client.ended, feed.closed]).toEqual(['closed', 1]);
    },
  );

  test('is sent only after all messages, however slowly they are read', async () => {
    const feed = new FeedUnderTest(ended(large(60)));
    feed.settled = { status: 'SUCCEEDED', final: true, count: 60 };
    const client = feed.subscribe();
    for (let reads = 0; reads < 20; reads++) await client.read(1);
    expect(client.named('end')).toEqual([]);
    expect((await client.read()).messages).toEqual(feed.messages);
    expect(client.named('end')).toHaveLength(1);
  });

  test('is sent after a late message that was found while an older read was running', async () => {
    const feed = new FeedUnderTest(full.slice(0, 248));
    feed.chunks = [250];
    feed.onRead = () => {
      // While this read is running, the settling walk finds two more messages.
      feed.messages = full;
      feed.complete = true;
      feed.settled = { status: 'SUCCEEDED', final: true, count: 250 };
    };
    const client = await feed.subscribe().read();
    expect(client.messages).toEqual(full);
    expect(client.named('end')).toHaveLength(1);
  });

  test('is sent immediately to a client that has every message', async () => {
    const feed = new FeedUnderTest(full);
    feed.settled = { status: 'SUCCEEDED', final: true, count: 250 };
    const client = await feed.subscribe({ from: feed.at(250) }).read();
    expect(client.events.map(({ event }) => event)).toEqual(['caught-up', 'end']);
  });
});

describe('a stream that closes early', () => {
  test('sends the reason as a problem without an id, and a `retry:` field', async () => {
    const feed = new FeedUnderTest(messages);
    const client = await feed.subscribe().read();
    client.subscriber.close({ type: 'overloaded', retryAfterSeconds: 10 });
    await client.read();
    const [problem] = client.named('problem');
    expect([problem?.id, JSON.parse(problem?.data ?? '')]).toEqual([undefined, { code: 'overloaded' }]);
    expect(feed.cursor(client.lastId)?.position).toBe(250);
    expect(client.parser.retryMs).toBeGreaterThanOrEqual(10_000 + RETRY_MIN_MS);
    expect(new TextDecoder().decode(client.frames.at(-1))).toMatch(/^retry: \d+\nevent: problem\n/);
    expect([client.ended, feed.closed]).toEqual(['closed', 1]);
  });

  test('sends nothing more if no reason is given, and queued frames can still be read', async () => {
    const feed = new FeedUnderTest(messages);
    const client = feed.subscribe();
    await settle();
    client.subscriber.close();
    await client.read();
    expect(client.messages).toEqual(messages);
    expect(client.named('problem')).toEqual([]);
    expect(new TextDecoder().decode(client.frames.at(-1))).toMatch(/\nevent: caught-up\n.*\n\n$/);
    expect(client.ended).toBe('closed');
  });

  test('sends the failure if its archive cannot be read, because an archive is never polled again', async () => {
    const feed = new FeedUnderTest(messages);
    feed.complete = true;
    feed.failure = { type: 'store-unavailable', internal: 'secret' };
    const client = await feed.subscribe().read();
    expect(client.named('problem')).toHaveLength(1);
    expect([client.ended, feed.closed]).toEqual(['closed', 1]);
  });

  test('because of an exception sends a problem, and the exception is reported', async () => {
    const feed = new FeedUnderTest(messages);
    feed.onRead = () => {
      throw new TypeError('a bug');
    };
    const client = await feed.subscribe().read();
    expect(client.named('problem')).toHaveLength(1);
    expect([client.ended, feed.closed]).toEqual(['closed', 1]);
    expect(feed.bugs).toEqual([new TypeError('a bug')]);
  });
});

describe('a client that has disconnected', () => {
  test('is removed once, even if several parts notice the disconnect, and gets nothing more', async () => {
    const feed = new FeedUnderTest(messages);
    const client = await feed.subscribe().read(5);
    client.subscriber.drop();
    client.subscriber.drop();
    client.subscriber.close({ type: 'revoked-key' });
    client.subscriber.heartbeat(state);
    await client.subscriber.pump();
    await client.cancel().catch(() => undefined);
    expect([feed.closed, client.subscriber.closed]).toEqual([1, true]);
    await client.read();
    expect(client.frames).toHaveLength(5);
    expect(client.ended).toMatch(/gone/);
  });

  test('is removed even if it cancels in the middle of a read', async () => {
    const feed = new FeedUnderTest(messages);
    const client = feed.subscribeIdle();
    feed.onRead = () => void client.cancel();
    await client.subscriber.pump();
    await settle();
    client.subscriber.drop();
    expect([feed.closed, client.made.messageBytes]).toEqual([1, 0]);
    expect(feed.bugs).toEqual([]);
  });

  test('leaves no timer if it was stalled', async () => {
    const feed = new FeedUnderTest(large(100));
    const client = feed.subscribe();
    await settle();
    expect(feed.clock.sleepers).toBe(1);
    client.subscriber.drop();
    expect(feed.clock.sleepers).toBe(0);
    await feed.clock.advance(STALL_MS);
    expect(feed.closed).toBe(1);
  });
});

describe('a replay of a huge history', () => {
  /** 200 messages in chunks of 1 MB. Five chunks exceed the limit of 4 MiB. */
  const huge = () => {
    const feed = new FeedUnderTest(large(200, 100_000));
    feed.chunks = [10];
    let reads = 0;
    feed.onRead = () => void reads++;
    return { feed, reads: () => reads };
  };
  const comments = (frames: readonly Uint8Array[]) =>
    frames.filter((frame) => new TextDecoder().decode(frame) === ':\n').length;

  test.each([
    ['a filter', { eventTypes: ['none of these'] }],
    ['hidden payloads', { payloads: 'none' as const }],
  ])(
    'that sends little because of %s reads a bounded number of bytes, then pauses and writes a comment',
    async (_, more) => {
      const { feed, reads } = huge();
      const client = await feed.subscribe(more).read();
      expect([reads(), comments(client.frames)]).toEqual([5, 1]);
      await feed.clock.advance(REPLAY_PAUSE_MS - 1);
      expect(reads()).toBe(5);
      for (let pause = 0; pause < 4; pause++) {
        await feed.clock.advance(REPLAY_PAUSE_MS);
        await client.read();
      }
      expect(client.named('caught-up')).toHaveLength(1);
      expect(client.messages).toHaveLength('payloads' in more ? 200 : 0);
    },
  );

  test('stops reading once its client has left', async () => {
    const { feed, reads } = huge();
    const client = await feed.subscribe({ eventTypes: ['none of these'] }).read();
    client.subscriber.drop();
    expect(feed.clock.sleepers).toBe(0);
    await feed.clock.advance(10 * REPLAY_PAUSE_MS);
    expect(reads()).toBe(5);
  });

  test('never pauses while it sends everything that it reads', async () => {
    const { feed } = huge();
    const client = await feed.subscribe().read();
    expect(client.messages).toHaveLength(200);
    expect(comments(client.frames)).toBe(0);
  });
});
