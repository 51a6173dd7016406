/**
 * Executions as entries of a map: Deno, and tests. Idle ones are let go when there are many; what they knew is found again
 * in the archive or by walking. The store is strongly consistent there, so nothing else needs to outlive the process.
 */
import { LRUCache } from 'lru-cache';

import type { Clock } from '../../core/clock.ts';
import { type ExecutionRef, executionKey } from '../../core/execution-ref.ts';
import { ok } from '../../core/errors.ts';
import { Execution, type ExecutionOptions } from '../execution.ts';
import { createMemoryExecutionStorage } from '../execution-storage.ts';
import type { Executions } from '../executions.ts';

/** Remembered when idle: rows and heads of a few kilobytes each. */
export const IDLE_EXECUTIONS_MAX = 1_000;

/** What is the same for all of them. */
export type SharedExecutionOptions = Omit<
  ExecutionOptions,
  'ref' | 'source' | 'storage' | 'frames' | 'wake'
> & {
  readonly forRef: (ref: ExecutionRef) => Pick<ExecutionOptions, 'source' | 'frames'>;
};

export interface InProcessExecutions extends Executions {
  /** Ends all streams, each to be resumed, and all timers. */
  close(): void;
  /** Open streams, all together. */
  readonly streams: number;
}

/** One execution, and how many requests are under way in it. */
interface Entry {
  readonly name: string;
  readonly execution: Execution;
  asked: number;
}

export function createInProcessExecutions(options: SharedExecutionOptions): InProcessExecutions {
  const busy = new Map<string, Entry>();
  const idle = new LRUCache<string, Entry>({ max: IDLE_EXECUTIONS_MAX });
  const closing = new AbortController();

  const beBusy = (entry: Entry): void => {
    busy.set(entry.name, entry);
    idle.delete(entry.name);
  };
  const restWhenIdle = (entry: Entry): void => {
    if (entry.asked > 0 || !entry.execution.idle) return;
    busy.delete(entry.name);
    idle.set(entry.name, entry);
  };

  const open = (ref: ExecutionRef): Entry => {
    const name = executionKey(ref);
    const known = busy.get(name) ?? idle.get(name);
    if (known) return known;
    const { forRef, ...shared } = options;
    const timer = createWakeTimer(options.clock, closing.signal, () => {
      beBusy(entry);
      void entry.execution.run({ forMs: Infinity, callsMax: Infinity }).then((nextMs) => {
        if (nextMs !== undefined) timer(nextMs);
        restWhenIdle(entry);
      });
    });
    const execution = new Execution({
      ...shared,
      ...forRef(ref),
      ref,
      storage: createMemoryExecutionStorage(),
      wake: (atMs) => {
        beBusy(entry);
        timer(atMs);
      },
    });
    const entry = { name, execution, asked: 0 };
    return entry;
  };

  /** One that is being asked is not let go: another of the same name would call upstream beside it (invariant 3). */
  const ask = async <T>(ref: ExecutionRef, question: (execution: Execution) => Promise<T>): Promise<T> => {
    const entry = open(ref);
    entry.asked++;
    beBusy(entry);
    try {
      return await question(entry.execution);
    } finally {
      entry.asked--;
      restWhenIdle(entry);
    }
  };

  /** Whoever waits is answered with what there is when the process ends. */
  const untilClosing = (signal: AbortSignal | undefined) =>
    signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;

  return {
    page: (ref, request, signal) => ask(ref, (execution) => execution.page(request, untilClosing(signal))),
    summary: (ref, request, signal) =>
      ask(ref, (execution) => execution.summary(request, untilClosing(signal))),
    stream: (ref, request, signal) =>
      ask(ref, async (execution) => {
        const stream = await execution.subscribe(request, signal);
        // One that was about to open meanwhile: it comes back to the next process.
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

/** One timer: asked for an earlier time it moves, asked for a later one it stays. */
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
