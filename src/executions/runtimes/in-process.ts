/**
 * Executions as entries of a map: Deno, and tests. The oldest idle ones are dropped; what they knew is found again in the
 * archive or by walking. Only the deletions that are still to be done outlive the process (`durable`): `resume` finds them.
 */
import { LruMap } from '../../core/lru-map.ts';
import type { Clock } from '../../core/clock.ts';
import { type ExecutionRef, executionKey, restoreExecutionRef } from '../../core/execution-ref.ts';
import { ok } from '../../core/errors.ts';
import { Execution, type ExecutionOptions } from '../execution.ts';
import { type DurableKeys, createMemoryExecutionStorage } from '../execution-storage.ts';
import type { Executions } from '../executions.ts';

/** Kept when idle: rows and heads of a few kilobytes each. */
export const IDLE_EXECUTIONS_MAX = 1_000;

/** What all Executions share. */
export type SharedExecutionOptions = Omit<
  ExecutionOptions,
  'ref' | 'source' | 'storage' | 'frames' | 'wake'
> & {
  readonly forRef: (ref: ExecutionRef) => Pick<ExecutionOptions, 'source' | 'frames'>;
};

export interface InProcessOptions extends SharedExecutionOptions {
  readonly durable?: DurableKeys;
}

export interface InProcessExecutions extends Executions {
  /** Continues what an earlier process has left to do; call it before any request. Throws when the store fails. */
  resume(): Promise<void>;
  /** Ends all streams, for clients to resume, and all timers. */
  close(): void;
  /** Open streams of all Executions. */
  readonly streams: number;
}

/** One execution and the number of its requests in progress. */
interface Entry {
  readonly name: string;
  readonly execution: Execution;
  requests: number;
}

export function createInProcessExecutions({ durable, ...options }: InProcessOptions): InProcessExecutions {
  const busy = new Map<string, Entry>();
  const idle = new LruMap<string, Entry>({ max: IDLE_EXECUTIONS_MAX });
  const closing = new AbortController();

  const markBusy = (entry: Entry): void => {
    busy.set(entry.name, entry);
    idle.delete(entry.name);
  };
  const restIfIdle = (entry: Entry): void => {
    if (entry.requests > 0 || !entry.execution.idle) return;
    busy.delete(entry.name);
    idle.set(entry.name, entry);
  };

  const open = (ref: ExecutionRef, kept?: ReadonlyMap<string, unknown>): Entry => {
    const name = executionKey(ref);
    const known = busy.get(name) ?? idle.get(name);
    if (known) return known;
    const { forRef, ...shared } = options;
    const timer = createWakeTimer(options.clock, closing.signal, () => {
      markBusy(entry);
      void entry.execution.run({ forMs: Infinity, callsMax: Infinity }).then((nextMs) => {
        if (nextMs !== undefined) timer(nextMs);
        restIfIdle(entry);
      });
    });
    const execution = new Execution({
      ...shared,
      ...forRef(ref),
      ref,
      storage: createMemoryExecutionStorage(kept, durable && { ref, keys: durable }),
      wake: (atMs) => {
        markBusy(entry);
        timer(atMs);
      },
    });
    const entry = { name, execution, requests: 0 };
    return entry;
  };

  /** An execution with requests is not dropped: a second one would call upstream at the same time (invariant 3). */
  const ask = <T>(ref: ExecutionRef, question: (execution: Execution) => Promise<T>): Promise<T> =>
    askEntry(open(ref), question);

  const askEntry = async <T>(entry: Entry, question: (execution: Execution) => Promise<T>): Promise<T> => {
    entry.requests++;
    markBusy(entry);
    try {
      return await question(entry.execution);
    } finally {
      entry.requests--;
      restIfIdle(entry);
    }
  };

  /** When the process ends, waiting requests are answered at once. */
  const untilClosing = (signal: AbortSignal | undefined) =>
    signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;

  const resume = async (): Promise<void> => {
    for (const { name, values } of (await durable?.load()) ?? [])
      await askEntry(open(restoreExecutionRef(name), values), (execution) => execution.resume());
  };

  return {
    resume,
    page: (ref, request, signal) => ask(ref, (execution) => execution.page(request, untilClosing(signal))),
    wholePage: (ref, request, signal) =>
      ask(ref, (execution) => execution.wholePage(request, untilClosing(signal))),
    describe: (ref, request) => ask(ref, (execution) => execution.describe(request)),
    summary: (ref, request, signal) =>
      ask(ref, (execution) => execution.summary(request, untilClosing(signal))),
    stream: (ref, request, signal, onClosed) =>
      ask(ref, async (execution) => {
        const stream = await execution.subscribe(request, signal, onClosed);
        // The process began to end while it opened: the client reconnects to the next process.
        if (closing.signal.aborted) execution.closeStreams();
        return stream;
      }),
    activity: (ref) => ask(ref, async (execution) => ok(execution.activity())),
    importHistory: (ref, body) => ask(ref, (execution) => execution.importHistory(body)),
    forget: (ref) => ask(ref, (execution) => execution.forget()),
    close() {
      closing.abort();
      for (const { execution } of [...busy.values(), ...idle.values()]) execution.closeStreams();
    },
    get streams() {
      return [...busy.values()].reduce((sum, { execution }) => sum + execution.streams, 0);
    },
  };
}

/** One timer. An earlier time replaces a later one, not the other way round. */
function createWakeTimer(clock: Clock, closing: AbortSignal, fire: () => void): (atMs: number) => void {
  let set: { atMs: number; cancel: AbortController } | undefined;
  return (atMs) => {
    if (closing.aborted || (set && set.atMs <= atMs)) return;
    set?.cancel.abort();
    const mine = { atMs, cancel: new AbortController() };
    set = mine;
    const either = AbortSignal.any([closing, mine.cancel.signal]);
    void clock.sleep(Math.max(0, atMs - clock.now()), either).then(() => {
      if (set !== mine || closing.aborted) return;
      set = undefined;
      fire();
    });
  };
}
