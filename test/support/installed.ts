/** Finds optional programs for tests, in Debian's paths or on PATH. A fresh machine has only Node, npm and git. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const PYTHON = '/usr/bin/python3';
export const AWS_CLI = '/usr/bin/aws';
export const CHROMIUM = '/usr/bin/chromium';

/**
 * Command-line options that start Chromium without a window and without telemetry. The debugging port keeps it running.
 */
export const chromiumOptions = (profile: string): readonly string[] => [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
  `--user-data-dir=${profile}`,
];

export const hasPythonModule = (python: string, module: string): boolean =>
  runs(python, ['-c', `import ${module}`]);
export const hasBoto3 = (python: string): boolean => hasPythonModule(python, 'boto3');
export const hasAwsCli = (): boolean => runs(AWS_CLI, ['--version']);

export const onPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)));

function runs(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
