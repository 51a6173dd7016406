/**
 * Event streams through the whole application in this process: routes, keys, archive and Executions as they are deployed, over
 * a scripted source and on a clock that tests move. No port, no signatures: those have tests of their own.
 */
import { randomBytes } from 'node:crypto';

import type { NewKey } from '../../src/access/keys/key-input.ts';
import { createLocalKeyIn } from './local-key-in.ts';
import type { App } from '../../src/app.ts';
import { createCore, createService } from '../../src/compose.ts';
import { readSettings } from '../../src/config.ts';
import {
  createInProcessExecutions,
  type InProcessExecutions,
} from '../../src/executions/runtimes/in-process.ts';
import type { LogRecord } from '../../src/core/log.ts';
import type { Message } from '../../src/messages/message.ts';
import { createCallBudget } from '../../src/sources/call-budget/call-budget.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { FaultyStore } from '../support/faulty-store.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { ScriptedSource } from '../support/scripted-source.ts';
import { testLog } from '../support/secret-search.ts';
import { StreamReader } from '../support/sse-reader.ts';

export const ADMIN_TOKEN = 'an admin token, of at least thirty-two characters';
export const ID = 'urn:tdm:streamed';

export interface OpenStream extends StreamReader {
  readonly response: Response;
  /** The client is gone, as a server sees it. */
  leave(): void;
}

export interface OpenOptions {
  readonly query?: string;
  readonly lastEventId?: string;
  readonly id?: string;
  readonly apiKey?: string;
  /** Nobody reads until the test does. */
  readonly unread?: boolean;
}

export class StreamsUnderTest {
  readonly clock = new ManualClock();
  readonly store = new FaultyStore(createMemoryStore({ clock: this.clock }));
  readonly source = new ScriptedSource({ name: 'things-graph' });
  readonly logged: LogRecord[] = [];
  live: InProcessExecutions;
  /** Kept: Node's Request does not pass an abort on once it was collected, whoever listens to its signal. */
  readonly #requests: Request[] = [];
  #app: App;
  #apiKey: Promise<string> | undefined;

  constructor() {
    ({ live: this.live, app: this.#app } = this.#isolate());
  }

  #isolate() {
    const settings = readSettings({
      AWS_REGION: 'us-west-2',
      AWS_ACCESS_KEY_ID: 'AKIANOTUSED',
      AWS_SECRET_ACCESS_KEY: 'not used',
      SIGNING_SECRET: 'a signing secret of more than thirty-two characters',
      ADMIN_TOKEN,
    });
    if (!settings.ok) throw new Error(JSON.stringify(settings.failure));
    const unlimited = { take: async () => ({ allowed: true }) };
    const platform = {
      store: this.store,
      clock: this.clock,
      // In the middle: jitter takes 5 % off, lives are 15 min, `retry:` is 2 s.
      random: () => 0.5,
      randomBytes,
      log: testLog(this.logged),
      version: '1.2.3-test',
      fetch: () => Promise.reject(new TypeError('nothing is fetched here')),
      tiers: { standard: unlimited, high: unlimited },
      failedAuthentications: unlimited,
      callBudget: () => createCallBudget({ clock: this.clock }),
    };
    const core = createCore(settings.value, platform);
    const live = createInProcessExecutions({
      ...core.shared,
      forRef: (ref) => ({ source: this.source, frames: core.framesFor(ref) }),
    });
    return { live, app: createService(settings.value, platform, core, live) };
  }

  /** Another isolate over the same store and upstream: nothing in memory is left, and no open stream. */
  restart(): void {
    this.live.close();
    ({ live: this.live, app: this.#app } = this.#isolate());
  }

  /** One that was seen here before: of others, only so many are looked up at once, and a thousand would wait for the clock. */
  async key(input: Partial<NewKey> = {}): Promise<string> {
    const key = await createLocalKeyIn(this.store, this.clock, input);
    await this.fetch('/v1/key', { headers: { authorization: `Bearer ${key}` } });
    return key;
  }

  async fetch(path: string, init?: RequestInit): Promise<Response> {
    const request = new Request(`https://flowtap.example${path}`, init);
    this.#requests.push(request);
    return this.#app.fetch(request, {
      runtime: { clientAddress: '192.0.2.1', waitUntil: () => undefined },
    });
  }

  async admin(method: string, path: string): Promise<Response> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    return this.fetch(`/v1/admin${path}`, { method, headers });
  }

  /** Connects; the answer is there once the source has answered, for which time may have to pass. */
  async request(options: OpenOptions = {}, signal?: AbortSignal): Promise<Response> {
    const { query = '', lastEventId, id = ID } = options;
    this.#apiKey ??= this.key();
    return this.fetch(`/v1/executions/${encodeURIComponent(id)}/messages${query === '' ? '' : `?${query}`}`, {
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${options.apiKey ?? (await this.#apiKey)}`,
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      },
      ...(signal && { signal }),
    });
  }

  /** An open stream, read as it comes. */
  async open(options: OpenOptions = {}): Promise<OpenStream> {
    const left = new AbortController();
    const response = await this.request(options, left.signal);
    const reader = new StreamReader(response.body);
    if (options.unread !== true) void reader.readAll();
    await settle();
    return Object.assign(reader, { response, leave: () => left.abort() });
  }

  /** Who listens, as an operator sees it. */
  async activity(id = ID): Promise<{ streams: number; waiting: number; pollIntervalMs?: number }> {
    const response = await this.admin('GET', `/executions/${encodeURIComponent(id)}`);
    // Safety: the route's own answer.
    return (await response.json()) as { streams: number; waiting: number };
  }
}

/** A message of a flow that runs. */
export const message = (n: number, eventType = 'STEP_STARTED', payload = `payload ${n}`): Message => ({
  messageId: `m${n}`,
  eventType,
  timestamp: new Date(Date.UTC(2026, 0, 1) + n).toISOString(),
  payload,
});

export const messages = (from: number, to: number, payload?: string): Message[] =>
  Array.from({ length: to - from }, (_, index) => message(from + index, undefined, payload));

export const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `m${from + index}`);
