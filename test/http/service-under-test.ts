/**
 * The whole service in this process: the application over a memory store, Executions in a map, and the emulator as its
 * upstream, all on one clock that tests move. No port is opened.
 */
import { randomBytes } from 'node:crypto';

import { createInProcessRateLimiter } from '../../src/access/limits/in-process-rate-limit.ts';
import type { NewKey } from '../../src/access/keys/key-input.ts';
import { FAILED_AUTHENTICATIONS, RATE_TIERS } from '../../src/access/limits/rate-limit.ts';
import type { App } from '../../src/app.ts';
import { createCore, createService } from '../../src/compose.ts';
import type { Settings } from '../../src/config.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import {
  createInProcessExecutions,
  type InProcessExecutions,
} from '../../src/executions/runtimes/in-process.ts';
import type { LogRecord } from '../../src/core/log.ts';
import type { KeyValueStore } from '../../src/storage/key-value.ts';
import { createCallBudget } from '../../src/sources/call-budget/call-budget.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { FaultyStore } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { seededRandom } from '../support/seeded-random.ts';

export const ADMIN_TOKEN = 'an admin token, of at least thirty-two characters';
export const ORIGIN = 'https://flowtap.example';

const CREDENTIALS = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'the secret of the upstream' };

/** As the emulator's control API takes it. */
export interface Scripted {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: number | string | null;
  readonly payload?: string;
  readonly afterMs?: number;
}

export interface Isolate {
  readonly app: App;
  readonly live: InProcessExecutions;
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
  /** With a key that may read everything, unless `headers` says otherwise. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Without any credential of its own. */
  fetch(path: string, init?: RequestInit, clientAddress?: string): Promise<Response>;
  admin(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** A new key's text. */
  key(input?: Partial<NewKey>): Promise<string>;
  script(id: string, messages: readonly Scripted[], more?: Record<string, unknown>): Promise<void>;
  faults(faults: Record<string, unknown>): Promise<void>;
  /** Another isolate over the same store and upstream takes over: nothing in memory is left. */
  restart(): void;
  /** The upstream does not answer any more. */
  stopUpstream(): void;
}

/** What another service may share, or have instead. */
export interface Parts {
  readonly clock?: ManualClock;
  readonly store?: KeyValueStore;
  /** Instead of the emulator. */
  readonly upstream?: (request: Request) => Promise<Response>;
}

export async function openService(
  overrides: Partial<Settings> = {},
  parts: Parts = {},
): Promise<ServiceUnderTest> {
  const { clock = new ManualClock() } = parts;
  const store = new FaultyStore(parts.store ?? createMemoryStore({ clock }));
  const emulator = createEmulator({ clock, credentials: CREDENTIALS });
  const logged: LogRecord[] = [];
  let upstreamIsGone = false;
  const settings: Settings = {
    region: 'us-west-2',
    credentials: CREDENTIALS,
    thingsGraphEndpoint: 'http://upstream.example',
    stepFunctionsEndpoint: 'http://upstream.example',
    stsEndpoint: 'http://upstream.example',
    stepFunctionsAllowed: new Set(['us-west-2:123456789012']),
    signingSecret: 'a signing secret of more than thirty-two characters',
    adminToken: ADMIN_TOKEN,
    corsOrigins: ['*'],
    ...overrides,
  };
  const platform = {
    store,
    clock,
    random: seededRandom(),
    randomBytes,
    log: testLog(logged),
    version: '1.2.3-test',
    fetch: async (url: string, init: RequestInit) => {
      if (upstreamIsGone) throw new TypeError('connection refused');
      return (parts.upstream ?? emulator.fetch)(new Request(url, init));
    },
    callBudget: () => createCallBudget({ clock }),
    tiers: {
      standard: createInProcessRateLimiter(RATE_TIERS.standard, clock),
      // Most tests ask more often than any caller may.
      high: createInProcessRateLimiter({ requests: 1_000_000, periodSeconds: 10 }, clock),
    },
    failedAuthentications: createInProcessRateLimiter(FAILED_AUTHENTICATIONS, clock),
  };
  const open = (): Isolate => {
    const core = createCore(settings, platform);
    const live = createInProcessExecutions(core.shared);
    return { app: createService(settings, platform, core, live), live };
  };
  let isolate = open();
  const send = async (path: string, init?: RequestInit, clientAddress = '192.0.2.1'): Promise<Response> =>
    isolate.app.fetch(new Request(`${ORIGIN}${path}`, init), {
      runtime: { clientAddress, waitUntil: () => undefined },
    });
  const admin = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    send(`/v1/admin${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(typeof body === 'object' && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
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
    const created = await admin('POST', '/keys', body);
    if (created.status !== 201) throw new Error(await created.text());
    // Safety: what creating a key answers.
    return ((await created.json()) as { key: string }).key;
  };
  // Without an admin API nobody makes keys.
  const hasAdmin = (settings.adminToken ?? '').length >= 32;
  const everything = hasAdmin ? await key({ tickets: true }) : 'none';
  return {
    clock,
    store,
    emulator,
    logged,
    requests: () => logged.filter(({ event }) => event === 'request'),
    calls: () => emulator.stats().calls,
    get: (path, headers) => send(path, { headers: { Authorization: `Bearer ${everything}`, ...headers } }),
    fetch: send,
    admin,
    key,
    script: (flowExecutionId, messages, more) =>
      control('/executions', { flowExecutionId, messages, ...more }),
    faults: (faults) => control('/faults', faults),
    restart() {
      isolate.live.close();
      isolate = open();
    },
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
