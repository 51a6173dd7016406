/**
 * The deployment that is judged: its address, a key, and, when given, its admin API and an upstream under our control. Each
 * check works on executions and keys of its own, so that all of them run side by side.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { EventReader } from './event-reader.ts';
import { connect, send, type Answer, type Asked, type Json } from './http.ts';

const KEY_LIFE_MS = 3_600_000;

export interface TargetOptions {
  readonly url: string;
  /** Reads every execution, with payloads, and creates tickets. */
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
  /** Absent: the deployment's; null: none. */
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

  /** An execution id that nobody else has. */
  newId(about: string): string {
    return `urn:tdm:us-west-2/123456789012/default:Workflow:Conformance-${about}_${this.#run}.${++this.#named}`;
  }

  /** A state machine that nobody else has. `place`: an ARN up to the account. */
  newStateMachine(place: string): string {
    return `${place}:stateMachine:Conformance-${this.#run}-${++this.#named}`;
  }

  ask(path: string, { key = this.key, ...asked }: Call = {}): Promise<Answer> {
    const headers = { ...(key !== null && { authorization: `Bearer ${key}` }), ...asked.headers };
    return send(this.base, path, { ...asked, headers });
  }

  /** JSON of an answer that must have this status. */
  async json(path: string, call: Call = {}, status = 200): Promise<Json> {
    const answer = await this.ask(path, call);
    assert.equal(answer.status, status, `${call.method ?? 'GET'} ${path}: ${answer.text}`);
    return JSON.parse(answer.text) as Json;
  }

  /** The problem that must be the answer. */
  async problem(path: string, status: number, code: string, call: Call = {}): Promise<Json> {
    const answer = await this.ask(path, call);
    const told = `${call.method ?? 'GET'} ${path}: ${answer.text}`;
    assert.equal(answer.status, status, told);
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/, told);
    const problem = JSON.parse(answer.text) as Json;
    assert.equal(problem['code'], code, told);
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

  /** As an answer of the admin API, whatever it is. */
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

  /** A new key, as the admin API shows it: `id`, and `key`, its text. It is valid for an hour, or until `revokeKeys`. */
  async newKey(members: object = {}): Promise<Json> {
    const made = await this.adminJson(201, 'keys', 'POST', {
      name: 'conformance',
      executions: ['*'],
      payloads: 'full',
      tickets: true,
      tier: 'high',
      streamLimit: 100,
      // If the run is killed, no key stays good.
      expiresAt: new Date(Date.now() + KEY_LIFE_MS).toISOString(),
      ...members,
    });
    this.#madeKeyIds.push(made['id']);
    return made;
  }

  /** Revokes every key that a check has made. Throws if one of them stays. */
  async revokeKeys(): Promise<void> {
    for (const id of this.#madeKeyIds.splice(0)) await this.adminJson(200, `keys/${id}/revoke`, 'POST', {});
  }

  /** Replaces the upstream's messages of an execution, or with `append` adds to them. */
  async script(id: string, messages: readonly ScriptedMessage[], append = false): Promise<void> {
    await this.#control('/executions', { flowExecutionId: id, messages, append });
  }

  /** Scripts an execution of Step Functions; its last event becomes visible now. */
  async scriptEvents(executionArn: string, events: readonly object[]): Promise<void> {
    await this.#control('/executions', { executionArn, events });
  }

  /** Gives the upstream a state machine with these runs (src/emulator/runs-input.ts). */
  async runs(stateMachineArn: string, runs: readonly object[]): Promise<void> {
    await this.#control('/runs', { stateMachineArn, runs });
  }

  /** Runs `body` with these faults in the upstream's answers about this execution. One check at a time. */
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

  /** How often the upstream was asked about an execution, and how many times at once. */
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
    assert(this.#emulator, 'this check needs an upstream under our control');
    return this.#emulator;
  }
}

/** The page of an execution; what a request for it takes follows. */
export const pageOf = (id: string, query = ''): string =>
  `/v1/executions/${encodeURIComponent(id)}/messages${query === '' ? '' : `?${query}`}`;

export const summaryOf = (id: string, query = ''): string =>
  `/v1/executions/${encodeURIComponent(id)}${query === '' ? '' : `?${query}`}`;

export const listOf = (flow: string, query = ''): string =>
  `/v1/executions?flow=${encodeURIComponent(flow)}${query === '' ? '' : `&${query}`}`;

const LONG_AGO_SECONDS = 1_700_000_000;

/** `count` messages of long ago; the last one is of the type `end`, if given, and then all of it has settled. */
export const history = (count: number, end?: string): ScriptedMessage[] =>
  Array.from({ length: count }, (_, index) => ({
    messageId: String(index),
    eventType:
      index === count - 1 && end !== undefined ? end : index === 0 ? 'EXECUTION_STARTED' : 'STEP_STARTED',
    timestamp: LONG_AGO_SECONDS + index,
    payload: `payload of ${index}`,
  }));

/** `'0', '1', …` */
export const idsFrom = (start: number, end: number): string[] =>
  Array.from({ length: end - start }, (_, index) => String(start + index));

export const idsIn = (page: Json): string[] =>
  (page['messages'] as { messageId: string }[]).map(({ messageId }) => messageId);

/** All messages from the first page on, as a client follows `nextToken`; and how many pages that took. */
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

/** Until it holds; the last reason why not, after 20 s. */
export async function eventually<T>(look: () => Promise<T>, withinMs = 20_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(200);
    }
  }
}

/** Real time, since the service is another process, perhaps on another machine: its clock is its own. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
