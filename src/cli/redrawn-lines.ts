/** Redraws lines in place on a terminal. The last drawing stays after `close`. */
import type { Clock } from '../core/clock.ts';
import type { Output } from './output.ts';

/** The shortest time between two drawings. More frequent changes would be unreadable. */
const DRAW_MS_MIN = 100;
/**
 * The longest time between two drawings. Running steps and executions show how long they have run, in
 * seconds, so they must be redrawn.
 */
const DRAW_MS_MAX = 1_000;
/** Lines of the terminal to keep free: for a note, and for the cursor. */
const OTHER_LINES = 2;

/**
 * Returns the current lines, at most `linesMax` of them if that is given. Nothing is drawn if the list is
 * empty.
 */
export type DrawLines = (linesMax?: number) => readonly string[];

/** Where the cursor cannot be moved (a pipe, a file, TERM=dumb), the lines are printed once, at the end. */
export class RedrawnLines {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #lines: DrawLines;
  readonly #closed = new AbortController();
  readonly #drawing: Promise<void>;
  #isStale = false;
  #wake = (): void => {};
  #drawnLines = 0;

  constructor(output: Output, clock: Clock, lines: DrawLines) {
    this.#output = output;
    this.#clock = clock;
    this.#lines = lines;
    this.#drawing = output.canRedraw ? this.#drawUntilClosed() : Promise.resolve();
    // `close` rethrows the error.
    this.#drawing.catch(() => {});
  }

  /** Call this after the lines have changed. */
  change(): void {
    this.#isStale = true;
    this.#wake();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#drawing;
    await this.#draw(undefined);
  }

  async #drawUntilClosed(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await this.#draw(this.#output.rows - OTHER_LINES);
      await this.#clock.sleep(DRAW_MS_MIN, signal);
      await this.#changed();
    }
  }

  /** Resolves at the next change, on close, or when DRAW_MS_MAX has passed since the last drawing. */
  async #changed(): Promise<void> {
    const waiting = new AbortController();
    const stop = (): void => waiting.abort();
    this.#wake = stop;
    this.#closed.signal.addEventListener('abort', stop, { once: true });
    if (this.#isStale || this.#closed.signal.aborted) stop();
    await this.#clock.sleep(DRAW_MS_MAX - DRAW_MS_MIN, waiting.signal);
    this.#closed.signal.removeEventListener('abort', stop);
  }

  /** Draws with one write, so that a terminal never shows half of the lines. */
  async #draw(linesMax: number | undefined): Promise<void> {
    this.#isStale = false;
    const lines = this.#lines(linesMax);
    if (lines.length === 0) return;
    const back = this.#drawnLines === 0 ? '' : `\u001b[${this.#drawnLines}F\u001b[J`;
    this.#drawnLines = lines.length;
    await this.#output.write(`${back}${lines.join('\n')}\n`);
  }
}
