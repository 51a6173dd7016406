/**
 * Builds the service from settings and a platform: everything that is the same on every runtime. An entry (worker.ts, deno.ts) makes
 * one core for its isolate or process, so that requests share its caches, and adds a runtime. Over 300 lines, because it lists all parts.
 */
import { type Access, createAccess } from './access/access.ts';
import type { RandomBytes } from './core/base62.ts';
import type { RateLimiter, RateTier } from './access/limits/rate-limit.ts';
import { type App, createApp } from './app.ts';
import { createArchiveMemory } from './archive/archive-memory.ts';
import type { ReadDescription } from './archive/archive-head.ts';
import { Archive } from './archive/archive.ts';
import { createArchiveList } from './archive/archive-list.ts';
import { IndexBuild } from './archive/index-build.ts';
import type { Clock } from './core/clock.ts';
import type { Settings } from './config.ts';
import { deriveKey } from './core/derive-key.ts';
import type { ExecutionRef } from './core/execution-ref.ts';
import { createArchiveFirstExecutions } from './executions/archive-first.ts';
import { EventFrames, createFrameMemory } from './executions/following/event-frames.ts';
import type { Executions } from './executions/executions.ts';
import type { SummaryReaders } from './executions/summarize.ts';
import { RunningPages } from './executions/running-pages.ts';
import { TotalSlots, withTotalStreamLimits } from './executions/total-slots.ts';
import type { SharedExecutionOptions } from './executions/runtimes/in-process.ts';
import { createPageMemory } from './executions/upstream/page-memory.ts';
import type { Probe } from './http/admin-routes.ts';
import { problemJson } from './http/problem.ts';
import { createChildren } from './lists/children.ts';
import { FlowDirectory } from './lists/flow-directory.ts';
import { createListOpener } from './lists/runtimes/list-opener.ts';
import type { ListObjects, OpenList } from './lists/runtimes/open-list.ts';
import type { Log } from './core/log.ts';
import type { CursorKeys } from './messages/cursor.ts';
import type { OpenWalk } from './messages/derive.ts';
import { type EncodePage, createPageEncoder } from './messages/encoded-page.ts';
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
import { probeLists, probeSources } from './sources/probe.ts';
import type { Source } from './sources/source.ts';
import { type AllowedAccounts, isAllowed } from './sources/step-functions/allowed-accounts.ts';
import { readArchivedDescription } from './sources/step-functions/archived-description.ts';
import { eventOfMessage } from './sources/step-functions/step-functions-event.ts';
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
import type { KeyValueStore } from './storage/key-value.ts';
import { probeStore } from './storage/probe.ts';

export interface Platform {
  readonly store: KeyValueStore;
  readonly clock: Clock;
  /** 0 to 1: jitter and generations, nothing secret. */
  readonly random: () => number;
  /** For keys and tickets. */
  readonly randomBytes: RandomBytes;
  readonly log: Log;
  /** Flowtap's version, from package.json, for /healthz. */
  readonly version: string;
  readonly fetch: Fetch;
  /** The call budget of this name, shared by all callers of that account. */
  readonly callBudget: (name: string, limits: CallLimits) => CallBudget;
  readonly tiers: Readonly<Record<RateTier, RateLimiter>>;
  readonly failedAuthentications: RateLimiter;
}

export interface Core {
  readonly access: Access;
  readonly archive: Archive;
  readonly indexBuild: IndexBuild;
  readonly cursorKeys: CursorKeys;
  readonly framesFor: (ref: ExecutionRef) => EventFrames;
  readonly encodePage: EncodePage;
  readonly probe: Probe;
  /** Lists of the flows and executions that an upstream has. */
  readonly listing: ListingSource;
  readonly flows: FlowDirectory;
  readonly openList: OpenList;
  /** For the runtimes of Executions. */
  readonly shared: SharedExecutionOptions;
}

