/** The tree of steps as the rows of a table. Pure. */
import type { Step } from '../../client/client.ts';

export interface StepRow {
  readonly step: Step;
  /** Its place in the tree. Steps are only ever added at the end, so it stays the same. */
  readonly key: string;
  /** From 1. */
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  /** Absent for a step without children. */
  readonly isExpanded?: boolean;
  /** It failed or was retried, and the execution continued. */
  readonly isHandled: boolean;
}

/** From here on, iterations and branches that succeeded start closed. */
const OPEN_ROWS_MAX = 200;

export interface Expansion {
  /** Whether the reader opened or closed a row, by key. */
  readonly chosen: ReadonlyMap<string, boolean>;
}

/** `execution`: the root, which has no row. */
export function stepRows(execution: Step | undefined, { chosen }: Expansion): StepRow[] {
  if (!execution) return [];
  const rows: StepRow[] = [];
  const isLarge = countSteps(execution, OPEN_ROWS_MAX + 1) > OPEN_ROWS_MAX;
  const add = (parent: Step, prefix: string, level: number, isParentHandled: boolean): void => {
    const { children } = parent;
    for (const [index, step] of children.entries()) {
      const key = `${prefix}${index}`;
      const hasChildren = step.children.length > 0;
      const isExpanded = chosen.get(key) ?? !(isLarge && isQuiet(step));
      const isHandled = isTroubled(step) && (isParentHandled || step.caught || step.status === 'SUCCEEDED');
      const place = { step, key, level, position: index + 1, siblings: children.length, isHandled };
      rows.push(hasChildren ? { ...place, isExpanded } : place);
      if (hasChildren && isExpanded) {
        add(step, `${key}.`, level + 1, isParentHandled || step.caught || step.status === 'SUCCEEDED');
      }
    }
  };
  add(execution, '', 1, execution.status === 'SUCCEEDED');
  return rows;
}

/** Nothing in it needs the reader's attention. */
const isQuiet = ({ kind, status }: Step): boolean =>
  status === 'SUCCEEDED' && (kind === 'iteration' || kind === 'branch');

const isTroubled = ({ status, attempts, error }: Step): boolean =>
  status === 'FAILED' || attempts > 1 || (status !== 'RUNNING' && error !== undefined);

export interface StepTally {
  readonly steps: number;
  readonly running: number;
  readonly failed: number;
  /** Failed or retried, and the execution continued. */
  readonly handled: number;
}

/** Counts steps that do something, which branches and iterations do not. */
export function tallyOf(execution: Step): StepTally {
  const tally = { steps: 0, running: 0, failed: 0, handled: 0 };
  const add = ({ children }: Step, isParentHandled: boolean): void => {
    for (const step of children) {
      const { kind, status } = step;
      const isHandled = isParentHandled || step.caught || status === 'SUCCEEDED';
      add(step, isHandled);
      if (kind === 'branch' || kind === 'iteration') continue;
      tally.steps++;
      if (status === 'RUNNING') tally.running++;
      if (!isTroubled(step)) continue;
      if (isHandled) tally.handled++;
      else if (status === 'FAILED') tally.failed++;
    }
  };
  add(execution, execution.status === 'SUCCEEDED');
  return tally;
}

/** Stops at `max`. */
export function countSteps(step: Step, max = Number.POSITIVE_INFINITY): number {
  let count = 0;
  for (const child of step.children) {
    if (count >= max) break;
    count += 1 + countSteps(child, max - count);
  }
  return count;
}

/** The keys of the steps from the outermost one to the innermost one that the message is about. Empty if it is about the execution. */
export function pathToMessage(execution: Step, messageId: string): string[] {
  const find = (step: Step, prefix: string): string[] | undefined => {
    for (const [index, child] of step.children.entries()) {
      const key = `${prefix}${index}`;
      if (child.messageIds.includes(messageId)) return [key];
      const below = find(child, `${key}.`);
      if (below) return [key, ...below];
    }
    return undefined;
  };
  return find(execution, '') ?? [];
}
