/** One line on stderr that is written over again while something takes long. Only on a terminal; else nothing at all. */
import type { Clock } from '../core/clock.ts';
import type { Output } from './output.ts';
import { crop } from './plain-text.ts';

/** Faster nobody reads. */
const UPDATE_MS = 100;
/** What is over sooner needs none. */
const PATIENCE_MS = 500;

export class Progress {
  readonly #output: Output | undefined;
  readonly #clock: Clock;
  #shownAtMs: number;
  #isShown = false;

  /** `isWanted`: false where the work itself is seen, line by line, on the same terminal. */
  constructor(stderr: Output, clock: Clock, isWanted: boolean) {
    this.#output = isWanted && stderr.isTerminal ? stderr : undefined;
    this.#clock = clock;
    this.#shownAtMs = clock.now() + PATIENCE_MS - UPDATE_MS;
  }

  async show(text: () => string): Promise<void> {
    const output = this.#output;
    const now = this.#clock.now();
    if (!output || now - this.#shownAtMs < UPDATE_MS) return;
    this.#shownAtMs = now;
    this.#isShown = true;
    await output.write(`\r\u001b[K${output.style(crop(text(), output.columns - 1), 'dim')}`);
  }

  async clear(): Promise<void> {
    if (this.#isShown) await this.#output?.write('\r\u001b[K');
    this.#isShown = false;
  }
}
