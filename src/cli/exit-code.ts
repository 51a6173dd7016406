/** The exit codes. The first three tell how the execution ended, so that scripts can check `$?`. */
import type { Status } from '../messages/event-types.ts';

export const EXIT = {
  ok: 0,
  failed: 1,
  aborted: 2,
  /** The service refused, or could not be reached before the command gave up. */
  gaveUp: 3,
  /** The command line itself is wrong (EX_USAGE of sysexits.h). */
  usage: 64,
  /** 128 plus the signal's number, as in shells. */
  interrupted: 130,
  terminated: 143,
} as const;

/** `RUNNING` means that the command stopped before the execution did. */
export const exitCodeOf = (status: Status): number => {
  switch (status) {
    case 'SUCCEEDED':
      return EXIT.ok;
    case 'FAILED':
      return EXIT.failed;
    case 'ABORTED':
      return EXIT.aborted;
    case 'RUNNING':
      return EXIT.gaveUp;
  }
};
