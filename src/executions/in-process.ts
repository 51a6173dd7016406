/**
 * Executions as entries of a map: Deno, and tests. Idle ones are let go when there are many; what they knew is found again
 * in the archive or by walking. The store is strongly consistent there, so nothing else needs to outlive the process.
 */
import { LRUCache } from 'lru-cache';

import type { Clock } from '../clock.ts';
import type { ExecutionRef } from '../archive/archive-head.ts';
import { ok } from '../errors.ts';
import { Execution, type ExecutionOptions } from './execution.ts';
import { createMemoryExecutionStorage } from './execution-storage.ts';
import type { Executions } from './executions.ts';

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

export function createInProcessExecutions(options: SharedExecutionOptions): InProcessExecutions {
  const busy = new Map<string, Execution>();
  const idle = new LRUCache<string, Execution>({ max: IDLE_EXECUTIONS_MAX });
  const closing = new AbortController();

  const open = (ref: ExecutionRef): Execution => {
    const name = JSON.stringify([ref.source, ref.executionId]);
    const known = busy.get(name) ?? idle.get(name);
    if (known) return known;
    const { forRef, ...shared } = options;
    const timer = createWakeTimer(options.clock, closing.signal, () => {
      busy.set(name, execution);
      idle.delete(name);
      void execution.run({ forMs: Infinity, callsMax: Infinity }).then((nextMs) => {
        if (nextMs !== undefined) timer(nextMs);
        if (execution.idle) {
          busy.delete(name);
          idle.set(name, execution);
        }
      });
    });
    const execution = new Execution({
      ...shared,
      ...forRef(ref),
      ref,
      storage: createMemoryExecutionStorage(),
      wake: (atMs) => {
        busy.set(name, execution);
        idle.delete(name);
        timer(atMs);
      },
    });
    idle.set(name, execution);
    return execution;
  };

  /** Whoever waits is answered with what there is when the process ends. */
  const untilClosing = (signal: AbortSignal | undefined) =>
    signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;

  return {
    page: (ref, request, signal) => open(ref).page(request, untilClosing(signal)),
    summary: (ref, request, signal) => open(ref).summary(request, untilClosing(signal)),
    async stream(ref, request, signal) {
      const stream = await open(ref).subscribe(request, signal);
      // One that was about to open meanwhile: it comes back to the next process.
      if (!closing.signal.aborted) return stream;
      open(ref).closeStreams();
      return stream;
    },
    activity: async (ref) => ok(open(ref).activity()),
    importHistory: (ref, body) => open(ref).importHistory(body),
    forget: (ref) => open(ref).forget(),
    close() {
      closing.abort();
      for (const execution of [...busy.values(), ...idle.values()]) execution.closeStreams();
    },
    get streams() {
      return [...busy.values()].reduce((sum, execution) => sum + execution.streams, 0);
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
