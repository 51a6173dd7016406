/**
 * Writes to stdout or stderr: with colour only on a terminal, and no faster than the reader reads. If the
 * reader has closed the pipe (`flowtap get … | head`), a write throws ClosedPipe, which ends the command
 * silently.
 */
import type { Writable } from 'node:stream';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A Node stream, with the members that a terminal adds. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** The reader has closed the pipe. */
export class ClosedPipe extends Error {}

const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;

const CODES = { red: 31, green: 32, yellow: 33, cyan: 36, bold: 1, dim: 2 } as const;
export type Style = keyof typeof CODES;

export class Output {
  readonly #stream: OutputStream;
  readonly #coloured: boolean;
  /** Whether this is a terminal whose cursor can be moved. */
  readonly canRedraw: boolean;
  #closed = false;

  constructor(stream: OutputStream, env: Environment) {
    this.#stream = stream;
    // https://no-color.org: any value except an empty one turns colour off.
    this.#coloured = stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
    this.canRedraw = stream.isTTY === true && env['TERM'] !== 'dumb';
    stream.on('error', () => {
      this.#closed = true;
    });
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /**
   * Read each time, because a terminal can be resized. A terminal without a known width (a serial line, some
   * CI systems) reports 0.
   */
  get columns(): number {
    return this.#stream.columns || COLUMNS_DEFAULT;
  }

  get rows(): number {
    return this.#stream.rows || ROWS_DEFAULT;
  }

  /** The text in this style, or unchanged if there is no colour. */
  style(text: string, ...styles: readonly Style[]): string {
    if (!this.#coloured || text.trim() === '' || styles.length === 0) return text;
    return `\u001b[${styles.map((style) => CODES[style]).join(';')}m${text}\u001b[0m`;
  }

  async line(text = ''): Promise<void> {
    await this.write(`${text}\n`);
  }

  /** Resolves when the stream can take more. Throws ClosedPipe. */
  async write(text: string): Promise<void> {
    if (this.#closed) throw new ClosedPipe();
    if (!this.#stream.write(text)) await this.#drained();
    if (this.#closed || this.#stream.destroyed) throw new ClosedPipe();
  }

  #drained(): Promise<void> {
    const stream = this.#stream;
    return new Promise((resolve) => {
      const done = () => {
        for (const event of ['drain', 'close', 'error']) stream.off(event, done);
        resolve();
      };
      for (const event of ['drain', 'close', 'error']) stream.on(event, done);
    });
  }

  /** Resolves when everything has been written, or the stream is closed. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#closed || this.#stream.destroyed) resolve();
      else this.#stream.write('', () => resolve());
    });
  }
}
