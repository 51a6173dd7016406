/** How a step is called. */
import type { Step } from '../../client/client.ts';

/** The name for people. Names of branches and iterations are numbers; some credentials see no names. */
export function stepName({ name, kind }: Step): string {
  if (kind === 'branch') return `Branch ${name}`.trim();
  if (kind === 'iteration') return `Iteration ${name}`.trim();
  return name === '' ? `(${kind})` : name;
}
