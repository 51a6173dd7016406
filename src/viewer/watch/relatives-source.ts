/** The executions around one: what started it, and what it has started. Needs a key. */
import type { ListedExecution } from './list-source.ts';

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
