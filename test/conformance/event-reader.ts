/** Reads an event stream off a socket, by the rules of WHATWG HTML, "Interpreting an event stream". */
import type { IncomingMessage } from 'node:http';
import { headersOf, TIMEOUT_MS } from './http.ts';

export interface StreamEvent {
  /** `message` if the stream gave the event no name. */
  readonly name: string;
  readonly data: string;
  /** The value of the event's own `id:` line. Undefined if it has none. */
  readonly id?: string;
}

export class EventReader {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly events: StreamEvent[] = [];
  /** All text received so far. */
  raw = '';
  /** The last value of `retry:`. */
  retryMs: number | undefined;
  /** Number of blocks that had fields but no `data:`. */
  dataless = 0;
  /** True once the server has closed the stream, or the connection has broken. */
  ended = false;
  readonly #response: IncomingMessage;
  #rest = '';
  #name = '';
  #data: string[] = [];
  #id: string | undefined;
  #fields = 0;
  #wake: () => void = () => undefined;

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = headersOf(response);
    const decoder = new TextDecoder();
    response.on('data', (bytes: Buffer) => this.#take(decoder.decode(bytes, { stream: true })));
    const over = () => {
      this.ended = true;
      this.#wake();
    };
    for (const event of ['end', 'close', 'error']) response.on(event, over);
  }

  /** Ids of the messages received so far. */
  get messageIds(): string[] {
    return this.named('message').map(({ data }) => String(JSON.parse(data).messageId));
  }

  /** For a live list: `name status` of each `execution` event received so far. */
  get executions(): string[] {
    return this.named('execution').map(({ data }) => {
      const { name, status } = JSON.parse(data);
      return `${name} ${status}`;
    });
  }

  get lastId(): string {
    return this.events.findLast(({ id }) => id !== undefined)?.id ?? '';
  }

  named(name: string): StreamEvent[] {
    return this.events.filter((event) => event.name === name);
  }

  /**
   * Resolves once `holds()` is true. Rejects if the stream ends first, or after `TIMEOUT_MS`. `what` describes
   * the condition in the error.
   */
  async until(what: string, holds: () => boolean): Promise<this> {
    const deadline = Date.now() + TIMEOUT_MS;
    while (!holds()) {
      const leftMs = deadline - Date.now();
      if (this.ended || leftMs <= 0) {
        const names = this.events.map(({ name }) => name).join(' ');
        throw new Error(
          `Expected ${what}, but ${this.ended ? 'the stream ended' : `waited ${TIMEOUT_MS} ms in vain`}. Events received: ${names}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this;
  }

  event(name: string): Promise<this> {
    return this.until(`a ${name} event`, () => this.named(name).length > 0);
  }

  messages(count: number): Promise<this> {
    return this.until(`${count} messages`, () => this.named('message').length >= count);
  }

  closed(): Promise<this> {
    return this.until('the server to close the stream', () => this.ended);
  }

  leave(): void {
    this.#response.destroy();
  }

  #take(text: string): void {
    this.raw += text;
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
    this.#wake();
  }

  #line(line: string): void {
    if (line === '') {
      if (this.#data.length > 0) {
        const event = { name: this.#name || 'message', data: this.#data.join('\n') };
        this.events.push(this.#id === undefined ? event : { ...event, id: this.#id });
      } else if (this.#fields > 0) this.dataless++;
      this.#fields = 0;
      this.#name = '';
      this.#data = [];
      this.#id = undefined;
      return;
    }
    if (!line.startsWith(':')) this.#fields++;
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') this.#name = value;
    if (field === 'data') this.#data.push(value);
    if (field === 'id') this.#id = value;
    if (field === 'retry') this.retryMs = Number(value);
  }
}
