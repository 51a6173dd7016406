/**
 * Histories that a test or developer scripts through the control API: any messages, each at any time. A
 * script takes precedence over the scenario of the same id.
 */
import type { History } from './history.ts';

/** Bounds the memory of long runs. */
export const SCRIPTED_EXECUTIONS_MAX = 10_000;
/** Ten times the longest scenario. A script keeps each message in memory. */
export const SCRIPTED_MESSAGES_MAX = 100_000;

export interface ScriptedMessage<Entry> {
  readonly message: Entry;
  /** When it appears in the history, in milliseconds since the epoch. */
  readonly visibleAtMs: number;
}

export interface Script<Entry> {
  /** Before this time the execution is unknown. */
  readonly existsFromMs: number;
  /** In upstream order. A message that becomes visible late appears in the middle, like a late write. */
  readonly messages: readonly ScriptedMessage<Entry>[];
}

const historyOf = <Entry>({ existsFromMs, messages }: Script<Entry>): History<Entry> => ({
  at: (nowMs) => {
    if (nowMs < existsFromMs) return undefined;
    const visible = messages.filter(({ visibleAtMs }) => visibleAtMs <= nowMs);
    return {
      count: visible.length,
      message: (position) => {
        const scripted = visible[position];
        if (scripted === undefined) throw new RangeError(`no message at position ${position}`);
        return scripted.message;
      },
    };
  },
});

export class ScriptedHistories<Entry> {
  readonly #scripts = new Map<string, Script<Entry>>();

  /** Replaces the script of that id. Returns an error text if there is no room. */
  replace(executionId: string, script: Script<Entry>): string | undefined {
    if (script.messages.length > SCRIPTED_MESSAGES_MAX) {
      return `an execution has at most ${SCRIPTED_MESSAGES_MAX} scripted messages: these are ${script.messages.length}`;
    }
    if (!this.#scripts.has(executionId) && this.#scripts.size >= SCRIPTED_EXECUTIONS_MAX) {
      return `there are already ${SCRIPTED_EXECUTIONS_MAX} scripted executions`;
    }
    this.#scripts.set(executionId, script);
    return undefined;
  }

  /** Adds messages to the script of that id. The time from which it exists stays the same. */
  append(executionId: string, script: Script<Entry>): string | undefined {
    const before = this.#scripts.get(executionId);
    return this.replace(
      executionId,
      before === undefined ? script : { ...before, messages: [...before.messages, ...script.messages] },
    );
  }

  find(executionId: string): History<Entry> | undefined {
    const script = this.#scripts.get(executionId);
    return script === undefined ? undefined : historyOf(script);
  }

  /** All messages in the script of that id, visible or not. */
  length(executionId: string): number {
    return this.#scripts.get(executionId)?.messages.length ?? 0;
  }

  clear(): void {
    this.#scripts.clear();
  }
}
