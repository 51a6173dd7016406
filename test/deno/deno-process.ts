/**
 * Runs the service on Deno as a separate process, as a supervisor does: with settings from the environment, and with
 * signals.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startEmulatorServer, type EmulatorServer } from '../../src/emulator/server/node-server.ts';
import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { dieWithParent } from '../../src/local/die-with-parent.ts';
import { type ScriptedMessage, tellEmulator } from '../support/emulator-control.ts';
import { ADMIN_TOKEN, SIGNING_SECRET } from '../support/secret-patterns.ts';

const CREDENTIALS = { accessKeyId: 'FLOWTAPTEST', secretAccessKey: 'the secret of the Deno tests' };

export interface LogLine {
  readonly event: string;
  readonly level?: string;
  readonly [member: string]: unknown;
}

export interface DenoProcess {
  /** Ends with a slash. Empty if the service did not start. */
  readonly url: string;
  readonly process: ChildProcess;
  readonly log: readonly LogLine[];
  /** Lines of the output that are not log lines. */
  readonly noise: readonly string[];
  readonly exited: Promise<number | null>;
  /** Sends SIGKILL and waits for the exit. */
  kill(): Promise<void>;
}

/** Environment variables for a service that reads from this upstream. */
export const settingsFor = (upstream: string, storePath: string): Record<string, string> => ({
  AWS_REGION: 'us-west-2',
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_ENDPOINT_URL_IOTTHINGSGRAPH: upstream,
  SIGNING_SECRET,
  ADMIN_TOKEN,
  PORT: '0',
  STORE_PATH: storePath,
});

/**
 * Resolves when the service listens or has exited; after an exit, `url` is empty. `within` precedes Deno's command
 * line, for example to run Deno in a mount namespace.
 */
export async function startDeno(
  settings: Record<string, string>,
  entry = 'src/deno.ts',
  within: readonly string[] = [],
): Promise<DenoProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const flags = ['--allow-net', '--allow-env', '--allow-read', '--allow-write'];
  const [program, ...words] = [...within, 'deno', 'run', ...flags, entry];
  const child = spawn(program, words, {
    cwd: PROJECT_ROOT,
    env: { PATH, HOME, NO_COLOR: '1', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const release = child.pid === undefined ? () => {} : dieWithParent(child.pid);
  const exited = once(child, 'close').then(([code]) => {
    release();
    return code as number | null;
  });
  const [log, noise]: [LogLine[], string[]] = [[], []];
  const listening = Promise.withResolvers<string>();
  for (const output of [child.stdout, child.stderr]) {
    createInterface(output).on('line', (line) => {
      if (!line.startsWith('{')) {
        noise.push(line);
        return;
      }
      // Safety: a line of another shape fails the test that reads it.
      const record = JSON.parse(line) as LogLine;
      log.push(record);
      if (record.event === 'listening') listening.resolve(String(record['url']));
    });
  }
  const url = await Promise.race([listening.promise, exited.then(() => '')]);
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { url, process: child, log, noise, exited, kill };
}

/** An upstream, a directory for the store, and all started services. `end()` stops and removes them all. */
export class DenoWorld {
  readonly emulator: EmulatorServer;
  readonly directory: string;
  readonly #started: DenoProcess[] = [];

  private constructor(emulator: EmulatorServer, directory: string) {
    this.emulator = emulator;
    this.directory = directory;
  }

  static async create(): Promise<DenoWorld> {
    const emulator = await startEmulatorServer({ port: 0, credentials: CREDENTIALS });
    return new DenoWorld(emulator, await mkdtemp(join(tmpdir(), 'flowtap-deno-')));
  }

  get storePath(): string {
    return join(this.directory, 'flowtap.sqlite3');
  }

  async start(
    settings: Record<string, string> = {},
    entry?: string,
    within?: readonly string[],
  ): Promise<DenoProcess> {
    const all = { ...settingsFor(this.emulator.url, this.storePath), ...settings };
    const started = await startDeno(all, entry, within);
    this.#started.push(started);
    return started;
  }

  /** Scripts an execution in the emulator through its control API. */
  script(
    flowExecutionId: string,
    messages: readonly ScriptedMessage[],
    more: Record<string, unknown> = {},
  ): Promise<void> {
    return tellEmulator(this.emulator.url, '/executions', { flowExecutionId, messages, ...more });
  }

  /** The number of upstream calls for one execution so far. */
  calls(flowExecutionId: string): number {
    return this.emulator.emulator.stats().byExecution[flowExecutionId]?.calls ?? 0;
  }

  async end(): Promise<void> {
    await Promise.all(this.#started.map((started) => started.kill()));
    await this.emulator.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export const admin = (url: string, path: string, init: Pick<RequestInit, 'method' | 'body'> = {}) =>
  fetch(`${url}v1/admin/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
  });

/** Creates a key that may read everything, and returns its text. */
export async function newKey(url: string, members: object = {}): Promise<string> {
  const response = await admin(url, 'keys', {
    method: 'POST',
    body: JSON.stringify({
      name: 'test',
      executions: ['*'],
      payloads: 'full',
      tickets: true,
      tier: 'high',
      streamLimit: 1_000,
      totalStreamLimit: 100_000,
      ...members,
    }),
  });
  // Safety: a 201 response has a key. After any other response, the first request with the key fails the test.
  return ((await response.json()) as { key: string }).key;
}

export const messagesUrl = (url: string, id: string, query = ''): string =>
  `${url}v1/executions/${encodeURIComponent(id)}/messages${query}`;

/** Makes `count` messages of a running execution. If `end` is given, it is the event type of the last message. */
export const history = (count: number, end?: string): ScriptedMessage[] =>
  Array.from({ length: count }, (_, index) => ({
    messageId: String(index),
    eventType:
      index === 0 ? 'EXECUTION_STARTED' : index === count - 1 && end !== undefined ? end : 'STEP_STARTED',
    timestamp: 1_700_000_000 + index,
    payload: `message ${index}`,
  }));
