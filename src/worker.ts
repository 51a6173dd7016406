/**
 * The entry on Cloudflare Workers. Creates ports from bindings and settings, and the application from the
 * ports.
 */
import { FAILED_AUTHENTICATIONS, RATE_TIERS } from './access/limits/rate-limit.ts';
import { createWorkersRateLimiter } from './access/limits/workers-rate-limit.ts';
import { workersClientAddress } from './access/client-address.ts';
import type { App } from './app.ts';
import type { IndexBuild } from './archive/index-build.ts';
import { systemClock } from './core/clock.ts';
import { readPublicUrl, readSettings } from './config.ts';
import { type Result, internalText, ok } from './core/errors.ts';
import { faultText } from './core/exception-text.ts';
import {
  ExecutionDurableObject,
  createDurableObjectExecutions,
} from './executions/runtimes/durable-object.ts';
import type { SharedExecutionOptions } from './executions/runtimes/in-process.ts';
import { startIndexBuild } from './executions/runtimes/index-build-alarms.ts';
import { objectLocation } from './objects/object-location.ts';
import { awsRefusalFor } from './http/routes/aws-dialects.ts';
import { createDurableObjectLists } from './lists/runtimes/durable-object-lists.ts';
import { regionOf } from './lists/lists.ts';
import type { OpenList } from './lists/runtimes/open-list.ts';
import { problemResponse } from './http/problem-response.ts';
import { securityHeaders, toResponse, withHeaders } from './http/response-headers.ts';
import { consoleLog as log } from './core/log.ts';
import { sha256ByWebCrypto } from './core/sha256.ts';
import { type Core, createCore, createService } from './compose.ts';
import { type CallBudgetObject, createObjectCallBudget } from './sources/call-budget/budget-object.ts';
import type { CallLimits } from './sources/call-budget/call-budget.ts';
import { createWorkersKvStore } from './storage/workers-kv.ts';
// A named import, so that the bundler includes only this member of package.json.
import { version } from '../package.json';

interface Env {
  readonly STORE: KVNamespace;
  readonly EXECUTIONS: DurableObjectNamespace<ExecutionObject>;
  readonly BUDGETS: DurableObjectNamespace<CallBudgetObject>;
  readonly RATE_STANDARD: RateLimit;
  readonly RATE_HIGH: RateLimit;
  readonly RATE_AUTH_FAILURES: RateLimit;
}

/**
 * The state of an isolate. It is created once, because bindings and settings never change within an isolate.
 */
interface Isolate {
  readonly app: App;
  readonly core: Core;
  /** True if this isolate has checked that the archive's index is complete or being built. */
  isIndexLookedAt: boolean;
}

let isolate: Result<Isolate> | undefined;

function isolateFor(env: Env): Result<Isolate> {
  isolate ??= createIsolate(env);
  return isolate;
}

function createIsolate(env: Env): Result<Isolate> {
  const settings = readSettings({ ...env });
  if (!settings.ok) {
    log({ event: 'not-configured', level: 'error', reason: internalText(settings.failure) });
    return settings;
  }
  const locationHint = objectLocation(settings.value.region);
  const platform = {
    store: createWorkersKvStore(env.STORE),
    clock: systemClock,
    random: Math.random,
    randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
    log,
    version,
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    callBudget: (name: string, limits: CallLimits) =>
      createObjectCallBudget({
        namespace: env.BUDGETS,
        name,
        limits,
        ...(locationHint && { locationHint }),
        clock: systemClock,
        log,
      }),
    sha256: sha256ByWebCrypto,
    tiers: {
      standard: createWorkersRateLimiter(env.RATE_STANDARD, RATE_TIERS.standard, log),
      high: createWorkersRateLimiter(env.RATE_HIGH, RATE_TIERS.high, log),
    },
    failedAuthentications: createWorkersRateLimiter(env.RATE_AUTH_FAILURES, FAILED_AUTHENTICATIONS, log),
  };
  const core = createCore(settings.value, platform);
  const executions = createDurableObjectExecutions({
    namespace: env.EXECUTIONS,
    locationOf: ({ arn }) => objectLocation(arn?.region ?? settings.value.region),
    log,
  });
  const lists = createDurableObjectLists({
    namespace: env.EXECUTIONS,
    locationOf: (of) => objectLocation(regionOf(of) ?? settings.value.region),
    log,
  });
  return ok({
    app: createService(settings.value, platform, core, { executions, lists }),
    core,
    isIndexLookedAt: false,
  });
}

/**
 * Starts the build of the archive's index if it is not complete. Runs at an isolate's first request, and
 * again after a failure.
 */
async function keepIndexBuilding(made: Isolate, env: Env): Promise<void> {
  made.isIndexLookedAt = true;
  try {
    if (!(await made.core.indexBuild.isDone())) await startIndexBuild(env.EXECUTIONS);
  } catch (error) {
    made.isIndexLookedAt = false;
    log({ event: 'index-build-failed', level: 'error', reason: faultText(error) });
  }
}

/** The class of the binding BUDGETS. Each call budget has one object. */
export { CallBudgetObject } from './sources/call-budget/budget-object.ts';

/** The class of the binding EXECUTIONS. Each execution and each list of executions has one object. */
export class ExecutionObject extends ExecutionDurableObject<Env> {
  protected override shared(): SharedExecutionOptions & { readonly indexBuild: IndexBuild } {
    const { shared, indexBuild } = this.#core();
    return { ...shared, indexBuild };
  }

  protected override openList(): OpenList {
    return this.#core().openList;
  }

  #core(): Core {
    const made = isolateFor(this.env);
    if (!made.ok) throw new Error('not configured');
    return made.value.core;
  }
}

export default {
  fetch(request, env, context): Response | Promise<Response> {
    const made = isolateFor(env);
    if (!made.ok) {
      const requestId = crypto.randomUUID();
      const headers = { ...securityHeaders, 'X-Request-Id': requestId };
      const refuse = request.headers.has('X-Amz-Target') ? awsRefusalFor(request) : problemResponse;
      const problem = refuse(made.failure, requestId, readPublicUrl({ ...env }));
      return toResponse(withHeaders(problem, headers));
    }
    if (!made.value.isIndexLookedAt) context.waitUntil(keepIndexBuilding(made.value, env));
    return made.value.app.fetch(request, {
      runtime: {
        clientAddress: () => workersClientAddress(request.headers),
        waitUntil: (work) => context.waitUntil(work),
      },
    });
  },
} satisfies ExportedHandler<Env>;
