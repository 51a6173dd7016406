/** A client whose requests go straight to the whole service in this process, both on time that tests move. */
import {
  type FlowtapClient,
  type FlowtapClientOptions,
  createFlowtapClient,
} from '../../src/client/client.ts';
import type { Fetch } from '../../src/client/http.ts';
import { ORIGIN, type Scripted, type ServiceUnderTest, openService } from '../http/service-under-test.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { settle } from '../support/manual-clock.ts';

export const EXECUTION = 'urn:tdm:us-west-2/123456789012/default:Workflow:Scripted_1/with a slash';

export interface ClientUnderTest {
  readonly service: ServiceUnderTest;
  readonly clock: ManualClock;
  /** The service as a fetch. */
  readonly fetch: Fetch;
  readonly apiKey: string;
  client(options?: Partial<FlowtapClientOptions>): FlowtapClient;
  /** Moves time on, from one sleeper to the next, until the promise has settled. */
  until<T>(promise: Promise<T>): Promise<T>;
}

/** `messages`: the history that the upstream shows of EXECUTION. */
export async function openClient(messages: readonly Scripted[] = []): Promise<ClientUnderTest> {
  const service = await openService();
  const { clock } = service;
  if (messages.length > 0) await service.script(EXECUTION, messages);
  const apiKey = await service.key({ tickets: true });
  const fetch: Fetch = (url, init) => service.fetch(url.slice(ORIGIN.length), init);
  return {
    service,
    clock,
    fetch,
    apiKey,
    client: (options = {}) => {
      const own = 'ticket' in options ? {} : { apiKey };
      return createFlowtapClient({ url: ORIGIN, fetch, clock, random: () => 0.5, ...own, ...options });
    },
    until: (promise) => driveUntil(clock, promise),
  };
}

export async function driveUntil<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  const state = { settled: false };
  const done = () => {
    state.settled = true;
  };
  promise.then(done, done);
  for (;;) {
    // Signatures are made on another thread: some turns more than a stream takes.
    for (let round = 0; round < 4 && !state.settled; round++) await settle();
    if (state.settled) return promise;
    const next = clock.nextWakeAt;
    // Nobody sleeps: what is awaited is on its way through the event loop.
    if (next !== undefined) await clock.advance(Math.max(0, next - clock.now()));
  }
}

/** A history of `count` messages that is there at once, or a message each `everyMs`; ends as `last` says. */
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

/** What it is rejected with. */
export const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
