/**
 * The port through which the page reads an execution's relatives: its parent, which started it, and its children,
 * which it started. Reading them needs a key.
 */
import type { ChildExecution } from '../../client/client.ts';

/** How many children are read at most. Hardly any reader would look at more. */
export const CHILDREN_MAX = 250;

export interface Relatives {
  readonly parent?: { readonly flowExecutionId: string };
  readonly children: readonly ChildExecution[];
}

export interface RelativesSource {
  relativesOf(executionId: string, signal: AbortSignal): Promise<Relatives>;
}
