/** What the command ends with. The first three say how the execution ended, so that scripts can ask `$?`. */
import type { Status } from '../messages/event-types.ts';

export const EXIT = {
  ok: 0,
  failed: 1,
  aborted: 2,
  /** The service said no, or could not be reached for long enough. */
  gaveUp: 3,
  /** The command line itself is wrong (EX_USAGE of sysexits.h). */
  usage: 64,
  /** 128 and the signal, as shells have it. */
  interrupted: 130,
  terminated: 143,
} as const;

/** `RUNNING` is no end: whoever asks for it stopped before one. */
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
