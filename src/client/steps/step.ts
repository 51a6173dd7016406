/** A step of an execution, as callers see it. */
import type { Status } from '../../messages/event-types.ts';

/**
 * `execution` is the root. States of Step Functions have the kind of their type. `branch` is a branch of a
 * parallel state, `iteration` an iteration of a map. `step` is a step of Things Graph, or a state of unknown
 * type.
 */
export type StepKind =
  | 'execution'
  | 'step'
  | 'task'
  | 'pass'
  | 'choice'
  | 'wait'
  | 'succeed'
  | 'fail'
  | 'parallel'
  | 'branch'
  | 'map'
  | 'iteration';

/** Immutable. A step that did not change stays the same object in later results. */
export interface Step {
  /**
   * The step's name, or the index of a branch or iteration. Empty for `execution`, and if the key must not
   * see names.
   */
  readonly name: string;
  readonly kind: StepKind;
  readonly status: Status;
  /** ISO 8601, UTC. Absent if the start is not among the messages. */
  readonly startedAt?: string;
  /** Absent while the step is running. */
  readonly endedAt?: string;
  readonly durationMs?: number;
  /** 1 for the first attempt, plus one for each retry or redrive. */
  readonly attempts: number;
  /** The error's name. Also present while a failed attempt might still be retried. */
  readonly error?: string;
  /** True if the step failed, and a Catch let the execution continue. */
  readonly caught: boolean;
  readonly children: readonly Step[];
  /** The messages about this step itself, oldest first. */
  readonly messageIds: readonly string[];
}
