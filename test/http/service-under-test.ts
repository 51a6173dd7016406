/**
 * The whole service in this process (test/support/in-process.ts). The emulator is its upstream and shares its clock.
 * A key that may read everything exists.
 */
import type { NewKey } from '../../src/access/keys/key-input.ts';
import type { Platform } from '../../src/compose.ts';
import type { Settings } from '../../src/config.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { createEmulator, type Emulator } from '../../src/emulator/server/emulator.ts';
import type { KeyValueStore } from '../../src/storage/key-value.ts';
import { type ScriptedMessage, tellEmulator } from '../support/emulator-control.ts';
import { InProcess, UPSTREAM_CREDENTIALS } from '../support/in-process.ts';
import { ManualClock } from '../support/manual-clock.ts';

export { ORIGIN } from '../support/in-process.ts';
export { ADMIN_TOKEN } from '../support/secret-patterns.ts';

/** Parts of the service that tests can replace, or share with another service. */
export interface Parts {
  readonly clock?: ManualClock;
  readonly store?: KeyValueStore;
  /** Default: true. If false, lists are partial until `buildIndex` is called. */
  readonly isIndexBuilt?: boolean;
  readonly platform?: Partial<Platform>;
  /** Answers upstream calls in place of the emulator. */
  readonly upstream?: (request: Request) => Promise<Response>;
}

export async function openService(
  settings: Partial<Settings> = {},
  parts: Parts = {},
): Promise<ServiceUnderTest> {
  const service = new ServiceUnderTest(settings, parts);
  if (parts.isIndexBuilt ?? true) await service.buildIndex();
  // Without an admin token there is no admin API to create keys.
  if ((service.settings.adminToken ?? '').length >= 32) {
    service.keyOfEverything = await service.key({ tickets: true });
  }
  return service;
}

export class ServiceUnderTest extends InProcess {
  readonly emulator: Emulator;
  keyOfEverything = 'none';
  /** Makes the upstream unavailable. */
  readonly stopUpstream: () => void;

  constructor(settings: Partial<Settings>, { store, platform, upstream, ...parts }: Parts) {
    const { clock = new ManualClock() } = parts;
    const emulator = createEmulator({ clock, credentials: UPSTREAM_CREDENTIALS });
    let upstreamIsGone = false;
    super({
      clock,
      ...(store !== undefined && { store }),
      settings,
      platform: {
        fetch: async (url, init) => {
          if (upstreamIsGone) throw new TypeError('connection refused');
          return (upstream ?? emulator.fetch)(new Request(url, init));
        },
        ...platform,
      },
    });
    this.emulator = emulator;
    this.stopUpstream = () => {
      upstreamIsGone = true;
    };
  }

  /** Lines of the request log. */
  requests(): LogRecord[] {
    return this.logged.filter(({ event }) => event === 'request');
  }

  /** Calls that reached the upstream since the start. */
  calls(): number {
    return this.emulator.stats().calls;
  }

  /** Sends a GET with the key that may read everything, unless `headers` has another credential. */
  get(path: string, headers?: Record<string, string>): Promise<Response> {
    return this.fetch(path, { headers: { Authorization: `Bearer ${this.keyOfEverything}`, ...headers } });
  }

  /** Creates a key and returns its text. */
  async key(input: Partial<NewKey> = {}): Promise<string> {
    const body = { name: 'test', executions: ['*'], payloads: 'full', tier: 'high', ...input };
    const created = await this.admin('POST', '/keys', body);
    if (created.status !== 201) throw new Error(await created.text());
    // Safety: the route answers with the created key.
    return ((await created.json()) as { key: string }).key;
  }

  /** Calls the emulator's control API (src/emulator/server/control.ts). */
  control(path: string, body: unknown): Promise<void> {
    return tellEmulator('http://emulator', path, body, this.emulator.fetch);
  }

  script(
    flowExecutionId: string,
    messages: readonly ScriptedMessage[],
    more?: Record<string, unknown>,
  ): Promise<void> {
    return this.control('/executions', { flowExecutionId, messages, ...more });
  }

  /** Adds executions of a state machine to the emulator's lists (src/emulator/runs-input.ts). */
  runs(stateMachineArn: string, runs: readonly object[], more?: object): Promise<void> {
    return this.control('/runs', { stateMachineArn, runs, ...more });
  }

  faults(faults: Record<string, unknown>): Promise<void> {
    return this.control('/faults', faults);
  }

  /** Builds the index of archives, and clears the log. */
  async buildIndex(): Promise<void> {
    await this.indexBuild.run(new AbortController().signal);
    this.logged.length = 0;
  }
}

/** Makes a history of `count` messages that ended an hour ago. The last message is terminal. */
export const endedLongAgo = (clock: ManualClock, count: number): ScriptedMessage[] =>
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
  // Safety: the route answers with a page. Tests check its members.
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
    throw new Error(`not a problem: ${answer.status}: ${await answer.text()}`);
  }
  // Safety: the media type says that the answer is a problem. Tests check its members.
  const problem = (await answer.json()) as ProblemJson;
  for (const { detail } of problem.errors ?? []) {
    if (!detail.endsWith('.')) throw new Error(`not a full sentence: ${detail}`);
  }
  return problem;
};
