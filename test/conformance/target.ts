/**
 * The deployment under test: its address, a key, optionally its admin token, and optionally an upstream that
 * the checks control. Each check uses its own executions and keys, so that all checks can run concurrently.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { EventReader } from './event-reader.ts';
import { connect, TIMEOUT_MS, send, type Answer, type Asked, type Json } from './http.ts';

const KEY_LIFE_MS = 3_600_000;

export interface TargetOptions {
  readonly url: string;
  /** A key that reads every execution, with payloads, and creates tickets. */
  readonly key: string;
  readonly adminToken?: string;
  /** The emulator that the deployment reads from. */
  readonly emulatorUrl?: string;
}

export interface ScriptedMessage {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: number | string | null;
  readonly payload?: string;
  readonly afterMs?: number;
}

export interface Call extends Asked {
  /** If absent, the deployment's key is sent; if null, no key is sent. */
  readonly key?: string | null;
}

export class Target {
  readonly base: URL;
  readonly key: string;
  readonly #adminToken: string | undefined;
  readonly #emulator: URL | undefined;
  readonly #run = randomUUID().slice(0, 8);
  #named = 0;
  #faults: Promise<unknown> = Promise.resolve();
  readonly #madeKeyIds: string[] = [];

  constructor({ url, key, adminToken, emulatorUrl }: TargetOptions) {
    this.base = new URL(url);
    this.key = key;
    this.#adminToken = adminToken;
    this.#emulator = emulatorUrl === undefined ? undefined : new URL(emulatorUrl);
  }

  has(need: 'admin' | 'emulator'): boolean {
    return (need === 'admin' ? this.#adminToken : this.#emulator) !== undefined;
  }

  /** Returns a unique execution id. */
  newId(about: string): string {
    return `urn:tdm:us-west-2/123456789012/default:Workflow:Conformance-${about}_${this.#run}.${++this.#named}`;
  }

  /** Returns the ARN of a unique state machine. `place` is the start of an ARN, up to the account. */
  newStateMachine(place: string): string {
    return `${place}:stateMachine:Conformance-${this.#run}-${++this.#named}`;
  }

  ask(path: string, { key = this.key, ...asked }: Call = {}): Promise<Answer> {
    const headers = { ...(key !== null && { authorization: `Bearer ${key}` }), ...asked.headers };
    return send(this.base, path, { ...asked, headers });
  }

  /** Returns the JSON of the answer. Throws if its status is not `status`. */
  async json(path: string, call: Call = {}, status = 200): Promise<Json> {
    const answer = await this.ask(path, call);
    assert.equal(answer.status, status, `${call.method ?? 'GET'} ${path}: ${answer.text}`);
    return JSON.parse(answer.text) as Json;
  }

  /** Returns the problem JSON of the answer. Throws if the answer is not a problem with this status and code. */
  async problem(path: string, status: number, code: string, call: Call = {}): Promise<Json> {
    const answer = await this.ask(path, call);
    const context = `${call.method ?? 'GET'} ${path}: ${answer.text}`;
    assert.equal(answer.status, status, context);
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/, context);
    const problem = JSON.parse(answer.text) as Json;
    assert.equal(problem['code'], code, context);
    return problem;
  }

  async stream(path: string, { key = this.key, ...asked }: Call = {}): Promise<EventReader> {
    const headers = {
      accept: 'text/event-stream',
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...asked.headers,
    };
    return new EventReader(await connect(this.base, path, { ...asked, headers }, true));
  }

