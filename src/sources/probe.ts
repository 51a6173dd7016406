/**
 * Checks that each source can be read, by requesting an execution that cannot exist. "Not found" means
 * success: AWS checks signature and permission before it looks for the execution. Lists need other
 * permissions than histories, so they are checked separately.
 */
import type { Clock } from '../core/clock.ts';
import type { Result, SourceFailure } from '../core/errors.ts';
import { statesArn } from '../core/execution-arn.ts';
import { parseExecutionRef } from '../core/execution-ref.ts';
import { parseFlowRef } from '../core/flow-ref.ts';
import type { ListingSource, Place } from './listing-source.ts';
import type { CallOrigin, ProbeTarget, Source } from './source.ts';

/**
 * Each probe requests an execution with this name, of a state machine with the same name. An IAM policy that
 * allows only individual state machines must include this one.
 */
export const PROBE_NAME = 'flowtap-probe';
/**
 * Maximum number of executions that one check requests, with one call each. On the free plan a Worker can
 * make only 50 subrequests per request. The other 30 are left for 10 list calls, AssumeRole calls and
 * retries.
 */
export const PROBES_MAX = 20;
/**
 * Number of places (account and region) whose lists are checked, each with one call per action. A few are
 * enough, because all accounts usually have the same policy.
 */
export const LISTED_PLACES_MAX = 5;

/** The operator's calls use the budget as a separate tenant. */
const OPERATOR: CallOrigin = { class: 'reader', tenant: 'operator' };

/** The result of one probe call. */
interface Outcome {
  readonly ok: boolean;
  readonly ms: number;
  /** The name of AWS's error, or else Flowtap's own failure type. Absent if `ok`. */
  readonly code?: string;
  /** The operation, the HTTP status and AWS's error text, redacted. Absent if `ok`. */
  readonly reason?: string;
}

export interface SourceProbe extends Outcome {
  readonly source: string;
  readonly region: string;
  readonly account?: string;
}

export interface ListProbe extends Outcome {
  readonly source: string;
  readonly region: string;
  readonly account: string;
  /** The IAM action that the call needs. */
  readonly action: string;
}

export interface SourceProbes {
  readonly sources: readonly SourceProbe[];
  /** How many regions and accounts were not probed. Present if there are more than PROBES_MAX. */
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
  const asked = await outcomeOf(clock, () =>
    source.page(parseExecutionRef(executionId), undefined, 1, { origin: OPERATOR }),
  );
  return { source: source.name, ...target, ...asked };
}

/** Checks whether flows and executions can be listed, in the first few places that the settings allow. */
export async function probeLists(listing: ListingSource, clock: Clock): Promise<readonly ListProbe[]> {
  const probes = await Promise.all(
    listing.places.slice(0, LISTED_PLACES_MAX).map((place) => probePlace(listing, place, clock)),
  );
  return probes.flat();
}

async function probePlace(listing: ListingSource, place: Place, clock: Clock): Promise<ListProbe[]> {
  const { region, account } = place;
  const flow = parseFlowRef(statesArn(place, 'stateMachine', PROBE_NAME));
  const target = { source: listing.name, region, account };
  const call = { origin: OPERATOR };
  const flows = await outcomeOf(clock, () => listing.listFlows(place, undefined, call));
  const executions =
    flow && (await outcomeOf(clock, () => listing.listExecutions({ of: { flow }, limit: 1 }, call)));
  return [
    { ...target, action: 'states:ListStateMachines', ...flows },
    ...(executions ? [{ ...target, action: 'states:ListExecutions', ...executions }] : []),
  ];
}

async function outcomeOf(clock: Clock, ask: () => Promise<Result<unknown, SourceFailure>>): Promise<Outcome> {
  const startedAtMs = clock.now();
  const answer = await ask();
  const ms = clock.now() - startedAtMs;
  // Receiving a page is unexpected, but it also shows that the source can be read.
  if (answer.ok || answer.failure.type === 'upstream-not-found') return { ok: true, ms };
  const { failure } = answer;
  const awsCode = 'awsCode' in failure ? failure.awsCode : undefined;
  return { ok: false, ms, code: awsCode ?? failure.type, reason: failure.internal };
}
