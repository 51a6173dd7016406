/**
 * Puts load on an HTTP server from a separate process: wrk, or autocannon if wrk is not installed. Both cycle through
 * the given requests over persistent connections. They read responses without parsing the bodies.
 */
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cpuMicros } from './process-usage.ts';
import { type LoadRequest, withRequestFile } from './request-file.ts';

const run = promisify(execFile);
const ROTATE = join(import.meta.dirname, '../load/rotate.lua');
const AUTOCANNON = join(import.meta.dirname, '../load/autocannon.js');
const CONNECTIONS = 32;

export interface LoadResult {
  readonly perSecond: number;
  /** CPU time of the server's process per request. */
  readonly cpuMicros: number;
}

/** The JSON that rotate.lua and autocannon.js print. */
interface Printed {
  readonly requests: number;
  readonly micros: number;
  /** The number of non-2xx responses and failed connections. */
  readonly errors: number;
}

export interface LoadOptions {
  readonly url: URL;
  /** The server's process. */
  readonly pid: number;
  readonly requests: readonly LoadRequest[];
  readonly seconds: number;
}

/**
 * Resolves when the load is over. Rejects if a request failed, because failures are cheap and would distort
 * the result.
 */
export function load({ url, pid, requests, seconds }: LoadOptions): Promise<LoadResult> {
  return withRequestFile(requests, async (file) => {
    const before = cpuMicros(pid);
    const { stdout } = hasWrk()
      ? await run('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', ROTATE, url.href, '--', file])
      : await run(process.execPath, [AUTOCANNON, url.href, file, String(CONNECTIONS), String(seconds)]);
    const used = cpuMicros(pid) - before;
    // Safety: both programs print this as their last line.
    const printed = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Printed;
    if (printed.errors > 0) throw new Error(`${printed.errors} requests to ${url.href} failed: ${stdout}`);
    return {
      perSecond: (printed.requests * 1_000_000) / printed.micros,
      cpuMicros: used / printed.requests,
    };
  });
}

let wrkVersion: string | undefined | false;

/** Returns the name of the load generator, with its version if known. */
export const loadGenerator = (): string => (hasWrk() ? String(wrkVersion) : 'autocannon');

function hasWrk(): boolean {
  if (wrkVersion === undefined) {
    try {
      // `wrk -v` prints its version and usage, then exits with an error.
      execFileSync('wrk', ['-v'], { stdio: 'pipe' });
      wrkVersion = 'wrk';
    } catch (error) {
      const printed = String(Object(error).stdout ?? '');
      wrkVersion = /^wrk \S+/.exec(printed)?.[0] ?? false;
    }
  }
  return wrkVersion !== false;
}
