/** Shows progress during long work, on one line of stderr that is updated. Only on a terminal. */
import type { Clock } from '../core/clock.ts';
import type { Output } from './output.ts';
import { crop } from './plain-text.ts';

/** More frequent updates would be unreadable. */
const UPDATE_MS = 100;
/** Shorter work shows no progress. */
const SHOWN_AFTER_MS = 500;

export class Progress {
  readonly #output: Output | undefined;
  readonly #clock: Clock;
  #shownAtMs: number;
  #isShown = false;

  /** `isWanted`: false if the work itself prints lines on the same terminal. */
  constructor(stderr: Output, clock: Clock, isWanted: boolean) {
    this.#output = isWanted && stderr.isTerminal ? stderr : undefined;
    this.#clock = clock;
    this.#shownAtMs = clock.now() + SHOWN_AFTER_MS - UPDATE_MS;
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
