/** The ways in which `flowtap tail` shows messages: as lines, as JSON, or as steps that are redrawn. */
import type { Clock } from '../core/clock.ts';
import { type FlowMessage, type StepsState, stepsReducer } from '../client/client.ts';
import { MessageLines } from './message-line.ts';
import type { Output } from './output.ts';
import { crop, jsonLine } from './plain-text.ts';
import { RedrawnLines } from './redrawn-lines.ts';
import { stepLines } from './step-lines.ts';
import { humanDuration } from '../core/human-duration.ts';

export interface TailView {
  /** True if the user can continue after a cursor, because the view does not need the earlier messages. */
  readonly isResumable: boolean;
  message(message: FlowMessage): Promise<void>;
  /** Called before all messages are sent again. */
  reset(): Promise<void>;
  /** Shows a text that is not a message but that the user should know. */
  note(text: string): Promise<void>;
  /** Ends the view. Everything that was shown stays. */
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

/** Where the cursor cannot be moved (a pipe, a file, TERM=dumb), the steps are printed once, at the end. */
export class StepsView extends NotesOnStderr implements TailView {
  override readonly isResumable = false;
  readonly #stdout: Output;
  readonly #clock: Clock;
  readonly #redrawn: RedrawnLines;
  #state: StepsState | undefined;
  #note: string | undefined;

  constructor(outputs: Outputs, clock: Clock) {
    super(outputs);
    this.#stdout = outputs.stdout;
    this.#clock = clock;
    this.#redrawn = new RedrawnLines(outputs.stdout, clock, (linesMax) => this.#lines(linesMax));
  }

  async message(message: FlowMessage): Promise<void> {
    this.#state = stepsReducer(this.#state, message);
    this.#note = undefined;
    this.#redrawn.change();
  }

  override async reset(): Promise<void> {
    this.#state = undefined;
    this.#redrawn.change();
  }

  override async note(text: string): Promise<void> {
    if (!this.#stdout.canRedraw) return super.note(text);
    this.#note = text;
    this.#redrawn.change();
  }

  override async close(): Promise<void> {
    this.#note = undefined;
    await this.#redrawn.close();
  }

  #lines(linesMax: number | undefined): string[] {
    const output = this.#stdout;
    const execution = this.#state?.execution;
    if (!execution) return [];
    const nowMs = this.#clock.now();
    const elapsedMs = execution.durationMs ?? Math.max(0, nowMs - Date.parse(execution.startedAt ?? ''));
    const elapsed = Number.isNaN(elapsedMs) ? '' : `  ${humanDuration(elapsedMs)}`;
    // The status takes one line.
    const stepsMax = linesMax === undefined ? {} : { linesMax: linesMax - 1 };
    return [
      output.style(execution.status, 'bold') + output.style(elapsed, 'dim'),
      ...stepLines(execution, output, { nowMs, ...stepsMax }),
      ...(this.#note === undefined ? [] : [output.style(crop(this.#note, output.columns), 'dim')]),
    ];
  }
}
