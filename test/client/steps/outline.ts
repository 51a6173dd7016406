/** Prints a tree of steps as text, one step per line. */
import type { Step } from '../../../src/client/client.ts';

/** A line looks like `task Charge FAILED x3 OrderNotFound caught`. The line of the execution has no name. */
export const outline = (step: Step, indent = ''): string =>
  [
    indent +
      [
        step.kind,
        step.name,
        step.status,
        step.attempts > 1 && `x${step.attempts}`,
        step.error,
        step.caught && 'caught',
      ]
        .filter(Boolean)
        .join(' '),
    ...step.children.map((child) => outline(child, `${indent}  `)),
  ].join('\n');

/** Removes the test's own indentation from an expected tree. The first line has none. */
export function unindented(label: string): string {
  const [first = '', ...lines] = label.split('\n');
  const margin = Math.min(...lines.map((line) => line.search(/\S/))) - 2;
  return [first, ...lines.map((line) => line.slice(margin))].join('\n');
}
