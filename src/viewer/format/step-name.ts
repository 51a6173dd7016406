/** Names of steps for people. */
import type { Step } from '../../client/client.ts';

/** Branches and iterations have numbers as names, and some credentials see no names at all. */
export function stepName({ name, kind }: Step): string {
  if (kind === 'branch') return `Branch ${name}`.trim();
  if (kind === 'iteration') return `Iteration ${name}`.trim();
  return name === '' ? `(${kind})` : name;
}
