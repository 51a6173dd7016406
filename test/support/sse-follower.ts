/**
 * A client over a real socket that follows the rules for clients in docs/http-api.md: it reconnects after
 * `retry:` with the last id, starts over at `reset`, and stops at 204. Tests can end or reset its connection
 * at any time.
 */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

import { type ReadEvent, SseParser } from './sse-reader.ts';

export interface FollowerOptions {
  readonly url: string;
  readonly apiKey: string;
  /** Makes waits before a reconnect shorter, so that a test of many cuts ends; 1 is as asked. */
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
  /** A status that is neither 200 nor 204: it has given up. */
  refused: number | undefined;
  #request: ClientRequest | undefined;
  #stopped = false;
  readonly done: Promise<void>;
  /** Called for each event, as it comes. */
  onEvent: (event: ReadEvent) => void = () => undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.done = this.#follow();
  }

  /** The data of its messages, in order. */
  get messages(): string[] {
    return this.events.filter(({ event }) => event === 'message').map(({ data }) => data);
  }

  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  /** Cuts the connection that is open, or is being opened: FIN, or RST. */
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
      // As a client of its own does, in real time: the service may be another process.
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** The status of one connection, when it is over; undefined: it never had one. */
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
        // A new parser, because the unfinished rest of the last connection must be dropped.
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
