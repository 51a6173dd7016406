/**
 * Runs Executions as entries of a map, for Deno and tests. If too many are idle, the oldest are dropped. A
 * later request reads their histories again from the archive or the source. Only unfinished work on the
 * archive and its index outlives the process (`durable`), and `resume` continues it.
 */
import { type ExecutionRef, executionKey, restoreExecutionRef } from '../../core/execution-ref.ts';
import { ok } from '../../core/errors.ts';
import { Execution, type ExecutionOptions } from '../serving/execution.ts';
import { type DurableKeys, createMemoryExecutionStorage } from '../execution-storage.ts';
import type { Executions } from '../executions.ts';
import { InProcessObjects, type MakeObject } from '../../objects/in-process-objects.ts';

/** How many idle Executions are kept. Each takes a few kilobytes. */
export const IDLE_EXECUTIONS_MAX = 1_000;

/** The options that all Executions share. */
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
  /**
   * Continues the unfinished work of an earlier process. Call it before the first request. Throws if the
   * store fails.
   */
  resume(): Promise<void>;
  /** Ends all streams and timers. Clients then reconnect elsewhere. */
  close(): void;
  /** How many streams are open on all Executions. */
  readonly streams: number;
}

export function createInProcessExecutions({ durable, ...options }: InProcessOptions): InProcessExecutions {
  const { forRef, ...shared } = options;
  const objects = new InProcessObjects<Execution>(options.clock, IDLE_EXECUTIONS_MAX);
  const maker =
    (ref: ExecutionRef, kept?: ReadonlyMap<string, unknown>): MakeObject<Execution> =>
    (wake) =>
      new Execution({
        ...shared,
        ...forRef(ref),
        ref,
        storage: createMemoryExecutionStorage(kept, durable && { ref, keys: durable }),
        wake,
      });
  const ask = <T>(ref: ExecutionRef, question: (execution: Execution) => Promise<T>): Promise<T> =>
    objects.ask(executionKey(ref), maker(ref), question);
  const untilClosing = (signal: AbortSignal | undefined) => objects.untilClosing(signal);

  return {
    async resume() {
      for (const { name, values } of (await durable?.load()) ?? []) {
        const ref = restoreExecutionRef(name);
        await objects.ask(executionKey(ref), maker(ref, values), (execution) => execution.resume());
      }
    },
    page: (ref, request, client) =>
      ask(ref, (execution) => execution.page(request, untilClosing(client?.signal))),
    wholePage: (ref, request, signal) =>
      ask(ref, (execution) => execution.wholePage(request, untilClosing(signal))),
    describe: (ref, request, signal) =>
      ask(ref, (execution) => execution.describe(request, untilClosing(signal))),
    summary: (ref, request, signal) =>
      ask(ref, (execution) => execution.summary(request, untilClosing(signal))),
    stream: (ref, request, signal, onClosed) =>
      objects.openStream(executionKey(ref), maker(ref), (execution) =>
        execution.subscribe(request, signal, onClosed),
      ),
    activity: (ref) => ask(ref, async (execution) => ok(execution.activity())),
    importHistory: (ref, body) => ask(ref, (execution) => execution.importHistory(body)),
    forget: (ref) => ask(ref, (execution) => execution.forget()),
    close: () => objects.close(),
    get streams() {
      return objects.streams;
    },
  };
}
