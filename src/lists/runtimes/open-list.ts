/** How a runtime opens the list of a flow, or of the executions that belong to no flow. */
import type { ExecutionStorage } from '../../executions/execution-storage.ts';
import { type ListOf, type Lists, nameOf } from '../lists.ts';
import type { LiveList } from '../live/live-list.ts';

/** What a runtime gives a list. */
export interface ListRuntime {
  /** Small values that outlive the object's memory. Lost values are read again. */
  readonly storage: ExecutionStorage;
  /** Asks for a `run` at that time, in clock milliseconds, or earlier. */
  readonly wake: (atMs: number) => void;
}

export type OpenList = (of: ListOf, runtime: ListRuntime) => LiveList;

/** The part of the port that one object per list answers. */
export type ListObjects = Pick<Lists, 'page' | 'follow'>;

/** A name that no other list and no execution has. */
export const listKey = (of: ListOf): string =>
  JSON.stringify(['list', ...nameOf(of).filter((part) => part !== null)]);

/** How log lines name it. */
export const listNames = (of: ListOf): Readonly<Record<string, string>> => {
  const [source, group] = nameOf(of);
  return { source, ...(group !== null && { flow: group }) };
};
