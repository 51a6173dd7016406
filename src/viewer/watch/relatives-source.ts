/** The executions around one: what started it, and what it has started. Needs a key. */
import type { ChildExecution } from '../../client/client.ts';

/** More children than a person looks at. */
export const CHILDREN_MAX = 250;

export interface Relatives {
  readonly parent?: { readonly flowExecutionId: string };
  readonly children: readonly ChildExecution[];
}

export interface RelativesSource {
  relativesOf(executionId: string, signal: AbortSignal): Promise<Relatives>;
}
