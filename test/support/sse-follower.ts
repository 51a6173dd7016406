/**
 * A client over a real socket that follows the rules for clients in docs/http-api.md: it reconnects after `retry:` with
 * the last id, starts over after `reset`, and stops after a 204. Tests can end or reset its connection at any time.
 */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

import { type ReadEvent, SseParser } from './sse-reader.ts';

export interface FollowerOptions {
  readonly url: string;
  readonly apiKey: string;
  /** Multiplies the wait before a reconnect. Tests with many cuts use a small factor to finish sooner. Default: 1. */
  readonly retryFactor?: number;
}

export class SseFollower {
  readonly #options: FollowerOptions;
  readonly #parser = new SseParser();
  /** All events since the last `reset`. */
  events: ReadEvent[] = [];
  connects = 0;
  resets = 0;
  problems: string[] = [];
  /** The status, neither 200 nor 204, after which the client gave up. */
  refused: number | undefined;
  #request: ClientRequest | undefined;
  #stopped = false;
  readonly done: Promise<void>;
  /** Called for each event when it arrives. */
  onEvent: (event: ReadEvent) => void = () => undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.done = this.#follow();
  }

  /** The data of the messages so far, in order. */
  get messages(): string[] {
    return this.events.filter(({ event }) => event === 'message').map(({ data }) => data);
  }

  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  /** Cuts the current connection, even while it is being opened, with a FIN or an RST. */
  cut(how: 'fin' | 'rst'): void {
    const { socket } = this.#request ?? {};
    if (how === 'rst' && socket) socket.resetAndDestroy();
    else this.#request?.destroy();
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.cut('fin');
    return this.done;
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      const status = await this.#connect();
      if (status === 204) return;
      if (status !== undefined && status !== 200) {
        this.refused = status;
        return;
      }
      const waitMs = (this.#parser.retryMs ?? 1_000) * (this.#options.retryFactor ?? 1);
      // Waits in real time, as a real client does, because the service can be another process.
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** Opens one connection. Resolves with its status when it has ended, or with undefined if it got no response. */
  #connect(): Promise<number | undefined> {
    this.connects++;
    const { url, apiKey } = this.#options;
    const { lastEventId } = this.#parser;
    return new Promise((resolve) => {
      let status: number | undefined;
      const over = () => resolve(status);
      this.#request = request(url, {
        agent: false,
        headers: {
          accept: 'text/event-stream',
          authorization: `Bearer ${apiKey}`,
          ...(lastEventId !== '' && { 'last-event-id': lastEventId }),
        },
      });
      this.#request.on('response', (response: IncomingMessage) => {
        status = response.statusCode;
        // Each connection gets a new parser, because an incomplete event of the previous one must be dropped.
        const parser = new SseParser();
        response.on('data', (bytes: Buffer) => {
          for (const event of parser.push(bytes)) this.#take(event);
          if (parser.retryMs !== undefined) this.#parser.retryMs = parser.retryMs;
        });
        response.on('close', over);
        response.on('error', over);
      });
      this.#request.on('error', over);
      this.#request.on('close', over);
      this.#request.end();
    });
  }

  #take(event: ReadEvent): void {
    if (event.id !== undefined) this.#parser.lastEventId = event.id;
    if (event.event === 'reset') {
      this.resets++;
      this.events = [];
    }
    if (event.event === 'problem') this.problems.push(event.data);
    this.events.push(event);
    this.onEvent(event);
  }
}
