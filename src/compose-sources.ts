/**
 * Builds the sources from the settings: Things Graph and Step Functions, each with its call budget, and the
 * lists of Step Functions. Also combines the sources' readers of messages, so that each message is read by
 * the reader that understands its payload.
 */
import type { ReadDescription } from './archive/archive-head.ts';
import type { Settings } from './config.ts';
import type { Clock } from './core/clock.ts';
import type { ExecutionRef } from './core/execution-ref.ts';
import type { SummaryReaders } from './executions/serving/summarize.ts';
import type { Log } from './core/log.ts';
import type { OpenWalk } from './messages/derive.ts';
import type { EndingReader } from './messages/ending.ts';
import { staticCredentials } from './sources/aws/aws-credentials.ts';
import type { Fetch } from './sources/aws/aws-json.ts';
import {
  CALLS_AT_ONCE,
  CALLS_PER_SECOND,
  type CallBudget,
  type CallLimits,
  createCallBudgets,
} from './sources/call-budget/call-budget.ts';
import { listLimits, withListBudget } from './sources/call-budget/budgeted-listing.ts';
import { withCallBudget } from './sources/call-budget/budgeted-source.ts';
import type { ListingSource, Place } from './sources/listing-source.ts';
import type { Source } from './sources/source.ts';
import { type AllowedAccounts, isAllowed } from './sources/step-functions/allowed-accounts.ts';
import { readArchivedDescription } from './sources/step-functions/archived-description.ts';
import { readStepFunctionsEnding } from './sources/step-functions/step-functions-ending.ts';
import { StepFunctionsWalk } from './sources/step-functions/step-functions-walk.ts';
import {
  createStepFunctionsClient,
  type StepFunctionsClient,
} from './sources/step-functions/step-functions-client.ts';
import { stepFunctionsLineage } from './sources/step-functions/step-functions-lineage.ts';
import { createStepFunctionsListing } from './sources/step-functions/step-functions-listing.ts';
import { createStepFunctionsSource } from './sources/step-functions/step-functions.ts';
import { createRoleCredentials } from './sources/aws/sts.ts';
import { readThingsGraphEnding } from './sources/things-graph/things-graph-ending.ts';
import { ThingsGraphWalk } from './sources/things-graph/things-graph-walk.ts';
import { createThingsGraphSource } from './sources/things-graph/things-graph.ts';

export interface SourcePlatform {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly fetch: Fetch;
  /** Returns the call budget with this name. Everything that calls the same account shares it. */
  readonly callBudget: (name: string, limits: CallLimits) => CallBudget;
}

export interface Sources {
  /** The sources by name. */
  readonly sources: ReadonlyMap<string, Source>;
  readonly stepFunctions: Source;
  /** Lists the flows and executions of Step Functions. */
  readonly listing: ListingSource;
}

export function createSources(settings: Settings, platform: SourcePlatform): Sources {
  const { clock, random, log } = platform;
  const budgets = createCallBudgets(platform.callBudget);
  const bareThingsGraph = createThingsGraphSource({
    region: settings.region,
    ...(settings.thingsGraphEndpoint !== undefined && { endpoint: new URL(settings.thingsGraphEndpoint) }),
    credentials: staticCredentials(settings.credentials),
    fetch: platform.fetch,
    clock,
    random,
    log,
  });
  const thingsGraph = withCallBudget(bareThingsGraph, () =>
    budgets(`things-graph/${settings.region}`, {
      callsPerSecond: settings.thingsGraphCallsPerSecond,
      callsAtOnce: CALLS_AT_ONCE,
    }),
  );
  const client = stepFunctionsClient(settings, platform);
  const stepFunctions = withCallBudget(
    createStepFunctionsSource(client),
    accountBudgets(settings.stepFunctionsAllowed, budgets),
  );
  const listing = withListBudget(createStepFunctionsListing(client), listBudgets(settings, budgets));
  const sources: ReadonlyMap<string, Source> = new Map(
    [thingsGraph, stepFunctions].map((source) => [source.name, source]),
  );
  return { sources, stepFunctions, listing };
}

/**
 * Derives the members of each message with the walk that understands its payload. Each source has its own
 * kind of walk (step-functions-walk.ts, things-graph-walk.ts).
 */
export const openWalk: OpenWalk = (state) => {
  const saved = Object(JSON.parse(state));
  const stepFunctions = new StepFunctionsWalk(saved.stepFunctions);
  const thingsGraph = new ThingsGraphWalk(saved.thingsGraph);
  return {
    next: (message) => ({ ...message, ...(stepFunctions.next(message) ?? thingsGraph.next(message)) }),
    get state() {
      return JSON.stringify({ stepFunctions: stepFunctions.save(), thingsGraph: thingsGraph.save() });
    },
  };
};

/** Only Step Functions can describe executions. */
export const readDescription: ReadDescription = readArchivedDescription;

/**
 * Tries both readers instead of choosing by the id, because an import can store messages of any source under
 * any id.
 */
const readEnding: EndingReader = (newest) => readStepFunctionsEnding(newest) ?? readThingsGraphEnding(newest);

export const readers: SummaryReaders = { readEnding, readParent: stepFunctionsLineage.parent };

function stepFunctionsClient(
  settings: Settings,
  { fetch, clock, random, log }: SourcePlatform,
): StepFunctionsClient {
  const own = staticCredentials(settings.credentials);
  const { roleArn, externalId, stsEndpoint, stepFunctionsEndpoint, region } = settings;
  const ofRole =
    roleArn !== undefined &&
    createRoleCredentials({
      roleArn,
      ...(externalId !== undefined && { externalId }),
      credentials: own,
      region,
      ...(stsEndpoint !== undefined && { endpoint: new URL(stsEndpoint) }),
      fetch,
      clock,
      log,
    });
  return createStepFunctionsClient({
    allowed: settings.stepFunctionsAllowed,
    ...(stepFunctionsEndpoint !== undefined && { endpoint: new URL(stepFunctionsEndpoint) }),
    credentialsFor: ofRole || (() => own),
    fetch,
    clock,
    random,
    log,
  });
}

/** One budget for each account and region that may be read, because AWS counts calls that way. */
function accountBudgets(allowed: AllowedAccounts, budgets: ReturnType<typeof createCallBudgets>) {
  const limits = { callsPerSecond: CALLS_PER_SECOND, callsAtOnce: CALLS_AT_ONCE };
  return ({ arn }: ExecutionRef): CallBudget | undefined => {
    if (arn?.type !== 'standard' || !isAllowed(allowed, arn)) return undefined;
    return budgets(`step-functions/${arn.region}:${arn.account}`, limits);
  };
}

/**
 * Budgets for lists, also one for each account and region. AWS counts list calls separately from those that
 * read histories.
 */
function listBudgets(settings: Settings, budgets: ReturnType<typeof createCallBudgets>) {
  const { stepFunctionsAllowed, listCallsPerSecond } = settings;
  return (place: Place): CallBudget | undefined =>
    isAllowed(stepFunctionsAllowed, place)
      ? budgets(
          `step-functions-lists/${place.region}:${place.account}`,
          listLimits(place.region, listCallsPerSecond),
        )
      : undefined;
}
