/** Runs Flowtap on workerd or Deno, with an emulated upstream. Its methods are the operations that the rows need. */
import { startEmulatorServer, type EmulatorServer } from '../../src/emulator/server/node-server.ts';
import { startDeno } from './deno.ts';
import { startWorker } from './worker.ts';

/** The credentials that the upstream accepts. */
export const UPSTREAM_CREDENTIALS = {
  accessKeyId: 'AKIABENCH',
  secretAccessKey: 'the secret of the benchmarks',
};
const ADMIN_TOKEN = 'an admin token of the benchmarks, 32 characters';
const SIGNING_SECRET = 'a signing secret of the benchmarks, 32 characters';
export const LEVELS = ['full', 'names', 'none'] as const;
export type Level = (typeof LEVELS)[number];

export interface BenchKey {
  readonly text: string;
  readonly level: Level;
}

export interface ScriptedMessage {
  readonly messageId: string;
  readonly eventType: string;
  readonly payload: string;
  /** When the message appears upstream, in milliseconds from now. */
  readonly afterMs?: number;
  /** ISO 8601. Default: the time when the message appears. */
  readonly timestamp?: string;
}

export interface FlowtapOptions {
  /**
   * `bare` runs without the asset router and the rate limiter, which miniflare only simulates. `npm start` has both.
   * `deno` runs in one Deno process.
   */
  readonly served: 'bare' | 'npm start' | 'deno';
  readonly settings?: Readonly<Record<string, string>>;
}

export class Flowtap {
  readonly url: URL;
  /** The process that serves requests. */
  readonly pid: number;
  readonly upstream: EmulatorServer;
  readonly #stop: () => Promise<void>;

  private constructor(upstream: EmulatorServer, url: URL, pid: number, stop: () => Promise<void>) {
    this.upstream = upstream;
    this.url = url;
    this.pid = pid;
    this.#stop = stop;
  }

  static async start({ served, settings = {} }: FlowtapOptions): Promise<Flowtap> {
    const upstream = await startEmulatorServer({ port: 0, credentials: UPSTREAM_CREDENTIALS });
    const vars = {
      AWS_REGION: 'us-west-2',
      AWS_ACCESS_KEY_ID: UPSTREAM_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: UPSTREAM_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_IOTTHINGSGRAPH: upstream.url,
      SIGNING_SECRET,
      ADMIN_TOKEN,
      ...settings,
    };
    if (served === 'deno') {
      const deno = await startDeno({ entry: 'src/deno.ts', settings: vars });
      return new Flowtap(upstream, deno.url, deno.pid, deno.stop);
    }
    const { url, pid, stop } = await startWorker({
      vars,
      ...(served === 'bare' && { entry: 'bench/served/unlimited.workers.ts' }),
      assetRouter: served === 'npm start',
    });
    return new Flowtap(upstream, url, pid, stop);
  }

  async stop(): Promise<void> {
    await this.#stop();
    await this.upstream.close();
  }

  /** Creates keys of the given level of access, or of all levels alternately. */
  keys(count: number, level?: Level): Promise<BenchKey[]> {
    return inTurn(count, async (n) => {
      const payloads = level ?? LEVELS[n % LEVELS.length] ?? 'full';
      const { key } = await this.#admin<{ key: string }>('POST', '/keys', {
        name: `bench ${n}`,
        executions: ['*'],
        payloads,
        tier: 'high',
        streamLimit: 1000,
        totalStreamLimit: 100_000,
      });
      return { text: key, level: payloads };
    });
  }

  /** Archives a history through the import route, as an operator does. */
  async archive(id: string, messages: readonly object[]): Promise<void> {
    const lines = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    await this.#admin('PUT', `/executions/${encodeURIComponent(id)}/messages`, lines);
  }

  /** Scripts an execution upstream. It began a minute ago. */
  script(flowExecutionId: string, messages: readonly ScriptedMessage[]): Promise<void> {
    return this.#control({ flowExecutionId, messages, afterMs: -60_000 });
  }

  append(flowExecutionId: string, messages: readonly ScriptedMessage[]): Promise<void> {
    return this.#control({ flowExecutionId, messages, append: true });
  }

  async #control(script: object): Promise<void> {
    const body = JSON.stringify(script);
    const response = await fetch(`${this.upstream.url}/_emulator/executions`, { method: 'POST', body });
    if (!response.ok) throw new Error(await response.text());
  }

  async #admin<T>(method: string, path: string, body: unknown): Promise<T> {
    const response = await fetch(new URL(`/v1/admin${path}`, this.url), {
      method,
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    // Safety: the route answers with this type.
    return (await response.json()) as T;
  }
}

/** Makes at most `atOnce` values at a time, because the service can keep its whole store in one file. */
export async function inTurn<T>(count: number, make: (n: number) => Promise<T>, atOnce = 8): Promise<T[]> {
  const made: T[] = [];
  for (let from = 0; from < count; from += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, count - from) }, (_, n) => make(from + n));
    made.push(...(await Promise.all(some)));
  }
  return made;
}
