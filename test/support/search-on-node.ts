/**
 * Sets the search for secrets up for a test file on Node. It searches the output of each program that a test starts.
 * When a program ends, it also searches the files of all stores: KV and Durable Objects of workerd, and Deno KV. Tests
 * create the directories of stores in `tmpdir()`, which this file changes to a separate directory for each test file.
 */
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll } from 'vitest';

import { expectNothingFound, search, watchConsole, watchMemoryStores } from './secret-search.ts';

/** SQLite and its log, and the values of workerd's KV. */
const STORE_FILE = /\.sqlite3?(?:-wal)?$|\/blobs\/[^/]+$/;
/** Large directories of packages and browsers, which are not our stores. */
const NOT_OURS = /^(?:node_modules|flowtap-chromium-.*)$/;
const scratch = mkdtempSync(join(tmpdir(), 'flowtap-tests-'));
const { TMPDIR, TEMP } = process.env;
Object.assign(process.env, { TMPDIR: scratch, TEMP: scratch });

const closing = new Set<Promise<unknown>>();
const searched = new Map<string, string>();
let isOver = false;

watchConsole();
watchMemoryStores();
subscribe('child_process', watchProgram);

function watchProgram(message: unknown): void {
  // Safety: the shape is Node's own (`diagnostics_channel`, built-in channels, `child_process`).
  const child = (message as { process: ChildProcess }).process;
  child.once('spawn', () => {
    const [program = '', ...args] = child.spawnargs;
    // The output of esbuild is binary, and contains our sources.
    if (program.includes('esbuild')) return;
    const isService = args[0] === 'serve' || args.includes('src/deno.ts');
    for (const output of [child.stdout, child.stderr]) if (output) watchLines(output, isService);
    child.once('exit', () => {
      if (isOver) return;
      // The program's last lines can arrive after its exit.
      closing.add(once(child, 'close'));
      searchStores();
    });
  });
}

afterAll(async () => {
  await Promise.all(closing);
  searchStores();
  isOver = true;
  unsubscribe('child_process', watchProgram);
  rmSync(scratch, { recursive: true, force: true });
  restore('TMPDIR', TMPDIR);
  restore('TEMP', TEMP);
  expectNothingFound();
});

/** Searches data when it arrives, even if nobody reads it. Wraps `push`, because a listener would start the stream. */
function watchLines(output: Readable, isService: boolean): void {
  const push = output.push.bind(output);
  let rest = '';
  output.push = (chunk: Buffer | string | null, ...more) => {
    const lines = (rest + (chunk === null ? '\n' : chunk.toString('latin1'))).split('\n');
    rest = lines.pop() ?? '';
    // Other programs write for their users. Only their lines with the member `event` belong to the service's log.
    for (const line of lines)
      if (isService || /^\{.*"event":"/.test(line)) search("a program's output", line);
    return push(chunk, ...more);
  };
}

/** Searches the raw bytes, and so also finds deleted values that are not overwritten yet. */
function searchStores(directory: string = scratch): void {
  for (const entry of unlessGone(() => readdirSync(directory, { withFileTypes: true })) ?? []) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && !NOT_OURS.test(entry.name)) searchStores(path);
    if (entry.isFile() && STORE_FILE.test(path)) searchFile(path);
  }
}

function searchFile(path: string): void {
  const stats = unlessGone(() => statSync(path));
  const state = `${stats?.size} ${stats?.mtimeMs}`;
  if (stats === undefined || searched.get(path) === state) return;
  searched.set(path, state);
  search(path.slice(scratch.length + 1), unlessGone(() => readFileSync(path, 'latin1')) ?? '');
}

/** Running programs can replace or remove files during a search. Their files are searched again when they end. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