  /** Returns the answer of the admin API, whatever its status. */
  admin(path: string, method = 'GET', body?: unknown): Promise<Answer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return send(this.base, `/v1/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#adminToken}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: text }),
    });
  }

  async adminJson(status: number, path: string, method = 'GET', body?: unknown): Promise<Json> {
    const answer = await this.admin(path, method, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    return JSON.parse(answer.text) as Json;
  }

  /**
   * Creates a key and returns the answer of the admin API, with `id` and `key` (its text). The key is valid for
   * an hour, or until `revokeKeys`.
   */
  async newKey(members: object = {}): Promise<Json> {
    const made = await this.adminJson(201, 'keys', 'POST', {
      name: 'conformance',
      executions: ['*'],
      payloads: 'full',
      tickets: true,
      tier: 'high',
      streamLimit: 100,
      // If the run is killed before it revokes its keys, they expire.
      expiresAt: new Date(Date.now() + KEY_LIFE_MS).toISOString(),
      ...members,
    });
    this.#madeKeyIds.push(made['id']);
    return made;
  }

  /** Revokes all keys that the checks created. Throws if a revocation fails. */
  async revokeKeys(): Promise<void> {
    for (const id of this.#madeKeyIds.splice(0)) await this.adminJson(200, `keys/${id}/revoke`, 'POST', {});
  }

  /** Replaces the upstream's messages of an execution, or appends to them. */
  async script(id: string, messages: readonly ScriptedMessage[], append = false): Promise<void> {
    await this.#control('/executions', { flowExecutionId: id, messages, append });
  }

  /** Scripts an execution of Step Functions. All its events are visible immediately. */
  async scriptEvents(executionArn: string, events: readonly object[]): Promise<void> {
    await this.#control('/executions', { executionArn, events });
  }

  /** Gives the upstream a state machine with these runs, in the format of src/emulator/runs-input.ts. */
  async runs(stateMachineArn: string, runs: readonly object[]): Promise<void> {
    await this.#control('/runs', { stateMachineArn, runs });
  }

  /**
   * Runs `body` while the upstream's answers about this execution have these faults. Concurrent calls of this
   * method run one after another.
   */
  withFault<T>(fault: object, id: string, body: () => Promise<T>): Promise<T> {
    const turn = this.#faults.then(async () => {
      await this.#control('/faults', { ...fault, executions: [id] });
      try {
        return await body();
      } finally {
        await this.#control('/faults', {});
      }
    });
    this.#faults = turn.catch(() => undefined);
    return turn;
  }

  /** Returns the number of upstream calls about an execution, and the most that were in flight at the same time. */
  async calls(id: string): Promise<{ readonly calls: number; readonly maxInFlight: number }> {
    const stats = JSON.parse((await send(this.#upstream(), '/_emulator/stats')).text) as Json;
    return stats['byExecution'][id] ?? { calls: 0, maxInFlight: 0 };
  }

  async #control(path: string, body: object): Promise<void> {
    const answer = await send(this.#upstream(), `/_emulator${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 200, answer.text);
  }

  #upstream(): URL {
    assert(this.#emulator, 'this check needs --emulator-url');
    return this.#emulator;
  }
}

/** Returns the path of a page of this execution, with this query. */
export const pageOf = (id: string, query = ''): string =>
  `/v1/executions/${encodeURIComponent(id)}/messages${query === '' ? '' : `?${query}`}`;

export const summaryOf = (id: string, query = ''): string =>
  `/v1/executions/${encodeURIComponent(id)}${query === '' ? '' : `?${query}`}`;

export const listOf = (flow: string, query = ''): string =>
  `/v1/executions?flow=${encodeURIComponent(flow)}${query === '' ? '' : `&${query}`}`;

const LONG_AGO_SECONDS = 1_700_000_000;

/**
 * Returns a history of `count` old messages. If `end` is given, it is the type of the last message, and the history
 * is settled.
 */
export const history = (count: number, end?: string): ScriptedMessage[] =>
  Array.from({ length: count }, (_, index) => ({
    messageId: String(index),
    eventType:
      index === count - 1 && end !== undefined ? end : index === 0 ? 'EXECUTION_STARTED' : 'STEP_STARTED',
    timestamp: LONG_AGO_SECONDS + index,
    payload: `payload of ${index}`,
  }));

/** Message ids as text: `idsFrom(0, 2)` is `['0', '1']`. */
export const idsFrom = (start: number, end: number): string[] =>
  Array.from({ length: end - start }, (_, index) => String(start + index));

export const idsIn = (page: Json): string[] =>
  (page['messages'] as { messageId: string }[]).map(({ messageId }) => messageId);

/** Follows `nextToken` from the first page to the last. Returns all message ids and the number of pages. */
export async function readAll(
  target: Target,
  id: string,
  query: string,
): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  let pages = 0;
  for (let next = ''; ; pages++) {
    const page = await target.json(pageOf(id, `${query}${next}`));
    ids.push(...idsIn(page));
    if (page['nextToken'] === undefined) return { ids, pages: pages + 1 };
    next = `&nextToken=${page['nextToken']}`;
  }
}

/** Calls `look` until it succeeds. After `TIMEOUT_MS`, throws its last error. */
export async function eventually<T>(look: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(200);
    }
  }
}

/** The clock of a deployment might differ from the local clock by this much. */
const CLOCK_DIFFERENCE_MS = 30_000;

/** Throws if a time from the service is not between two local times, give or take the clock difference. */
export function assertBetween(ms: number, fromMs: number, toMs: number): void {
  const message = `${new Date(ms).toISOString()} is not the current time`;
  assert(ms >= fromMs - CLOCK_DIFFERENCE_MS && ms <= toMs + CLOCK_DIFFERENCE_MS, message);
}

/**
 * True while the promise is pending. Checks use this to show that one request was answered while another still waits.
 */
export const isPending = (answer: Promise<unknown>): Promise<boolean> =>
  Promise.race([answer.then(() => false), new Promise<boolean>((resolve) => setImmediate(resolve, true))]);

/**
 * Waits in real time, because the service is another process with its own clock, perhaps on another machine.
 */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
