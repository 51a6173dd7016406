/** Names of steps for people. */
import type { Step } from '../../client/client.ts';

/**
 * Adds the kind to branches and iterations, whose names are numbers. Shows the kind of a step whose name the
 * credential hides.
 */
export function stepName({ name, kind }: Step): string {
  if (kind === 'branch') return `Branch ${name}`.trim();
  if (kind === 'iteration') return `Iteration ${name}`.trim();
  return name === '' ? `(${kind})` : name;
}