export function createCore(settings: Settings, platform: Platform): Core {
  const { store, clock, random, log } = platform;
  const { signingSecret, signingSecretPrevious: previous, archiveTtlSeconds } = settings;
  const cursorKeys = {
    current: deriveKey(signingSecret, 'cursor'),
    ...(previous !== undefined && { previous: deriveKey(previous, 'cursor') }),
  };
  const access = createAccess({
    store,
    clock,
    random: platform.randomBytes,
    log,
    tiers: platform.tiers,
    failedAuthentications: platform.failedAuthentications,
    signingSecret,
    ...(previous !== undefined && { signingSecretPrevious: previous }),
    ...(settings.adminToken !== undefined && { adminToken: settings.adminToken }),
  });
  const archive = new Archive({
    store,
    memory: createArchiveMemory(clock),
    clock,
    log,
    random,
    openWalk,
    readDescription,
    ...(archiveTtlSeconds !== undefined && { ttlSeconds: archiveTtlSeconds }),
  });
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
  const { index } = archive;
  const encodePage = createPageEncoder(cursorKeys);
  const frameMemory = createFrameMemory();
  const framesFor = (ref: ExecutionRef) =>
    new EventFrames({
      ref,
      keys: cursorKeys,
      memory: frameMemory,
      problemJson: (failure) => problemJson(failure, settings.publicUrl),
    });
  const sources: ReadonlyMap<string, Source> = new Map(
    [thingsGraph, stepFunctions].map((source) => [source.name, source]),
  );
  return {
    access,
    archive,
    indexBuild: new IndexBuild({ archive, store, clock, log }),
    cursorKeys,
    framesFor,
    encodePage,
    probe: async (name) => {
      const [probes, storeProbe] = await Promise.all([
        probeSources([...sources.values()], clock),
        probeStore(store, name, clock),
      ]);
      // Afterwards, with the sessions of roles that the first calls have assumed.
      return { ...probes, lists: await probeLists(listing, clock), store: storeProbe };
    },
    listing,
    flows: new FlowDirectory({ sources: [listing], index, clock }),
    openList: createListOpener({
      listing,
      ...(stepFunctions.describe && { describe: stepFunctions.describe }),
      index,
      clock,
      random,
      log,
      stillAllowed: access.listStillAllowed,
      problemJson: (failure) => problemJson(failure, settings.publicUrl),
    }),
    shared: {
      memory: createPageMemory(),
      pages: new RunningPages(encodePage, clock),
      archive,
      clock,
      random,
      log,
      stillAllowed: access.stillAllowed,
      readers,
      openWalk,
      forRef: (ref) => {
        const source = sources.get(ref.source);
        if (!source) throw new RangeError(`there is no source ${ref.source}`);
        return { source, frames: framesFor(ref) };
      },
    },
  };
}

/** As `readEnding`: by what the payloads are. Each kind of payload has a walk of its own. */
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

/** Only Step Functions describes executions. */
export const readDescription: ReadDescription = readArchivedDescription;

/** Chooses by the payloads, not by the id: an import may have any source's messages under any id. */
const readEnding: EndingReader = (newest) => readStepFunctionsEnding(newest) ?? readThingsGraphEnding(newest);

const readers: SummaryReaders = { readEnding, readParent: stepFunctionsLineage.parent };

function stepFunctionsClient(
  settings: Settings,
  { fetch, clock, random, log }: Platform,
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

/** One budget for each account and region that may be read, because AWS counts calls like that. */
function accountBudgets(allowed: AllowedAccounts, budgets: ReturnType<typeof createCallBudgets>) {
  const limits = { callsPerSecond: CALLS_PER_SECOND, callsAtOnce: CALLS_AT_ONCE };
  return ({ arn }: ExecutionRef): CallBudget | undefined => {
    if (arn?.type !== 'standard' || !isAllowed(allowed, arn)) return undefined;
    return budgets(`step-functions/${arn.region}:${arn.account}`, limits);
  };
}

/** The same for lists, which AWS counts apart from the calls that read histories. */
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

/** What the entry's runtime provides. */
export interface Runtime {
  readonly executions: Executions;
  readonly lists: ListObjects;
}

/** The application over this core and a runtime. */
export function createService(
  settings: Settings,
  platform: Platform,
  core: Core,
  { executions: live, lists }: Runtime,
): App {
  const { clock, random, log, version } = platform;
  const { access, archive, cursorKeys, framesFor, encodePage, probe } = core;
  const archiveFirst = createArchiveFirstExecutions({
    archive,
    live,
    framesFor,
    encodePage,
    clock,
    random,
    log,
    stillAllowed: core.shared.stillAllowed,
    readers,
  });
  const slots = new TotalSlots(clock);
  const executions = withTotalStreamLimits(archiveFirst, slots);
  return createApp({
    access,
    executions,
    children: createChildren({ executions, lists, archive, lineage: stepFunctionsLineage, clock }),
    lists: {
      ...lists,
      flows: (request) => core.flows.flows(request),
      follow: (request, signal, onClosed) =>
        slots.stream(request, signal, onClosed, (closed) => lists.follow(request, signal, closed)),
    },
    archive,
    listArchived: createArchiveList(archive, core.indexBuild),
    cursorKeys,
    probe,
    eventOfMessage,
    corsOrigins: settings.corsOrigins,
    logEveryNth: settings.logEveryNth,
    ...(settings.publicUrl !== undefined && { publicUrl: settings.publicUrl }),
    clock,
    log,
    version,
  });
}
