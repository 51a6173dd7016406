/** The interface through which a runtime opens lists. */
import type { ExecutionStorage } from '../../executions/execution-storage.ts';
import { type ListOf, type Lists, nameOf } from '../lists.ts';
import type { LiveList } from '../live/live-list.ts';

/** What a runtime provides to a list. */
export interface ListRuntime {
  /**
   * Stores small values that survive an eviction of the object. The list works without them, too: lost values
   * are read again from the upstream.
   */
  readonly storage: ExecutionStorage;
  /** Asks the runtime to call `run` at this time, in clock milliseconds, or earlier. */
  readonly wake: (atMs: number) => void;
}

export type OpenList = (of: ListOf, runtime: ListRuntime) => LiveList;

/** The part of the port that is served by one object per list. */
export type ListObjects = Pick<Lists, 'page' | 'follow'>;

/** The object's name. No other list and no execution has the same name. */
export const listKey = (of: ListOf): string =>
  JSON.stringify(['list', ...nameOf(of).filter((part) => part !== null)]);

/** The members that identify the list in log lines. */
export const listNames = (of: ListOf): Readonly<Record<string, string>> => {
  const [source, group] = nameOf(of);
  return { source, ...(group !== null && { flow: group }) };
};
