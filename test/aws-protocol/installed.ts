/** What Debian's packages python3-boto3 and awscli put on a machine, and whether they are on this one. */
import { execFileSync } from 'node:child_process';

export const PYTHON = '/usr/bin/python3';
export const AWS_CLI = '/usr/bin/aws';

export const hasBoto3 = (python: string): boolean => runs(python, ['-c', 'import boto3']);
export const hasAwsCli = (): boolean => runs(AWS_CLI, ['--version']);

function runs(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
