/**
 * Reads event streams for tests, independently of the service's writer and of any client library. It implements WHATWG
 * HTML, "Interpreting an event stream", in the simplest way. It is stricter in one point: a block with fields but
 * without data is an error, because some clients would dispatch it as an event with empty data and an empty id.
 */

export interface ReadEvent {
  /** The name of the event. `message` if the stream gives no name. */
  readonly event: string;
  readonly data: string;
  /** The id in this event itself. Absent if the event has none. */
  readonly id?: string;
}

export class SseParser {
  /** The last id received, which a client would send as Last-Event-ID. */
  lastEventId = '';
  /** The last `retry:` value that the server sent, in milliseconds. */
  retryMs: number | undefined;
  readonly #decoder = new TextDecoder();
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | undefined;
  /** The number of fields in the current block. */
  #fields = 0;

  /** Returns the events that these bytes complete. An event is complete after its blank line. */
  push(bytes: Uint8Array): ReadEvent[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    const events: ReadEvent[] = [];
    const lines = this.#rest.split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (this.#fields > 0 && this.#data.length === 0) throw new Error('a block has fields and no data');
        if (this.#id !== undefined) this.lastEventId = this.#id;
        if (this.#data.length > 0) {
          events.push({
            event: this.#event || 'message',
            data: this.#data.join('\n'),
            ...(this.#id !== undefined && { id: this.#id }),
          });
        }
        this.#event = '';
        this.#data = [];
        this.#id = undefined;
        this.#fields = 0;
        continue;
      }
      const colon = line.indexOf(':');
      if (colon !== 0) this.#fields++;
      const name = colon === -1 ? line : line.slice(0, colon);
      const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'event') this.#event = value;
      else if (name === 'data') this.#data.push(value);
      else if (name === 'id' && !value.includes('\0')) this.#id = value;
      else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
    }
    return events;
  }
}

/** Reads a stream in this process: continuously (`readAll`), or one chunk at a time (`readOne`). */
export class StreamReader {
  readonly parser = new SseParser();
  readonly events: ReadEvent[] = [];
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  ended = false;
  /** The error with which the stream broke off. */
  error: unknown;

  constructor(body: ReadableStream<Uint8Array> | null) {
    if (!body) throw new Error('the answer has no body');
    this.#reader = body.getReader();
  }

  /** Reads one chunk. Resolves with false at the end of the stream. */
  async readOne(): Promise<boolean> {
    try {
      const { done, value } = await this.#reader.read();
      if (value) this.events.push(...this.parser.push(value));
      if (done) this.ended = true;
      return !done;
    } catch (error) {
      this.ended = true;
      this.error = error;
      return false;
    }
  }

  /** Reads until the end of the stream. */
  async readAll(): Promise<this> {
    while (await this.readOne());
    return this;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }

  named(event: string): ReadEvent[] {
    return this.events.filter((each) => each.event === event);
  }

  /** The ids of the messages so far. */
  get messageIds(): (string | undefined)[] {
    return this.named('message').map(messageIdOf);
  }
}

export const messageIdOf = ({ data }: ReadEvent): string | undefined =>
  // Safety: data of another shape fails the comparison in the test.
  (JSON.parse(data) as { messageId?: string }).messageId;
