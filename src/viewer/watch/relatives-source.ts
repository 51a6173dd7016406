/** The executions around one: what started it, and what it has started. Needs a key. */
import type { ListedExecution } from './list-source.ts';

/** More children than a person looks at. */
export const CHILDREN_MAX = 250;

export interface ChildExecution extends ListedExecution {
  /** The step that started it. */
  readonly step?: string;
}

export interface Relatives {
  readonly parent?: { readonly flowExecutionId: string };
  readonly children: readonly ChildExecution[];
}

export interface RelativesSource {
  relativesOf(executionId: string, signal: AbortSignal): Promise<Relatives>;
}
