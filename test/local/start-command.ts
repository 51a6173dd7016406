/** Runs the start commands as processes, as in a fresh clone. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseWatchFragment } from '../../src/core/watch-link.ts';
import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { type ReadEvent, SseParser } from '../support/sse-reader.ts';

/** Every command that starts Flowtap locally. */
export const START_COMMANDS = [
  ['npm', '--silent', 'start'],
  ['npm', 'run', '--silent', 'start:deno'],
  ['deno', 'task', '--quiet', 'start'],
] as const;

export interface Started {
  readonly process: ChildProcess;
  /** The whole output so far. */
  readonly output: () => { readonly stdout: string; readonly stderr: string };
  readonly exited: Promise<number | null>;
  /** Resolves when Flowtap is ready or has ended. */
  readonly ready: Promise<void>;
}

export interface StartCommands extends AsyncDisposable {
  readonly stateDir: string;
  /** Starts the command without a terminal, in its own process group and on its own ports. */
  start(command: readonly string[], settings?: Readonly<Record<string, string>>): Started;
  /** Kills all started commands. */
  killAll(): Promise<void>;
}

export async function startCommands(): Promise<StartCommands> {
  const stateDir = await mkdtemp(join(tmpdir(), 'flowtap-start-'));
  const started: Started[] = [];
  const killAll = async () => {
    for (const flowtap of started) signalGroup(flowtap, 'SIGKILL');
    await Promise.all(started.splice(0).map(({ exited }) => exited));
  };
  return {
    stateDir,
    start(command, settings = {}) {
      const flowtap = start(command, {
        PATH: process.env['PATH'] ?? '',
        HOME: stateDir,
        STATE_DIR: stateDir,
        PORT: '0',
        EMULATOR_PORT: '0',
        ...settings,
      });
      started.push(flowtap);
      return flowtap;
    },
    killAll,
    [Symbol.asyncDispose]: async () => {
      await killAll();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

function start([program = '', ...args]: readonly string[], env: Record<string, string>): Started {
  const child = spawn(program, args, {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env,
  });
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const answers = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
      if (stdout.includes('Press Ctrl-C to stop')) resolve();
    });
  });
  return {
    process: child,
    output: () => ({ stdout, stderr }),
    exited,
    ready: Promise.race([answers, exited.then(() => {})]),
  };
}

/** Signals every process of the group, as a terminal does. */
export function signalGroup({ process: { pid } }: Started, signal: NodeJS.Signals): void {
  try {
    process.kill(-(pid ?? 0), signal);
  } catch {
    // The whole group has ended.
  }
}

/** Parses the printed welcome text. */
export function read({ output }: Started) {
  const { stdout, stderr } = output();
  const one = (pattern: RegExp) =>
    pattern.exec(stdout)?.[1] ?? `nothing matches ${pattern} in:\n${stdout}\n${stderr}`;
  return {
    origin: one(/^Flowtap answers at (\S+)$/m),
    apiKey: one(/^ {4}(ftk_\w+)$/m),
    curl: one(/^ {4}(curl .*)$/m),
    aws: one(/^ {4}(AWS_ACCESS_KEY_ID=\S+ (?:.*\\\n)+.*)$/m),
    listAsJson: one(/^ {4}(curl .*\/v1\/executions\?flow=.*)$/m),
    listAsTable: one(/^ {4}(FLOWTAP_URL=.* list .*)$/m),
    settled: one(/^ {4}(urn:\S+)\n +settled.*succeeded$/m),
    failed: one(/^ {4}(urn:\S+)\n +settled.*failed in its last step$/m),
    endsInAMinute: one(/^ {4}(urn:\S+)\n +running: succeeds a minute/m),
    running: one(/^ {4}(urn:\S+)\n +running.*no end$/m),
    emulator: one(/^ {2}Upstream: the emulator, (\S+)/m),
  };
}

