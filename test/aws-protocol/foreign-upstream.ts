/**
 * Starts foreign_upstream.py on loopback. The script exits when its stdin closes, so it never outlives this process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AwsMessage, ModelledException } from './aws-call.ts';
import { PYTHON } from '../support/installed.ts';
import { ALONE } from './run-alone.ts';

const SCRIPT = fileURLToPath(new URL('foreign_upstream.py', import.meta.url));

export interface ForeignHistory {
  readonly messages?: readonly AwsMessage[];
  readonly exception?: ModelledException;
  /** How many calls get the exception. Default: all. */
  readonly times?: number;
}

export interface ForeignUpstream {
  readonly url: string;
  /** Replaces the histories of the given executions. */
  say(histories: Readonly<Record<string, ForeignHistory>>): Promise<void>;
  close(): Promise<void>;
}

export async function startForeignUpstream(
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
  histories: Readonly<Record<string, ForeignHistory>>,
): Promise<ForeignUpstream> {
  const directory = await mkdtemp(join(tmpdir(), 'flowtap-foreign-'));
  const file = join(directory, 'histories.json');
  const known: Record<string, ForeignHistory> = {};
  const say = async (more: Readonly<Record<string, ForeignHistory>>) => {
    await writeFile(`${file}.new`, JSON.stringify(Object.assign(known, more)));
    await rename(`${file}.new`, file);
  };
  await say(histories);
  const server = spawn(PYTHON, [SCRIPT], { env: ALONE, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  server.stdin.write(`${JSON.stringify({ ...credentials, region: 'us-west-2', histories: file })}\n`);
  const firstLine = once(createInterface(server.stdout), 'line').then(([line]) => Number(line));
  const port = await Promise.race([firstLine, exited.then(() => undefined)]);
  const close = async () => {
    server.stdin.end();
    await exited;
    await rm(directory, { recursive: true });
  };
  if (port === undefined) {
    await close();
    throw new Error(`${SCRIPT} did not start`);
  }
  return { url: `http://127.0.0.1:${port}`, say, close };
}
