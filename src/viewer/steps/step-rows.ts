/** The tree of steps as the rows of a table. Pure. */
import type { Step } from '../../client/client.ts';
import { type Mark, markOfStep } from '../format/mark.ts';

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
      const isHandled = isHandledIn(isParentHandled, step);
      const place = { step, key, level, position: index + 1, siblings: children.length, isHandled };
      rows.push(hasChildren ? { ...place, isExpanded } : place);
      if (hasChildren && isExpanded) {
        add(step, `${key}.`, level + 1, isParentHandled || hasContinued(step));
      }
    }
  };
  add(execution, '', 1, hasContinued(execution));
  return rows;
}

/** Nothing in it needs the reader's attention. */
const isQuiet = ({ kind, status }: Step): boolean =>
  status === 'SUCCEEDED' && (kind === 'iteration' || kind === 'branch');

/** Its failures, and those inside it, did not end the execution. */
const hasContinued = ({ caught, status }: Step): boolean => caught || status === 'SUCCEEDED';

const isHandledIn = (isParentHandled: boolean, step: Step): boolean =>
  isTroubled(step) && (isParentHandled || hasContinued(step));

const isTroubled = ({ status, attempts, error }: Step): boolean =>
  status === 'FAILED' || attempts > 1 || (status !== 'RUNNING' && error !== undefined);

/** How many rows of each kind the whole tree has, if all rows are open. */
export interface StepTally {
  readonly steps: number;
  readonly branches: number;
  readonly iterations: number;
  /** Wait states. */
  readonly waits: number;
  /** Steps with several attempts. */
  readonly retries: number;
  /** Steps with several attempts that are running again. */
  readonly retrying: number;
  /** Running steps that do work themselves, and do not just contain others. */
  readonly working: number;
  readonly marks: Readonly<Record<Mark, number>>;
}

const CONTAINERS: ReadonlySet<Step['kind']> = new Set(['parallel', 'map', 'branch', 'iteration']);

export function tallyOf(execution: Step): StepTally {
  const marks = { running: 0, failed: 0, aborted: 0, handled: 0, retried: 0, succeeded: 0 };
  const tally = {
    steps: 0,
    branches: 0,
    iterations: 0,
    waits: 0,
    retries: 0,
    retrying: 0,
    working: 0,
    marks,
  };
  const add = (parent: Step, isParentHandled: boolean): void => {
    for (const step of parent.children) {
      tally.steps++;
      if (step.kind === 'branch') tally.branches++;
      if (step.kind === 'iteration') tally.iterations++;
      if (step.kind === 'wait') tally.waits++;
      if (step.attempts > 1) tally.retries++;
      if (step.attempts > 1 && step.status === 'RUNNING') tally.retrying++;
      if (step.status === 'RUNNING' && !CONTAINERS.has(step.kind)) tally.working++;
      marks[markOfStep(step, isHandledIn(isParentHandled, step))]++;
      add(step, isParentHandled || hasContinued(step));
    }
  };
  add(execution, hasContinued(execution));
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

/**
 * The keys of the steps from the outermost one to the innermost one that the message is about. Empty if it is
 * about the execution.
 */
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
