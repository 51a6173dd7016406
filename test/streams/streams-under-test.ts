/**
 * Event streams through the whole application in this process (test/support/in-process.ts), over a scripted
 * source. No port, no signatures: those have tests of their own.
 */
import type { NewKey } from '../../src/access/keys/key-input.ts';
import type { Message } from '../../src/messages/message.ts';
import { InProcess } from '../support/in-process.ts';
import { settle } from '../support/manual-clock.ts';
import { ScriptedSource } from '../support/scripted-source.ts';
import { StreamReader } from '../support/sse-reader.ts';
import { createKeyIn } from '../../src/local/key-in-store.ts';

export const ID = 'urn:tdm:streamed';

export interface OpenStream extends StreamReader {
  readonly response: Response;
  /** Disconnects the client. */
  leave(): void;
}

export interface OpenOptions {
  readonly query?: string;
  readonly lastEventId?: string;
  readonly id?: string;
  readonly apiKey?: string;
  /** The stream is read only when the test reads it. */
  readonly unread?: boolean;
}

const unlimited = { take: async () => ({ allowed: true }) };

export class StreamsUnderTest extends InProcess {
  readonly source: ScriptedSource;
  #apiKey: Promise<string> | undefined;

  constructor() {
    const source = new ScriptedSource({ name: 'things-graph' });
    super({
      source,
      platform: {
        // In the middle: jitter takes 5 % off, lives are 15 min, `retry:` is 2 s.
        random: () => 0.5,
        tiers: { standard: unlimited, high: unlimited },
        failedAuthentications: unlimited,
      },
    });
    this.source = source;
  }

  /**
   * A key that was used here before. Only a few unverified keys are looked up at once, so a thousand of them
   * would wait for the clock.
   */
  async key(input: Partial<NewKey> = {}): Promise<string> {
    const key = await createKeyIn(this.store, input, this.clock);
    await this.fetch('/v1/key', { headers: { authorization: `Bearer ${key}` } });
    return key;
  }

  /** Connects; the answer is there once the source has answered, for which time may have to pass. */
  async request(options: OpenOptions = {}, signal?: AbortSignal): Promise<Response> {
    const { query = '', lastEventId, id = ID } = options;
    this.#apiKey ??= this.key();
    return this.fetch(`/v1/executions/${encodeURIComponent(id)}/messages${query === '' ? '' : `?${query}`}`, {
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${options.apiKey ?? (await this.#apiKey)}`,
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      },
      ...(signal && { signal }),
    });
  }

  /** An open stream, read as it comes. */
  async open(options: OpenOptions = {}): Promise<OpenStream> {
    const left = new AbortController();
    const response = await this.request(options, left.signal);
    const reader = new StreamReader(response.body);
    if (options.unread !== true) void reader.readAll();
    await settle();
    return Object.assign(reader, { response, leave: () => left.abort() });
  }

  /** The listeners, as an operator sees them. */
  async activity(id = ID): Promise<{ streams: number; waiting: number; pollIntervalMs?: number }> {
    const response = await this.admin('GET', `/executions/${encodeURIComponent(id)}`);
    // Safety: the route's own answer.
    return (await response.json()) as { streams: number; waiting: number };
  }
}

/** A message of a flow that runs. */
export const message = (n: number, eventType = 'STEP_STARTED', payload = `payload ${n}`): Message => ({
  messageId: `m${n}`,
  eventType,
  timestamp: new Date(Date.UTC(2026, 0, 1) + n).toISOString(),
  payload,
});

export const messages = (from: number, to: number, payload?: string): Message[] =>
  Array.from({ length: to - from }, (_, index) => message(from + index, undefined, payload));

export const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `m${from + index}`);
