/** Subscribers to a feed that the test writes, and clients that read only as much as the test says. */
import {
  createFrameMemory,
  EventFrames,
  type FrameRun,
} from '../../src/executions/following/event-frames.ts';
import { type Feed, Subscriber, type SubscriberOptions } from '../../src/executions/following/subscriber.ts';
import { type Failure, fail, internalText } from '../../src/core/errors.ts';
import { type Cursor, decodeCursor, type Position } from '../../src/messages/cursor.ts';
import { fingerprintAtStart, fingerprintsAlong } from '../../src/messages/fingerprint.ts';
import type { Chunk, History } from '../../src/messages/history.ts';
import type { Message } from '../../src/messages/message.ts';
import { historyInChunks } from '../support/histories.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { type ReadEvent, SseParser } from '../support/sse-reader.ts';

const ref = { source: 'scripted', executionId: 'urn:tdm:flow' };
const keys = { current: new Uint8Array(32) };
const START = fingerprintAtStart(ref);

/** Encodes frames and counts their bytes, so that a test knows how much is queued. */
class CountingFrames extends EventFrames {
  messageBytes = 0;
  largest = 0;

  override run(...args: Parameters<EventFrames['run']>): FrameRun {
    const run = super.run(...args);
    this.messageBytes += run.bytes.byteLength;
    this.largest = Math.max(this.largest, run.bytes.byteLength);
    return run;
  }
}

export class FeedUnderTest {
  readonly clock = new ManualClock();
  messages: Message[];
  /** The sizes of the history's chunks, used in rotation. */
  chunks: readonly number[] = [100];
  complete = false;
  failure: Failure | undefined;
  settled: { status: 'SUCCEEDED' | 'FAILED'; final: boolean; count: number } | undefined;
  /** Called before each read of a chunk. */
  onRead: () => void = () => undefined;
  /** Returns true if the chunk at this position is in memory, so that a subscriber gets it without waiting. */
  isHeld: (position: number) => boolean = () => false;
  /** How often a chunk was looked up in memory. */
  looks = 0;
  closed = 0;
  stalled = 0;
  readonly bugs: unknown[] = [];
  readonly #memory = createFrameMemory();

  constructor(messages: readonly Message[] = []) {
    this.messages = [...messages];
  }

  readonly start: Position = { position: 0, fingerprint: START };

  at(position: number, messages: readonly Message[] = this.messages): Position {
    return { position, fingerprint: fingerprintsAlong(START, messages)[position] ?? '' };
  }

  cursor(id: string | undefined): Cursor | undefined {
    return id === undefined ? undefined : decodeCursor(keys, ref, id);
  }

  subscribe(more: Partial<SubscriberOptions> = {}): Client {
    const client = this.subscribeIdle(more);
    void client.subscriber.pump();
    return client;
  }

  /** A subscriber that sends only the opening frame until it is pumped. */
  subscribeIdle(more: Partial<SubscriberOptions> = {}): Client {
    const frames = new CountingFrames({
      ref,
      keys,
      memory: this.#memory,
      problemJson: (failure) => JSON.stringify({ code: failure.type, internal: internalText(failure) }),
    });
    const subscriber = new Subscriber({
      feed: this.#feed(),
      frames,
      clock: this.clock,
      random: () => 0.5,
      from: this.start,
      reset: false,
      knownSinceMs: 0,
      payloads: 'full',
      onClose: () => void this.closed++,
      onStall: () => this.stalled++,
      onBug: (error) => void this.bugs.push(error),
      ...more,
    });
    return new Client(subscriber, frames);
  }

  #feed(): Feed {
    return {
      history: () => this.#history(),
      held: (position) => this.#held(position),
      settled: () => this.settled,
      status: () => 'RUNNING',
      start: this.start,
    };
  }

  #held(position: number): Chunk | undefined {
    this.looks++;
    const isComplete = this.settled !== undefined;
    if (!this.isHeld(position) || this.failure || isComplete !== this.complete) return undefined;
    return historyInChunks(this.messages, this.chunks, { start: START }).held(position);
  }

  /** Fixes now whether the history is complete. A chunk has the messages at the time of its request. */
  #history(): History {
    const { complete } = this;
    return {
      complete,
      chunkAt: async (position) => {
        const { failure } = this;
        const lies = historyInChunks(this.messages, this.chunks, { complete, start: START });
        this.onRead();
        await Promise.resolve();
        return failure ? fail(failure) : lies.chunkAt(position);
      },
    };
  }
}

export class Client {
  readonly subscriber: Subscriber;
  readonly events: ReadEvent[] = [];
  readonly frames: Uint8Array[] = [];
  readonly made: CountingFrames;
  bytesRead = 0;
  /** `closed` if the stream ended normally, or the error that ended it. Undefined while it is open. */
  ended: string | undefined;
  readonly parser = new SseParser();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #pending: Promise<void> | undefined;

  constructor(subscriber: Subscriber, made: CountingFrames) {
    this.subscriber = subscriber;
    this.made = made;
    this.#reader = subscriber.stream.getReader();
  }

  /** Reads this many frames, or fewer if no more are available. */
  async read(frames = Infinity): Promise<this> {
    for (let taken = 0; taken < frames && this.ended === undefined; taken++) {
      this.#pending ??= this.#take();
      const taking = this.#pending;
      await Promise.race([taking, settle()]);
      if (this.#pending === taking) break;
    }
    return this;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  named(name: string): ReadEvent[] {
    return this.events.filter(({ event }) => event === name);
  }

  get messages(): unknown[] {
    return this.named('message').map(({ data }): unknown => JSON.parse(data));
  }

  /** The last id that the client received. It would reconnect with this id. */
  get lastId(): string {
    return this.parser.lastEventId;
  }

  async #take(): Promise<void> {
    try {
      const { done, value } = await this.#reader.read();
      if (value) {
        this.frames.push(value);
        this.bytesRead += value.byteLength;
        this.events.push(...this.parser.push(value));
      }
      if (done) this.ended = 'closed';
    } catch (error) {
      this.ended = String(error);
    }
    this.#pending = undefined;
  }
}
