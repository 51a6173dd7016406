/** The Pythons on this machine that have boto3: Debian's (apt install python3-boto3), and a newer one where there is one. */
import { execFileSync } from 'node:child_process';

export const PYTHON = '/usr/bin/python3';

export const hasBoto3 = (python: string): boolean => runs(python, ['-c', 'import boto3']);

export const runs = (program: string, args: readonly string[]): boolean => {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
