/**
 * A client of the whole application in this process. Both share a clock that tests advance. The source is scripted,
 * because a real source signs calls on another thread, and the clock would run ahead meanwhile.
 */
import {
  type FlowtapClient,
  type FlowtapClientOptions,
  createFlowtapClient,
} from '../../src/client/client.ts';
import type { Fetch } from '../../src/client/http.ts';
import type { Message } from '../../src/messages/message.ts';
import { StreamsUnderTest } from '../streams/streams-under-test.ts';
import { type ManualClock, settle } from '../support/manual-clock.ts';

export const EXECUTION = 'urn:tdm:us-west-2/123456789012/default:Workflow:Scripted_1/with a slash';
const ORIGIN = 'https://flowtap.example';

/** A message that appears upstream after `afterMs`. */
export interface Scripted extends Message {
  readonly afterMs: number;
}

export interface ClientUnderTest {
  readonly service: StreamsUnderTest;
  readonly clock: ManualClock;
  /** A `fetch` that sends requests to the service. */
  readonly fetch: Fetch;
  client(options?: Partial<FlowtapClientOptions>): FlowtapClient;
  /** Advances time from one sleeper to the next until the promise has settled. */
  until<T>(promise: Promise<T>): Promise<T>;
}

/** Opens a service whose upstream has this history. Each message appears at its time. */
export async function openClient(messages: readonly Scripted[] = []): Promise<ClientUnderTest> {
  const service = new StreamsUnderTest();
  const { clock, source } = service;
  const startMs = clock.now();
  const appear = ({ afterMs, ...message }: Scripted): void =>
    source.append({ ...message, timestamp: new Date(startMs + afterMs).toISOString() });
  for (const message of messages) {
    if (message.afterMs <= 0) appear(message);
    else void clock.sleep(message.afterMs).then(() => appear(message));
  }
  const apiKey = await service.key({ tickets: true });
  let signing = 0;
  const fetch: Fetch = async (url, init) => {
    const isAboutTicket = url.includes('ticket');
    if (isAboutTicket) signing++;
    try {
      return await service.fetch(url.slice(ORIGIN.length), init);
    } finally {
      if (isAboutTicket) signing--;
    }
  };
  return {
    service,
    clock,
    fetch,
    client: (options = {}) => {
      const own = 'ticket' in options ? {} : { apiKey };
      return createFlowtapClient({ url: ORIGIN, fetch, clock, random: () => 0.5, ...own, ...options });
    },
    until: (promise) => driveUntil(clock, promise, () => signing > 0),
  };
}

/**
 * Advances time until the promise has settled. Time stands still while `isBusy` returns true, because signing a ticket
 * runs on another thread and needs only real time.
 */
export async function driveUntil<T>(
  clock: ManualClock,
  promise: Promise<T>,
  isBusy: () => boolean = () => false,
): Promise<T> {
  const state = { settled: false };
  const done = () => {
    state.settled = true;
  };
  promise.then(done, done);
  for (;;) {
    await settle();
    if (state.settled) return promise;
    const next = clock.nextWakeAt;
    // If nothing sleeps, the event loop is still delivering the result.
    if (next !== undefined && !isBusy()) await clock.advance(Math.max(0, next - clock.now()));
  }
}

/** Makes `count` messages, one every `everyMs`, or all at the start. `last` is the event type of the last message. */
export function history(count: number, { everyMs = 0, last = 'EXECUTION_SUCCEEDED' } = {}): Scripted[] {
  return Array.from({ length: count }, (_, index) => ({
    messageId: `m-${index}`,
    eventType: index === 0 ? 'EXECUTION_STARTED' : index === count - 1 ? last : 'STEP_STARTED',
    payload: ` message ${index}, “ünïcode”\nand a line`,
    afterMs: index * everyMs,
  }));
}

export const idsOf = (messages: readonly { readonly messageId?: string }[]): (string | undefined)[] =>
  messages.map(({ messageId }) => messageId);

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Resolves with the error with which the promise rejects, or with undefined if it resolves. */
export const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
