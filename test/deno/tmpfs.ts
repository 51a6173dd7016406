/**
 * A small disk in memory, in a mount namespace of its own, where the system allows one without root. Gone
 * with the program.
 */
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';

const SCRIPT = 'mount -t tmpfs -o size=40m tmpfs "$0" && exec "$@"';

/** The beginning of a command line, which runs the rest with such a disk at that directory. */
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
