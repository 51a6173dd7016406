/**
 * Asks each source for an execution that cannot exist, to find out whether it can be read at all. "Not found" is the good result:
 * AWS checks signature and permission before it looks for the execution.
 */
import type { Clock } from '../core/clock.ts';
import { parseExecutionRef } from '../core/execution-ref.ts';
import type { CallOrigin, ProbeTarget, Source } from './source.ts';

/** The execution that probes ask for; in ARNs also its state machine. IAM policies of single state machines must name it. */
export const PROBE_NAME = 'flowtap-probe';
/** A Worker has 50 subrequests on the free plan. */
export const PROBES_MAX = 20;

/** The operator's own calls share the budget as a tenant of their own. */
const OPERATOR: CallOrigin = { class: 'reader', tenant: 'operator' };

export interface SourceProbe {
  readonly source: string;
  readonly region: string;
  readonly account?: string;
  readonly ok: boolean;
  readonly ms: number;
  /** AWS's name of the error; if it sent none, our own type of the failure. Only if not `ok`. */
  readonly code?: string;
  /** AWS's own text behind the operation and the HTTP status, redacted. Only if not `ok`. */
  readonly reason?: string;
}

export interface SourceProbes {
  readonly sources: readonly SourceProbe[];
  /** How many regions and accounts were left out, if they are more than PROBES_MAX. */
  readonly skipped?: number;
}

export async function probeSources(sources: readonly Source[], clock: Clock): Promise<SourceProbes> {
  const targets = sources.flatMap((source) =>
    (source.probeTargets ?? []).map((target) => ({ source, target })),
  );
  const skipped = Math.max(0, targets.length - PROBES_MAX);
  return {
    sources: await Promise.all(
      targets.slice(0, PROBES_MAX).map(({ source, target }) => probe(source, target, clock)),
    ),
    ...(skipped > 0 && { skipped }),
  };
}

async function probe(
  source: Source,
  { executionId, ...target }: ProbeTarget,
  clock: Clock,
): Promise<SourceProbe> {
  const startedAtMs = clock.now();
  const page = await source.page(parseExecutionRef(executionId), undefined, 1, { origin: OPERATOR });
  const result = { source: source.name, ...target, ms: clock.now() - startedAtMs };
  // A page would be odd, but shows that the source can be read.
  if (page.ok || page.failure.type === 'upstream-not-found') return { ...result, ok: true };
  const { failure } = page;
  const awsCode = 'awsCode' in failure ? failure.awsCode : undefined;
  return { ...result, ok: false, code: awsCode ?? failure.type, reason: failure.internal };
}
