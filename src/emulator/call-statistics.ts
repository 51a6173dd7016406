/**
 * Counts calls, concurrent calls and injected faults. Tests and benchmarks read the counts to see which calls
 * reached the upstream.
 */
import type { AwsErrorName } from './aws-answer.ts';
import type { CallPlan } from './fault-injector.ts';

/**
 * Maximum number of executions that are counted separately. Beyond it, the oldest are dropped, to bound memory
 * in long runs.
 */
export const COUNTED_EXECUTIONS_MAX = 100_000;

export interface ExecutionStatistics {
  readonly calls: number;
  readonly maxInFlight: number;
}

/**
 * Counts since the start or the last reset. A call is in flight from the verification of its signature until
 * its answer begins or its caller leaves.
 */
export interface Statistics {
  /** Accepted calls: correctly signed and for a known operation. */
  readonly calls: number;
  readonly inFlight: number;
  readonly maxInFlight: number;
  readonly byOperation: Readonly<Record<string, number>>;
  readonly byExecution: Readonly<Record<string, ExecutionStatistics>>;
  /** Errors returned for accepted calls, by AWS's name of the error. */
  readonly byError: Readonly<Record<string, number>>;
  readonly throttled: number;
  readonly internalErrors: number;
  readonly xmlErrors: number;
  readonly resets: number;
  readonly stalled: number;
  readonly truncated: number;
  readonly lagged: number;
  readonly shortPages: number;
  readonly emptyPages: number;
  /** Requests that were not accepted, by error. */
  readonly refused: { readonly calls: number; readonly byError: Readonly<Record<string, number>> };
}

const COUNTED = {
  answer: undefined,
  throttle: 'throttled',
  'internal-error': 'internalErrors',
  'xml-error': 'xmlErrors',
  reset: 'resets',
  stall: 'stalled',
  truncate: 'truncated',
} as const;

const fresh = () => ({
  calls: 0,
  inFlight: 0,
  maxInFlight: 0,
  throttled: 0,
  internalErrors: 0,
  xmlErrors: 0,
  resets: 0,
  stalled: 0,
  truncated: 0,
  lagged: 0,
  shortPages: 0,
  emptyPages: 0,
});

const count = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

interface Gauge {
  calls: number;
  inFlight: number;
  maxInFlight: number;
}

const enter = (gauge: Gauge): void => {
  gauge.calls++;
  gauge.inFlight++;
  gauge.maxInFlight = Math.max(gauge.maxInFlight, gauge.inFlight);
};

export class CallStatistics {
  #totals = fresh();
  #operations = new Map<string, number>();
  #executions = new Map<string, Gauge>();
  #errors = new Map<string, number>();
  #refusals = new Map<string, number>();

  /** Counts an accepted call. Call the returned function when the call ends. */
  begin(
    operation: string,
    executionId: string,
    plan: Pick<CallPlan, 'outcome' | 'lagMs' | 'page'>,
  ): () => void {
    const totals = this.#totals;
    const execution = this.#execution(executionId);
    enter(totals);
    enter(execution);
    count(this.#operations, operation);
    const outcome = COUNTED[plan.outcome];
    if (outcome !== undefined) totals[outcome]++;
    if (plan.lagMs > 0) totals.lagged++;
    if (plan.page === 'short') totals.shortPages++;
    if (plan.page === 'empty') totals.emptyPages++;
    return () => {
      totals.inFlight--;
      execution.inFlight--;
    };
  }

  /** Counts an accepted call with invalid input, which belongs to no execution. */
  invalid(operation: string, error: AwsErrorName): void {
    this.#totals.calls++;
    count(this.#operations, operation);
    this.failed(error);
  }

  failed(error: AwsErrorName): void {
    count(this.#errors, error);
  }

  refused(reason: string): void {
    count(this.#refusals, reason);
  }

  clear(): void {
    this.#totals = fresh();
    for (const counts of [this.#operations, this.#executions, this.#errors, this.#refusals]) counts.clear();
  }

  snapshot(): Statistics {
    const executions = Array.from(
      this.#executions,
      ([id, { calls, maxInFlight }]) => [id, { calls, maxInFlight }] as const,
    );
    return {
      ...this.#totals,
      byOperation: Object.fromEntries(this.#operations),
      byExecution: Object.fromEntries(executions),
      byError: Object.fromEntries(this.#errors),
      refused: {
        calls: [...this.#refusals.values()].reduce((sum, calls) => sum + calls, 0),
        byError: Object.fromEntries(this.#refusals),
      },
    };
  }

  #execution(executionId: string): Gauge {
    const known = this.#executions.get(executionId);
    if (known !== undefined) return known;
    const gauge = { calls: 0, inFlight: 0, maxInFlight: 0 };
    this.#executions.set(executionId, gauge);
    if (this.#executions.size > COUNTED_EXECUTIONS_MAX) {
      const [oldest] = this.#executions.keys();
      if (oldest !== undefined) this.#executions.delete(oldest);
    }
    return gauge;
  }
}
