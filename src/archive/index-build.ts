/**
 * Indexes, once and in the background, archives that were written before the index existed. The build runs in
 * bounded steps. Each step stores where the next one begins, so the next step can run in any process.
 * Repeating a step does no harm.
 */
import * as z from 'zod/mini';

import { Backoff } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { internalText } from '../core/errors.ts';
import { faultText } from '../core/exception-text.ts';
import type { Log } from '../core/log.ts';
import { type ExecutionRef, restoreExecutionRef } from '../core/execution-ref.ts';
import type { KeyValueStore } from '../storage/key-value.ts';
import type { Archive, ArchivedExecution } from './archive.ts';
import { indexEntryOf } from './index-record.ts';

const KEY = 'archive/1/index-build';
/**
 * How many executions one step indexes. Each costs up to six operations on the store, and more if its archive
 * changes meanwhile. A Worker may make 1,000 in one invocation.
 */
const STEP_EXECUTIONS = 50;
/** How long `isDone` caches that the index is incomplete. */
const STATE_MEMORY_MS = 10_000;
/** The delay after a failure of the store. Doubled each time. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 5 * 60_000;
/** How many times one archive is tried, because it might be replaced while it is indexed. */
const TRIES_MAX = 3;

const stateSchema = z.object({
  v: z.literal(1),
  /** The cursor in the list of archives at which the next step begins. */
  cursor: z.optional(z.string()),
  count: z.number(),
  done: z.boolean(),
});

type State = z.infer<typeof stateSchema>;

const START: State = { v: 1, count: 0, done: false };

export interface IndexBuildOptions {
  readonly archive: Archive;
  readonly store: KeyValueStore;
  readonly clock: Clock;
  readonly log: Log;
}

export class IndexBuild {
  readonly #options: IndexBuildOptions;
  #isDone = false;
  #readAtMs = -Infinity;

  constructor(options: IndexBuildOptions) {
    this.#options = options;
  }

  /** True if the index contains all archives. False if not, or if the store fails. */
  async isDone(): Promise<boolean> {
    const { clock, log } = this.#options;
    if (this.#isDone || clock.now() < this.#readAtMs + STATE_MEMORY_MS) return this.#isDone;
    this.#readAtMs = clock.now();
    try {
      this.#isDone = (await this.#read()).done;
    } catch (error) {
      log({ event: 'index-build-failed', level: 'error', reason: faultText(error) });
    }
    return this.#isDone;
  }

  /**
   * Does one step. Never throws. Returns `failed` after a failure of the store; the caller then repeats the
   * step.
   */
  async step(): Promise<'done' | 'more' | 'failed'> {
    try {
      const state = await this.#read();
      this.#isDone = state.done || (await this.#next(state)).done;
      return this.#isDone ? 'done' : 'more';
    } catch (error) {
      this.#options.log({ event: 'index-build-failed', level: 'error', reason: faultText(error) });
      return 'failed';
    }
  }

  /** Runs steps until the index is complete or `signal` is aborted. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(RETRY_MS, RETRY_MS_MAX);
    while (!signal.aborted) {
      const step = await this.step();
      if (step === 'done') return;
      if (step !== 'failed') backoff.reset();
      const pauseMs = step === 'failed' ? backoff.failed() : 0;
      await this.#options.clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  async #read(): Promise<State> {
    const entry = await this.#options.store.get(KEY);
    return entry === undefined ? START : z.parse(stateSchema, JSON.parse(entry.value));
  }

  async #next({ cursor, count }: State): Promise<State> {
    const { archive, log } = this.#options;
    const listed = await archive.list({ limit: STEP_EXECUTIONS, ...(cursor !== undefined && { cursor }) });
    // The store no longer accepts the last step's cursor, so start again.
    if (!listed.ok && listed.failure.type === 'invalid-input') return this.#keep(START);
    if (!listed.ok) throw new Error(internalText(listed.failure) ?? listed.failure.type);
    const { executions, cursor: next } = listed.value;
    for (const execution of executions) await indexArchived(archive, execution);
    const state = { v: 1, count: count + executions.length, done: next === undefined } as const;
    if (state.done) log({ event: 'index-built', executions: state.count });
    return this.#keep(next === undefined ? state : { ...state, cursor: next });
  }

  async #keep(state: State): Promise<State> {
    await this.#options.store.put(KEY, JSON.stringify(state));
    return state;
  }
}

/**
 * Writes the entry, then checks that the archive has not changed. If the archive was deleted or replaced
 * meanwhile, its Execution did not know about this entry. So this function removes or replaces the entry
 * itself.
 */
async function indexArchived(archive: Archive, { head: listed, ...name }: ArchivedExecution): Promise<void> {
  const ref: ExecutionRef = restoreExecutionRef(name);
  let outdated: string | undefined;
  let head: typeof listed | undefined = listed;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const complete = head && (await archive.completeHead(ref, head));
    const key = complete && indexEntryOf(ref, complete).key;
    if (complete) await archive.index.put(ref, complete);
    if (outdated !== undefined && outdated !== key) await archive.index.remove(ref, outdated);
    const visible = await archive.visibleHead(ref);
    if (visible?.generation === head?.generation) return;
    outdated = key;
    head = visible;
  }
}
