/** What a command is, and what it is given. */
import type { Readable } from 'node:stream';

import type { Clock } from '../core/clock.ts';
import type { Environment, Output } from './output.ts';

export interface Terminal {
  readonly env: Environment;
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborted by Ctrl-C and its like, with an Interrupted. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints: usage, options, examples, exit codes. */
  readonly help: string;
  /** Resolves with the exit code. Throws UsageError, FlowtapProblem, FlowtapConnectionError, ClosedPipe. */
  run(words: readonly string[], terminal: Terminal): Promise<number>;
}

/** The command line is wrong; the message says how, and what it should be. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something on this machine is wrong: a file that can't be read. */
export class LocalError extends Error {
  override readonly name = 'LocalError';
}

/** Somebody wants it to end: the reason of the terminal's signal. */
export class Interrupted extends Error {
  readonly exitCode: number;
  /** What to know about it; said last. */
  readonly hint: string | undefined;

  constructor(exitCode: number, hint?: string) {
    super('Stopped');
    this.exitCode = exitCode;
    this.hint = hint;
  }
}
