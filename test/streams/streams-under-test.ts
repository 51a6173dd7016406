/**
 * Event streams through the whole application, in this process (test/support/in-process.ts), over a scripted
 * source. Sockets and request signatures are tested elsewhere.
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
  /** If true, the stream is read only when the test reads it. */
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
        // The middle of every random range: jitter is 5 %, streams live 15 min, and `retry:` is 2 s.
        random: () => 0.5,
        tiers: { standard: unlimited, high: unlimited },
        failedAuthentications: unlimited,
      },
    });
    this.source = source;
  }

  /**
   * Creates a key and uses it once. Only a few unverified keys are looked up concurrently, so a thousand
   * unused keys would have to wait for the clock.
   */
  async key(input: Partial<NewKey> = {}): Promise<string> {
    const key = await createKeyIn(this.store, input, this.clock);
    await this.fetch('/v1/key', { headers: { authorization: `Bearer ${key}` } });
    return key;
  }

  /** Requests a stream. The source must answer first, so the test might have to advance the clock. */
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

  /** Opens a stream, and reads it as its events arrive. */
  async open(options: OpenOptions = {}): Promise<OpenStream> {
    const left = new AbortController();
    const response = await this.request(options, left.signal);
    const reader = new StreamReader(response.body);
    if (options.unread !== true) void reader.readAll();
    await settle();
    return Object.assign(reader, { response, leave: () => left.abort() });
  }

  /** The number of listeners, as the admin API reports it. */
  async activity(id = ID): Promise<{ streams: number; waiting: number; pollIntervalMs?: number }> {
    const response = await this.admin('GET', `/executions/${encodeURIComponent(id)}`);
    // Safety: the admin API answers in this form.
    return (await response.json()) as { streams: number; waiting: number };
  }
}

/** A message. By default, its type does not end the execution. */
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
