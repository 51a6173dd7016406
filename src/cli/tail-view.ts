/** How `flowtap tail` shows messages: as lines, as JSON, or as steps that are drawn again and again. */
import type { Clock } from '../core/clock.ts';
import { type FlowMessage, type StepsState, stepsReducer } from '../client/client.ts';
import { MessageLines } from './message-line.ts';
import type { Output } from './output.ts';
import { crop, jsonLine } from './plain-text.ts';
import { stepLines } from './step-lines.ts';
import { humanDuration } from '../core/human-duration.ts';

export interface TailView {
  /** Continuing after a cursor makes sense: what was shown needs no earlier message. */
  readonly isResumable: boolean;
  message(message: FlowMessage): Promise<void>;
  /** All messages follow again. */
  reset(): Promise<void>;
  /** What the user should know beside the messages. */
  note(text: string): Promise<void>;
  /** Everything that was shown stays. */
  close(): Promise<void>;
}

interface Outputs {
  readonly stdout: Output;
  readonly stderr: Output;
}

abstract class NotesOnStderr {
  readonly isResumable: boolean = true;
  readonly #stderr: Output;

  constructor({ stderr }: Outputs) {
    this.#stderr = stderr;
  }

  async reset(): Promise<void> {}

  async note(text: string): Promise<void> {
    await this.#stderr.line(this.#stderr.style(text, 'dim'));
  }

  async close(): Promise<void> {}
}

export class LinesView extends NotesOnStderr implements TailView {
  readonly #lines: MessageLines;

  constructor(outputs: Outputs) {
    super(outputs);
    this.#lines = new MessageLines(outputs.stdout);
  }

  message(message: FlowMessage): Promise<void> {
    return this.#lines.print(message);
  }
}

export class JsonView extends NotesOnStderr implements TailView {
  readonly #stdout: Output;

  constructor(outputs: Outputs) {
    super(outputs);
    this.#stdout = outputs.stdout;
  }

  message(message: FlowMessage): Promise<void> {
    return this.#stdout.line(jsonLine(message));
  }
}

/** More often than this, nobody can read. */
const DRAW_MS_MIN = 100;
/** Running steps show their seconds. */
const DRAW_MS_MAX = 1_000;
/** The line of the status, the line of the note, and the one that the cursor is in. */
const OTHER_LINES = 3;

/** Where the cursor cannot be moved (a pipe, a file, TERM=dumb), the steps are printed once, at the end. */
export class StepsView extends NotesOnStderr implements TailView {
  override readonly isResumable = false;
  readonly #stdout: Output;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  readonly #drawing: Promise<void>;
  #isStale = false;
  #wake = (): void => {};
  #state: StepsState | undefined;
  #note: string | undefined;
  #drawnLines = 0;

  constructor(outputs: Outputs, clock: Clock) {
    super(outputs);
    this.#stdout = outputs.stdout;
    this.#clock = clock;
    this.#drawing = outputs.stdout.canRedraw ? this.#drawUntilClosed() : Promise.resolve();
    // `close` rethrows it.
    this.#drawing.catch(() => {});
  }

  async message(message: FlowMessage): Promise<void> {
    this.#state = stepsReducer(this.#state, message);
    this.#note = undefined;
    this.#change();
  }

  override async reset(): Promise<void> {
    this.#state = undefined;
    this.#change();
  }

  override async note(text: string): Promise<void> {
    if (!this.#stdout.canRedraw) return super.note(text);
    this.#note = text;
    this.#change();
  }

  override async close(): Promise<void> {
    this.#closed.abort();
    await this.#drawing;
    this.#note = undefined;
    await this.#draw(undefined);
  }

  #change(): void {
    this.#isStale = true;
    this.#wake();
  }

  async #drawUntilClosed(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await this.#draw(this.#stdout.rows - OTHER_LINES);
      await this.#clock.sleep(DRAW_MS_MIN, signal);
      await this.#changed();
    }
  }

  /** Resolves with the next change, when running steps need another second, and when the view is closed. */
  async #changed(): Promise<void> {
    const waiting = new AbortController();
    const stop = (): void => waiting.abort();
    this.#wake = stop;
    this.#closed.signal.addEventListener('abort', stop, { once: true });
    if (this.#isStale || this.#closed.signal.aborted) stop();
    await this.#clock.sleep(DRAW_MS_MAX - DRAW_MS_MIN, waiting.signal);
    this.#closed.signal.removeEventListener('abort', stop);
  }

  /** One write, so that a terminal never shows half of it. */
  async #draw(linesMax: number | undefined): Promise<void> {
    this.#isStale = false;
    const output = this.#stdout;
    const execution = this.#state?.execution;
    if (!execution) return;
    const nowMs = this.#clock.now();
    const elapsedMs = execution.durationMs ?? Math.max(0, nowMs - Date.parse(execution.startedAt ?? ''));
    const elapsed = Number.isNaN(elapsedMs) ? '' : `  ${humanDuration(elapsedMs)}`;
    const lines = [
      output.style(execution.status, 'bold') + output.style(elapsed, 'dim'),
      ...stepLines(execution, output, { nowMs, ...(linesMax !== undefined && { linesMax }) }),
      ...(this.#note === undefined ? [] : [output.style(crop(this.#note, output.columns), 'dim')]),
    ];
    const back = this.#drawnLines === 0 ? '' : `\u001b[${this.#drawnLines}F\u001b[J`;
    this.#drawnLines = lines.length;
    await output.write(`${back}${lines.join('\n')}\n`);
  }
}
