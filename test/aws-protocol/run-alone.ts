/** Runs other programs without this machine's configuration, credentials and proxy. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const ALONE: Readonly<Record<string, string>> = {
  PATH: '/usr/bin:/bin',
  HOME: '/nonexistent',
  LANG: 'C.UTF-8',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
};

/** Runs a program to its end, with any exit code. */
export async function runAlone(
  program: string,
  args: readonly string[],
  { env = {}, input }: { env?: Record<string, string>; input?: string } = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const running = promisify(execFile)(program, args, {
    env: { ...ALONE, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  running.child.stdin?.end(input ?? '');
  try {
    return { code: 0, ...(await running) };
  } catch (error) {
    // Safety: execFile rejects with these when the program exits with another code than 0.
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout, stderr };
  }
}
