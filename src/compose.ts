/**
 * Builds the parts of the service that are the same on every runtime, from the settings and a platform. An
 * entry (worker.ts, deno.ts) creates one core per isolate or process, so that requests share its caches, and
 * adds a runtime.
 */
import { type Access, createAccess } from './access/access.ts';
import type { RandomBytes } from './core/base62.ts';
import type { RateLimiter } from './access/limits/rate-limit.ts';
import type { RateTier } from './core/rate-tier.ts';
import { type App, createApp } from './app.ts';
import { createArchiveMemory } from './archive/archive-memory.ts';
import { Archive } from './archive/archive.ts';
import { createArchiveList } from './archive/archive-list.ts';
import { IndexBuild } from './archive/index-build.ts';
import { createSources, openWalk, readDescription, readers } from './compose-sources.ts';
import type { Clock } from './core/clock.ts';
import type { Settings } from './config.ts';
import { deriveKey } from './core/derive-key.ts';
import type { ExecutionRef } from './core/execution-ref.ts';
import { createArchiveFirstExecutions } from './executions/serving/archive-first.ts';
import { EventFrames, createFrameMemory } from './executions/following/event-frames.ts';
import type { Executions } from './executions/executions.ts';
import { RunningPages } from './executions/serving/running-pages.ts';
import { TotalSlots, withTotalStreamLimits } from './executions/serving/total-slots.ts';
import type { SharedExecutionOptions } from './executions/runtimes/in-process.ts';
import { createPageMemory } from './executions/upstream/page-memory.ts';
import type { Probe } from './http/routes/admin-routes.ts';
import { problemJson } from './http/problem-response.ts';
import { RequestAddresses } from './http/request-address.ts';
import { createChildren } from './lists/children.ts';
import type { ArchiveIndex } from './lists/archived-part.ts';
import { FlowDirectory } from './lists/flow-directory.ts';
import { createListOpener } from './lists/runtimes/list-opener.ts';
import type { ListObjects, OpenList } from './lists/runtimes/open-list.ts';
import type { Log } from './core/log.ts';
import type { Sha256 } from './core/sha256.ts';
import type { CursorKeys } from './messages/cursor.ts';
import { type EncodePage, asBytes, asText, createPageEncoder } from './messages/encoded-page.ts';
import { probeLists, probeSources } from './sources/probe.ts';
import { eventOfMessage } from './sources/step-functions/step-functions-event.ts';
import { stepFunctionsLineage } from './sources/step-functions/step-functions-lineage.ts';
import type { Fetch } from './sources/aws/aws-json.ts';
import type { CallBudget, CallLimits } from './sources/call-budget/call-budget.ts';
import type { ListingSource } from './sources/listing-source.ts';
import type { KeyValueStore } from './storage/key-value.ts';
import { probeStore } from './storage/probe.ts';

export interface Platform {
  readonly store: KeyValueStore;
  readonly clock: Clock;
  /** A random number from 0 to 1, for jitter and the generations of archives. Not for secrets. */
  readonly random: () => number;
  /** Secure random bytes, for keys and tickets. */
  readonly randomBytes: RandomBytes;
  readonly log: Log;
  /** Flowtap's version from package.json, which /healthz shows. */
  readonly version: string;
  readonly fetch: Fetch;
  /** Caches pages as text. If absent, caches them as bytes. */
  readonly pagesAs?: 'text';
  /**
   * Parsed addresses of recent requests. Given on Deno, where the server looks up addresses before the app
   * does, in the same memory. If absent, the app gets a memory of its own.
   */
  readonly addresses?: RequestAddresses;
  /** Returns the call budget with this name. Everything that calls the same account shares it. */
  readonly callBudget: (name: string, limits: CallLimits) => CallBudget;
  /** The cheapest SHA-256 on this platform. If absent, `node:crypto` is used. */
  readonly sha256?: Sha256;
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
  /** Lists the flows and executions of the upstream. */
  readonly listing: ListingSource;
  readonly flows: FlowDirectory;
  readonly openList: OpenList;
  /** What all runtimes of Executions need. */
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
    ...(platform.sha256 && { sha256: platform.sha256 }),
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
  const { sources, stepFunctions, listing } = createSources(settings, platform);
  const indexBuild = new IndexBuild({ archive, store, clock, log });
  const index: ArchiveIndex = {
    page: (group, options) => archive.index.page(group, options),
    flows: (options) => archive.index.flows(options),
    isComplete: () => indexBuild.isDone(),
  };
  const encodePage = createPageEncoder(cursorKeys, platform.pagesAs === 'text' ? asText : asBytes);
  const frameMemory = createFrameMemory();
  const framesFor = (ref: ExecutionRef) =>
    new EventFrames({
      ref,
      keys: cursorKeys,
      memory: frameMemory,
      problemJson: (failure) => problemJson(failure, settings.publicUrl),
    });
  return {
    access,
    archive,
    indexBuild,
    cursorKeys,
    framesFor,
    encodePage,
    probe: async (name) => {
      const [probes, storeProbe] = await Promise.all([
        probeSources([...sources.values()], clock),
        probeStore(store, name, clock),
      ]);
      // This runs after the other probes, so that it can reuse the role sessions that they have opened.
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

/** The parts that depend on the entry's runtime. */
export interface Runtime {
  readonly executions: Executions;
  readonly lists: ListObjects;
}

/** Builds the application from a core and a runtime. */
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
    addresses: platform.addresses ?? new RequestAddresses(),
    access,
    executions,
    children: createChildren({ executions, lists, archive, lineage: stepFunctionsLineage, clock }),
    lists: {
      ...lists,
      flows: (request, signal) => core.flows.flows(request, signal),
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
