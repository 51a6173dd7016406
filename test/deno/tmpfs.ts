/**
 * A small disk in memory, in its own mount namespace. It needs a system that allows this without root, and disappears
 * with the program.
 */
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';

const SCRIPT = 'mount -t tmpfs -o size=40m tmpfs "$0" && exec "$@"';

/** Returns the first words of a command line. They mount such a disk at `directory`, then run the words that follow. */
export const onTmpfs = (directory: string): readonly string[] => [
  'unshare',
  '-rm',
  'sh',
  '-c',
  SCRIPT,
  directory,
];

export function canMount(): boolean {
  const [program, ...words] = [...onTmpfs(tmpdir()), 'true'];
  try {
    execFileSync(program, words, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