/** Returns the printed links to the viewer, each with the line above it. */
export const viewerLinks = ({
  output,
}: Started): readonly { readonly about: string; readonly link: string }[] =>
  [...output().stdout.matchAll(/^ {4}(.+)\n {6}(http\S+\/watch#\S+)$/gm)].map(
    ([, about = '', link = '']) => ({
      about,
      link,
    }),
  );

/**
 * Checks that each link opens an execution with the status that the line above it announces, and that a
 * browser that opens `/` finds the viewer and the docs.
 */
export async function expectViewer(flowtap: Started): Promise<void> {
  const { origin } = read(flowtap);
  const links = viewerLinks(flowtap);
  expect(links.map(({ about }) => about.split(':')[0])).toEqual([
    'Running',
    'Failed',
    'Parallel branches, retries and a map',
  ]);
  const statuses = links.map(async ({ link }) => {
    const { execution = '', ticket = '' } = parseWatchFragment(new URL(link).hash);
    const response = await fetch(`${origin}/v1/executions/${execution}?ticket=${ticket}`);
    // Safety: a summary has a status. Any other answer fails the assertion below.
    return ((await response.json()) as { readonly status: unknown }).status;
  });
  expect(await Promise.all(statuses)).toEqual(['RUNNING', 'FAILED', 'SUCCEEDED']);
  const viewer = await fetch(origin, { headers: { accept: 'text/html' } });
  expect([viewer.status, viewer.url]).toEqual([200, `${origin}/watch`]);
  expect(await viewer.text()).toContain('<watch-page');
  const docs = await fetch(`${origin}/docs`, { headers: { accept: 'text/html' } });
  expect([docs.status, docs.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
}

export async function page(
  origin: string,
  id: string,
  apiKey: string,
  more = '',
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const response = await fetch(`${origin}/v1/executions/${id}/messages?maxResults=250${more}`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  // Safety: every answer is a JSON object. The caller checks its members.
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

/** Reads the stream of an execution until `isEnough` returns true. Rejects if the stream ends earlier. */
export async function follow(
  flowtap: Started,
  id: string,
  isEnough: (events: readonly ReadEvent[]) => boolean,
): Promise<readonly ReadEvent[]> {
  const { origin, apiKey } = read(flowtap);
  const response = await fetch(`${origin}/v1/executions/${id}/messages`, {
    headers: { authorization: `Bearer ${apiKey}`, accept: 'text/event-stream' },
  });
  const parser = new SseParser();
  const events: ReadEvent[] = [];
  for await (const bytes of response.body ?? []) {
    events.push(...parser.push(bytes));
    if (isEnough(events)) return events;
  }
  throw new Error(`The stream ended too early: ${JSON.stringify(events)}\n${flowtap.output().stderr}`);
}

/**
 * Uses the service until the emulator has sent four messages live, two seconds apart. Meanwhile src/local/shutdown.ts
 * checks every half second whether it must stop the service. Rejects if the service is stopped by mistake.
 */
export async function useForAWhile(flowtap: Started): Promise<void> {
  await follow(flowtap, read(flowtap).running, (events) => events.length >= 4);
}

/** Returns the ids of all processes in the command's process group. Linux only; empty elsewhere. */
export async function groupOf({ process: { pid } }: Started): Promise<number[]> {
  const all = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(all.map((name) => readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')));
  // `pid (name) state ppid pgrp …`
  return stats.flatMap((stat) => {
    const [, id, state, group] = /^(\d+) \(.*\) (\S) \d+ (\d+) /s.exec(stat) ?? [];
    return Number(group) === pid && state !== 'Z' ? [Number(id)] : [];
  });
}

export async function expectEnd(flowtap: Started): Promise<void> {
  expect(await flowtap.exited).toBe(0);
  expect(await groupOf(flowtap)).toEqual([]);
  await expect(fetch(read(flowtap).origin)).rejects.toThrow('fetch failed');
  expect(flowtap.output().stderr).not.toMatch(/crash|Cannot/);
}
