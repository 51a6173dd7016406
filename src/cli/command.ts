/** The interface of a command, and the terminal that a command receives. */
import type { Readable } from 'node:stream';

import type { Clock } from '../core/clock.ts';
import type { Environment, Output } from './output.ts';

export interface Terminal {
  readonly env: Environment;
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Ctrl-C and SIGTERM abort it, with an `Interrupted` as the reason. */
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

/** The command line is wrong. The message says what is wrong, and what is expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A failure that neither the service nor the command line caused: an unreadable file, a timeout. */
export class LocalError extends Error {
  override readonly name = 'LocalError';
}

/** The user stopped the command. `Terminal.signal` is aborted with this reason. */
export class Interrupted extends Error {
  readonly exitCode: number;
  /** Tells the user how to continue. Printed last. */
  readonly hint: string | undefined;

  constructor(exitCode: number, hint?: string) {
    super('Stopped');
    this.exitCode = exitCode;
    this.hint = hint;
  }
}
