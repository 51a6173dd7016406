/** The title of an execution: its flow, and its own name within the flow. */
import { parseExecutionRef } from '../../core/execution-ref.ts';
import { executionNameOf, flowOf } from '../../core/flow-ref.ts';

export interface ExecutionTitle {
  readonly flow: string | undefined;
  readonly name: string;
}

export function executionTitle(executionId: string): ExecutionTitle {
  const ref = parseExecutionRef(executionId);
  return { flow: flowOf(ref)?.name, name: executionNameOf(ref) ?? executionId };
}
