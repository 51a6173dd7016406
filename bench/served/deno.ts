/** Starts a program on Deno that serves HTTP: Flowtap's own entry, or a peer. */
import { type ServerProcess, startProcess } from './process.ts';

const FLAGS = ['--allow-net', '--allow-env', '--allow-read', '--allow-write'];

export interface DenoOptions {
  readonly entry: string;
  readonly settings?: Readonly<Record<string, string>>;
}

export const startDeno = ({ entry, settings = {} }: DenoOptions): Promise<ServerProcess> =>
  startProcess('deno', ['run', ...FLAGS, entry], { PORT: '0', ...settings });
