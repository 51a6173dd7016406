/**
 * The whole service in this process: routes, keys, archive and Executions as deployed, but with a store in memory and a
 * clock that tests advance. It opens no port. The caller provides the upstream.
 */
import { randomBytes } from 'node:crypto';

import { createInProcessRateLimiter } from '../../src/access/limits/in-process-rate-limit.ts';
import { FAILED_AUTHENTICATIONS, RATE_TIERS } from '../../src/access/limits/rate-limit.ts';
import type { App } from '../../src/app.ts';
import type { IndexBuild } from '../../src/archive/index-build.ts';
import { createCore, createService, type Platform } from '../../src/compose.ts';
import type { Settings } from '../../src/config.ts';
import type { LogRecord } from '../../src/core/log.ts';
import {
  createInProcessExecutions,
  type InProcessExecutions,
} from '../../src/executions/runtimes/in-process.ts';
import { createInProcessLists, type InProcessLists } from '../../src/lists/runtimes/in-process-lists.ts';
import { createCallBudget } from '../../src/sources/call-budget/call-budget.ts';
import type { Source } from '../../src/sources/source.ts';
import type { KeyValueStore } from '../../src/storage/key-value.ts';
import { FaultyStore } from './faulty-store.ts';
import { ManualClock } from './manual-clock.ts';
import { createMemoryStore } from './memory-store.ts';
import { ADMIN_TOKEN, SIGNING_SECRET } from './secret-patterns.ts';
import { testLog } from './secret-search.ts';
import { nextRandom } from './seeded-random.ts';

export const ORIGIN = 'https://flowtap.example';

export const UPSTREAM_CREDENTIALS = {
  accessKeyId: 'AKIAEXAMPLE',
  secretAccessKey: 'the secret of the upstream',
};

/** Parts that a test can share between services or replace. */
export interface InProcessParts {
  readonly clock?: ManualClock;
  readonly store?: KeyValueStore;
  readonly settings?: Partial<Settings>;
  readonly platform?: Partial<Platform>;
  /** Replaces the sources that call AWS. */
  readonly source?: Source;
}

export class InProcess {
  readonly clock: ManualClock;
  readonly store: FaultyStore;
  readonly logged: LogRecord[] = [];
  readonly settings: Settings;
  live: InProcessExecutions;
  lists: InProcessLists;
  /** Indexes archives that are already in the store. It runs only when a test calls it. */
  indexBuild: IndexBuild;
  readonly #parts: InProcessParts;
  /**
   * Prevents garbage collection of requests. In Node, a collected Request no longer forwards an abort, even if its
   * signal has listeners.
   */
  readonly #requests: Request[] = [];
  #app: App;

  constructor(parts: InProcessParts = {}) {
    const { clock = new ManualClock() } = parts;
    this.clock = clock;
    this.store = new FaultyStore(parts.store ?? createMemoryStore({ clock }));
    this.#parts = parts;
    this.settings = {
      region: 'us-west-2',
      credentials: UPSTREAM_CREDENTIALS,
      thingsGraphEndpoint: 'http://upstream.example',
      thingsGraphCallsPerSecond: 1_000,
      stepFunctionsEndpoint: 'http://upstream.example',
      stsEndpoint: 'http://upstream.example',
      stepFunctionsAllowed: new Set(['us-west-2:123456789012']),
      signingSecret: SIGNING_SECRET,
      adminToken: ADMIN_TOKEN,
      corsOrigins: ['*'],
      logEveryNth: 1,
      ...parts.settings,
    };
    ({ live: this.live, lists: this.lists, app: this.#app, indexBuild: this.indexBuild } = this.#open());
  }

  #open() {
    const { clock, settings } = this;
    const platform: Platform = {
      store: this.store,
      clock,
      random: nextRandom,
      randomBytes,
      log: testLog(this.logged),
      version: '1.2.3-test',
      fetch: () => Promise.reject(new TypeError('connection refused')),
      callBudget: (_name, limits) => createCallBudget({ clock, ...limits }),
      tiers: {
        standard: createInProcessRateLimiter(RATE_TIERS.standard, clock),
        // So high that tests never reach it.
        high: createInProcessRateLimiter({ requests: 1_000_000, periodSeconds: 10 }, clock),
      },
      failedAuthentications: createInProcessRateLimiter(FAILED_AUTHENTICATIONS, clock),
      ...this.#parts.platform,
    };
    const core = createCore(settings, platform);
    const { source } = this.#parts;
    const live = createInProcessExecutions({
      ...core.shared,
      ...(source !== undefined && { forRef: (ref) => ({ source, frames: core.framesFor(ref) }) }),
    });
    const lists = createInProcessLists(core.openList, clock);
    const app = createService(settings, platform, core, { executions: live, lists });
    return { live, lists, app, indexBuild: core.indexBuild };
  }

  /** Simulates a new isolate with the same store and upstream. Everything in memory is lost, and all streams end. */
  restart(): void {
    this.live.close();
    this.lists.close();
    ({ live: this.live, lists: this.lists, app: this.#app, indexBuild: this.indexBuild } = this.#open());
  }

  async fetch(path: string, init?: RequestInit, clientAddress = '192.0.2.1'): Promise<Response> {
    const request = new Request(`${ORIGIN}${path}`, init);
    if (init?.signal) this.#requests.push(request);
    return this.#app.fetch(request, {
      runtime: { clientAddress: () => clientAddress, waitUntil: () => undefined },
    });
  }

  admin(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return this.fetch(`/v1/admin${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(typeof body === 'object' && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }
}
