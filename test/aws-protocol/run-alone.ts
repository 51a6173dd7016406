/** Runs other programs isolated from this machine's configuration, credentials and proxy. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const ALONE: Readonly<Record<string, string>> = {
  PATH: '/usr/bin:/bin',
  HOME: '/nonexistent',
  LANG: 'C.UTF-8',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
};

/** Runs a program until it exits. A non-zero exit code is not an error. */
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
    // Safety: execFile rejects with an error of this shape when the exit code is not 0.
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout, stderr };
  }
}
