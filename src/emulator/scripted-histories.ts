/**
 * Histories that a test or developer defines through the control API. A script lists the messages, and when
 * each becomes visible. A script takes precedence over a scenario for the same execution id.
 */
import type { History } from './history.ts';

/** Maximum number of scripted executions, to bound memory in long runs. */
export const SCRIPTED_EXECUTIONS_MAX = 10_000;
/**
 * Maximum number of messages in a script, because all are kept in memory. Ten times as many as in the longest
 * scenario.
 */
export const SCRIPTED_MESSAGES_MAX = 100_000;

export interface ScriptedMessage<Entry> {
  readonly message: Entry;
  /** When the message appears in the history, in milliseconds since the epoch. */
  readonly visibleAtMs: number;
}

export interface Script<Entry> {
  /** Before this time the execution is unknown. */
  readonly existsFromMs: number;
  /**
   * In upstream order. A message that becomes visible later than its successors appears before them, like a
   * late write.
   */
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

  /** Replaces the execution's script. Returns an error text if a limit is exceeded. */
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

  /**
   * Adds messages to the execution's script. An existing execution keeps the time from which it exists. Returns
   * an error text if a limit is exceeded.
   */
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

  /** The number of messages in the execution's script, visible or not. */
  length(executionId: string): number {
    return this.#scripts.get(executionId)?.messages.length ?? 0;
  }

  clear(): void {
    this.#scripts.clear();
  }
}
