/**
 * The whole service in this process (test/support/in-process.ts), with the emulator as its upstream on the
 * same clock, and a key that reads everything.
 */
import type { NewKey } from '../../src/access/keys/key-input.ts';
import type { Platform } from '../../src/compose.ts';
import type { Settings } from '../../src/config.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { createEmulator, type Emulator } from '../../src/emulator/server/emulator.ts';
import type { KeyValueStore } from '../../src/storage/key-value.ts';
import type { FaultyStore } from '../support/faulty-store.ts';
import { InProcess, UPSTREAM_CREDENTIALS } from '../support/in-process.ts';
import { ManualClock } from '../support/manual-clock.ts';

export { ORIGIN } from '../support/in-process.ts';
export { ADMIN_TOKEN } from '../support/secret-patterns.ts';

/** A message for the emulator's control API. */
export interface Scripted {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: number | string | null;
  readonly payload?: string;
  readonly afterMs?: number;
}

export interface ServiceUnderTest {
  readonly clock: ManualClock;
  readonly store: FaultyStore;
  readonly emulator: Emulator;
  readonly logged: LogRecord[];
  /** Lines of the request log. */
  requests(): LogRecord[];
  /** Calls that reached the upstream since the start. */
  calls(): number;
  /** Uses a key that may read everything, unless `headers` has another credential. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Adds no credential. */
  fetch(path: string, init?: RequestInit, clientAddress?: string): Promise<Response>;
  admin(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** A new key's text. */
  key(input?: Partial<NewKey>): Promise<string>;
  script(id: string, messages: readonly Scripted[], more?: Record<string, unknown>): Promise<void>;
  /** Executions of a state machine for the emulator's lists (src/emulator/runs-input.ts). */
  runs(stateMachineArn: string, runs: readonly object[], more?: object): Promise<void>;
  faults(faults: Record<string, unknown>): Promise<void>;
  /** The emulator's control API (src/emulator/server/control.ts). */
  control(path: string, body: unknown): Promise<void>;
  buildIndex(): Promise<void>;
  /** Replaces the isolate: store and upstream stay, memory is lost. */
  restart(): void;
  /** Makes the upstream unavailable. */
  stopUpstream(): void;
}

/** Parts to share with another service, or to replace. */
export interface Parts {
  readonly clock?: ManualClock;
  readonly store?: KeyValueStore;
  /** Default: true. Otherwise lists are partial until `buildIndex` has been called. */
  readonly isIndexBuilt?: boolean;
  readonly platform?: Partial<Platform>;
  /** Replaces the emulator. */
  readonly upstream?: (request: Request) => Promise<Response>;
}

/** Without a line in the log. */
async function buildIndex({ indexBuild, logged }: InProcess): Promise<void> {
  await indexBuild.run(new AbortController().signal);
  logged.length = 0;
}

export async function openService(
  overrides: Partial<Settings> = {},
  parts: Parts = {},
): Promise<ServiceUnderTest> {
  const { clock = new ManualClock(), upstream } = parts;
  const emulator = createEmulator({ clock, credentials: UPSTREAM_CREDENTIALS });
  let upstreamIsGone = false;
  const service = new InProcess({
    clock,
    ...(parts.store !== undefined && { store: parts.store }),
    settings: overrides,
    platform: {
      fetch: async (url, init) => {
        if (upstreamIsGone) throw new TypeError('connection refused');
        return (upstream ?? emulator.fetch)(new Request(url, init));
      },
      ...parts.platform,
    },
  });
  if (parts.isIndexBuilt ?? true) await buildIndex(service);
  const { store, logged } = service;
  const control = async (path: string, body: unknown): Promise<void> => {
    const request = new Request(`http://emulator/_emulator${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    const response = await emulator.fetch(request);
    if (!response.ok) throw new Error(await response.text());
  };
  const key = async (input: Partial<NewKey> = {}): Promise<string> => {
    const body = { name: 'test', executions: ['*'], payloads: 'full', tier: 'high', ...input };
    const created = await service.admin('POST', '/keys', body);
    if (created.status !== 201) throw new Error(await created.text());
    // Safety: what creating a key answers.
    return ((await created.json()) as { key: string }).key;
  };
  // Without an admin API no keys are made.
  const hasAdmin = (service.settings.adminToken ?? '').length >= 32;
  const everything = hasAdmin ? await key({ tickets: true }) : 'none';
  return {
    clock,
    store,
    emulator,
    logged,
    requests: () => logged.filter(({ event }) => event === 'request'),
    calls: () => emulator.stats().calls,
    get: (path, headers) =>
      service.fetch(path, { headers: { Authorization: `Bearer ${everything}`, ...headers } }),
    fetch: (path, init, clientAddress) => service.fetch(path, init, clientAddress),
    admin: (method, path, body, headers) => service.admin(method, path, body, headers),
    key,
    script: (flowExecutionId, messages, more) =>
      control('/executions', { flowExecutionId, messages, ...more }),
    runs: (stateMachineArn, runs, more) => control('/runs', { stateMachineArn, runs, ...more }),
    faults: (faults) => control('/faults', faults),
    control,
    buildIndex: () => buildIndex(service),
    restart: () => service.restart(),
    stopUpstream() {
      upstreamIsGone = true;
    },
  };
}

/** A history that has ended long ago: `count` messages, the last one terminal. */
export const endedLongAgo = (clock: ManualClock, count: number): Scripted[] =>
  Array.from({ length: count }, (_, position) => ({
    messageId: String(position),
    eventType:
      position === 0 ? 'EXECUTION_STARTED' : position === count - 1 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
    timestamp: clock.now() / 1000 - 3_600 + position / 1000,
    payload: `message ${position}`,
  }));

export const path = (id: string, query = '', resource = '/messages'): string =>
  `/v1/executions/${encodeURIComponent(id)}${resource}${query === '' ? '' : `?${query}`}`;

export interface PageJson {
  readonly messages: readonly {
    readonly messageId?: string;
    readonly eventType?: string;
    readonly timestamp?: string;
    readonly payload?: string;
  }[];
  readonly nextToken?: string;
  readonly cursor: string;
  readonly status?: string;
}

export const pageOf = async (response: Response | Promise<Response>): Promise<PageJson> => {
  const answer = await response;
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  // Safety: the contract of a page; what it holds is what tests then look at.
  return (await answer.json()) as PageJson;
};

export interface ProblemJson {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string;
  readonly errors?: readonly { readonly in: string; readonly name: string; readonly detail: string }[];
  readonly retryAfterSeconds?: number;
}

export const problemOf = async (response: Response | Promise<Response>): Promise<ProblemJson> => {
  const answer = await response;
  if (answer.headers.get('Content-Type') !== 'application/problem+json') {
    throw new Error(`no problem but ${answer.status}: ${await answer.text()}`);
  }
  // Safety: as above.
  const problem = (await answer.json()) as ProblemJson;
  for (const { detail } of problem.errors ?? []) {
    if (!detail.endsWith('.')) throw new Error(`no sentence: ${detail}`);
  }
  return problem;
};
