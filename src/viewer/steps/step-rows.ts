/** The tree of steps as the rows of a table. Pure. */
import type { Step } from '../../client/client.ts';
import { type Mark, markOfStep } from '../format/mark.ts';

export interface StepRow {
  readonly step: Step;
  /**
   * The step's path in the tree, such as `2.0.1`. It never changes, because a new step is always added after its
   * siblings.
   */
  readonly key: string;
  /** `level` and `position` are counted from 1. */
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  /** Absent for a step without children. */
  readonly isExpanded?: boolean;
  /** True if the step failed or was retried, and the execution continued. */
  readonly isHandled: boolean;
}

/** If an execution has more steps than this, iterations and branches that succeeded are closed at first. */
const OPEN_ROWS_MAX = 200;

export interface Expansion {
  /** The rows that the reader has opened (true) or closed (false), by key. */
  readonly chosen: ReadonlyMap<string, boolean>;
}

/** `execution` is the root of the tree, which has no row. */
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

/** True for iterations and branches that succeeded, which need no attention. */
const isQuiet = ({ kind, status }: Step): boolean =>
  status === 'SUCCEEDED' && (kind === 'iteration' || kind === 'branch');

/** True if neither the step's failures nor those of steps inside it ended the execution. */
const hasContinued = ({ caught, status }: Step): boolean => caught || status === 'SUCCEEDED';

const isHandledIn = (isParentHandled: boolean, step: Step): boolean =>
  isTroubled(step) && (isParentHandled || hasContinued(step));

const isTroubled = ({ status, attempts, error }: Step): boolean =>
  status === 'FAILED' || attempts > 1 || (status !== 'RUNNING' && error !== undefined);

/** Counts of all steps of an execution, including those in closed rows. */
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
  /** Running steps that do work themselves, instead of only containing other steps. */
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

/** Counts the steps inside `step`, but not beyond `max`. */
export function countSteps(step: Step, max = Number.POSITIVE_INFINITY): number {
  let count = 0;
  for (const child of step.children) {
    if (count >= max) break;
    count += 1 + countSteps(child, max - count);
  }
  return count;
}

/**
 * The keys of the step that the message is about and of the steps that contain it, outermost first. Empty if the
 * message is about the execution.
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
