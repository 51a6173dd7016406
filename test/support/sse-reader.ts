/**
 * Reads event streams for tests, independent of our own writer and of any client library: the parser of
 * WHATWG HTML, "Interpreting an event stream", as plainly as it can be written. Stricter in one thing: a
 * block of fields without data is an error, since clients in the field dispatch it as an event with empty
 * data and an empty id.
 */

export interface ReadEvent {
  /** `message` when the event has no name. */
  readonly event: string;
  readonly data: string;
  /** The id of this event itself; absent if it has no id. */
  readonly id?: string;
}

export class SseParser {
  /** As a client remembers it, for Last-Event-ID. */
  lastEventId = '';
  /** As the server asked last, in milliseconds. */
  retryMs: number | undefined;
  readonly #decoder = new TextDecoder();
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | undefined;
  /** Fields of the block so far. */
  #fields = 0;

  /** The events that these bytes complete. An event without its blank line is not one. */
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

/** A stream in this process that is read as it comes, or only when a test asks. */
export class StreamReader {
  readonly parser = new SseParser();
  readonly events: ReadEvent[] = [];
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  ended = false;
  /** Why it broke off. */
  error: unknown;

  constructor(body: ReadableStream<Uint8Array> | null) {
    if (!body) throw new Error('the answer has no body');
    this.#reader = body.getReader();
  }

  /** Reads one chunk. False at the end of the stream. */
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

  /** Reads on, until the end. */
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
  // Safety: what tests compare it with tells whether it is one.
  (JSON.parse(data) as { messageId?: string }).messageId;
