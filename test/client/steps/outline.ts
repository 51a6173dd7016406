/** A tree of steps as text, a step a line. */
import type { Step } from '../../../src/client/client.ts';

/** `task Charge FAILED x3 OrderNotFound caught`; the execution itself has no name. */
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

/** A label as it stands in a test: the lines below the first one without the test's own indentation. */
export function unindented(label: string): string {
  const [first = '', ...lines] = label.split('\n');
  const margin = Math.min(...lines.map((line) => line.search(/\S/))) - 2;
  return [first, ...lines.map((line) => line.slice(margin))].join('\n');
}
