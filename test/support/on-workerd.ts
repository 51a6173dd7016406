/**
 * Runs the Worker as deployed in workerd, with or without an upstream, all on sockets. Tests and benchmarks use it to
 * make requests from outside, as a caller or as an operator.
 */
import type { NewKey } from '../../src/access/keys/key-input.ts';
import type { Statistics } from '../../src/emulator/call-statistics.ts';
import { type EmulatorServer, startEmulatorServer } from '../../src/emulator/server/node-server.ts';
import { createLocalKey } from '../../src/local/local-key.ts';
import { emulatorVars } from '../../src/local/start-options.ts';
import { type LocalWorkerd, type WorkerdOptions, startWorkerd } from '../../src/local/workerd.ts';
import { type ScriptedMessage, tellEmulator } from './emulator-control.ts';
import { ADMIN_TOKEN, SIGNING_SECRET } from './secret-patterns.ts';

/** The Worker signs with these credentials, and every upstream accepts them. */
export const UPSTREAM_CREDENTIALS = {
  accessKeyId: 'AKIAUPSTREAM',
  secretAccessKey: 'the secret of the upstream',
};

/** Settings that suffice for the Worker. The upstream's address is missing, so the default address applies. */
export const WORKER_VARS = {
  AWS_REGION: 'us-west-2',
  AWS_ACCESS_KEY_ID: UPSTREAM_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: UPSTREAM_CREDENTIALS.secretAccessKey,
  SIGNING_SECRET,
  ADMIN_TOKEN,
};

type Vars = WorkerdOptions['vars'];

export interface Upstream {
  readonly url: string;
  close(): Promise<void>;
}

/** The state of an execution, as the operator's API shows it. */
export interface Activity {
  readonly streams: number;
  readonly waiting: number;
  readonly upstream: string;
  readonly pollIntervalMs?: number;
  readonly archived?: { readonly messageCount: number };
}

/** The Worker in workerd. */
export class WorkerUnderTest {
  readonly workerd: LocalWorkerd;
  /** All lines that the Worker has logged. */
  readonly lines: readonly string[];

  constructor(workerd: LocalWorkerd, lines: readonly string[]) {
    this.workerd = workerd;
    this.lines = lines;
  }

  get url(): URL {
    return this.workerd.url;
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(new URL(path, this.url), init);
  }

  async close(): Promise<void> {
    await this.workerd.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The Worker in workerd, and the upstream from which it reads. */
export class World<Behind extends Upstream = EmulatorServer> extends WorkerUnderTest {
  readonly upstream: Behind;

  constructor(upstream: Behind, { workerd, lines }: WorkerUnderTest) {
    super(workerd, lines);
    this.upstream = upstream;
  }

  messagesUrl(id: string, query = ''): string {
    return new URL(messagesPath(id, query), this.url).href;
  }

  admin(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    return this.fetch(`/v1/admin${path}`, {
      ...init,
      method,
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, ...(init.headers as Record<string, string>) },
    });
  }

  /** Creates a key. By default it can read everything and make a thousand requests in 10 s; `limits` overrides this. */
  key(limits: Partial<NewKey> = {}): Promise<string> {
    return createLocalKey(this.workerd.store, limits);
  }

  keys(count: number): Promise<string[]> {
    return Promise.all(Array.from({ length: count }, () => this.key()));
  }

  async revokedKey(): Promise<string> {
    const key = await this.key();
    const response = await this.admin('POST', `/keys/${keyIdIn(key)}/revoke`);
    if (response.status !== 200) throw new Error(await response.text());
    return key;
  }

  /**
   * Makes requests until the key's rate limit refuses one. The next request is refused, too, unless a new period
   * begins.
   */
  async useUpRate(key: string): Promise<void> {
    for (;;) {
      const response = await this.fetch('/v1/key', { headers: { Authorization: `Bearer ${key}` } });
      await response.text();
      if (response.status === 429) return;
    }
  }

  async activity(id: string): Promise<Activity> {
    const response = await this.admin('GET', `/executions/${encodeURIComponent(id)}`);
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    // Safety: the route answers with this shape, and tests check the members.
    return (await response.json()) as Activity;
  }

  stats(this: World): Statistics {
    return this.upstream.emulator.stats();
  }

  /** The number of calls for one execution that reached the emulator. */
  calls(this: World, id: string): number {
    return this.stats().byExecution[id]?.calls ?? 0;
  }

  control(path: string, body: unknown): Promise<void> {
    return tellEmulator(this.upstream.url, path, body);
  }

  script(
    flowExecutionId: string,
    messages: readonly ScriptedMessage[],
    more: Record<string, unknown> = {},
  ): Promise<void> {
    return this.control('/executions', { flowExecutionId, messages, ...more });
  }

  faults(faults: Readonly<Record<string, unknown>>): Promise<void> {
    return this.control('/faults', faults);
  }

  override async close(): Promise<void> {
    await super.close();
    await this.upstream.close();
  }
}

/** Starts the Worker without an upstream. By default it has no settings, so it is not configured. */
export async function startWorker(
  options: Partial<Omit<WorkerdOptions, 'onLog'>> = {},
): Promise<WorkerUnderTest> {
  const lines: string[] = [];
  const workerd = await startWorkerd({ vars: {}, onLog: (line) => lines.push(line), ...options });
  return new WorkerUnderTest(workerd, lines);
}

/** Starts the Worker with the emulator as its upstream. `vars` overrides settings. */
export const openWorld = (vars?: Vars): Promise<World> =>
  openWorldBefore(() => startEmulatorServer({ port: 0, credentials: UPSTREAM_CREDENTIALS }), vars);

export async function openWorldBefore<Behind extends Upstream>(
  startUpstream: () => Promise<Behind>,
  vars: Vars = {},
): Promise<World<Behind>> {
  const upstream = await startUpstream();
  try {
    const worker = await startWorker({ vars: { ...WORKER_VARS, ...emulatorVars(upstream.url), ...vars } });
    return new World(upstream, worker);
  } catch (error) {
    await upstream.close();
    throw error;
  }
}

export const messagesPath = (id: string, query = ''): string =>
  `/v1/executions/${encodeURIComponent(id)}/messages${query === '' ? '' : `?${query}`}`;

/** A key is `ftk_`, then its id of 8 characters, then the rest. */
const keyIdIn = (key: string): string => key.slice(4, 12);
