/**
 * An Execution in a Durable Object, and the port that reaches it: pages by RPC, streams by fetch, so that their bytes never pass
 * through the Worker's JavaScript. A thin shell: storage, alarms, and the name. Platform file.
 */
import { hash } from 'node:crypto';

import { DurableObject } from 'cloudflare:workers';

import { isClientGone } from '../../core/client-gone.ts';
import type { IndexBuild } from '../../archive/index-build.ts';
import { type Failure, type Result, fail, ok } from '../../core/errors.ts';
import { faultText } from '../../core/exception-text.ts';
import type { Log } from '../../core/log.ts';
import type { ImportedHistory } from '../../imports/history-import.ts';
import { Execution } from '../execution.ts';
import type { ExecutionStorage } from '../execution-storage.ts';
import {
  type ExecutionName,
  type ExecutionRef,
  executionKey,
  logNames,
  restoreExecutionRef,
} from '../../core/execution-ref.ts';
import type {
  DescriptionAnswer,
  DescriptionRequest,
  ExecutionActivity,
  Executions,
  PageAnswer,
  PageRequest,
  StreamRequest,
  SummaryAnswer,
  SummaryRequest,
  WholePageAnswer,
  WholePageRequest,
} from '../executions.ts';
import type { SharedExecutionOptions } from './in-process.ts';
import { startIndexBuildAlarms, stepIndexBuild } from './index-build-alarms.ts';

/** Bounds of one alarm invocation: time, and requests that polls send (the Free plan allows 50). */
const ALARM_RUN_MS = 30_000;
const ALARM_CALLS_MAX = 40;
/** A deploy or an overload of the object passes quickly. */
const UNREACHABLE_RETRY_SECONDS = 2;

/** The execution and the request of an RPC: plain data. The object itself knows only a hash as its name. */
interface Asked<T> {
  readonly ref: ExecutionRef;
  readonly request: T;
}

/** The class of the binding EXECUTIONS. The entry derives from it to say where the shared parts come from. */
export abstract class ExecutionDurableObject<Env> extends DurableObject<Env> {
  /** What all objects of this isolate share. Throws if the service is not configured; the next call retries. */
  protected abstract shared(): SharedExecutionOptions & { readonly indexBuild: IndexBuild };
  #execution: Execution | undefined;
  #alarmAtMs: number | undefined;
  /** The storage has the name of this execution. */
  #isNamed = false;
  /** It has more than that, as seen after the last deletion: a look at the storage costs as much as a small request. */
  #holdsMore = false;

  page({ ref, request }: Asked<PageRequest>): Promise<Result<PageAnswer>> {
    return this.#ask(ref, (execution) => execution.page(request));
  }

  summary({ ref, request }: Asked<SummaryRequest>): Promise<Result<SummaryAnswer>> {
    return this.#ask(ref, (execution) => execution.summary(request));
  }

  wholePage({ ref, request }: Asked<WholePageRequest>): Promise<Result<WholePageAnswer>> {
    return this.#ask(ref, (execution) => execution.wholePage(request));
  }

  describe({ ref, request }: Asked<DescriptionRequest>): Promise<Result<DescriptionAnswer>> {
    return this.#ask(ref, (execution) => execution.describe(request));
  }

  activity({ ref }: { ref: ExecutionRef }): Promise<Result<ExecutionActivity>> {
    return this.#ask(ref, async (execution) => ok(execution.activity()));
  }

  forget({ ref }: { ref: ExecutionRef }): Promise<Result<{ archived: boolean }>> {
    return this.#ask(ref, (execution) => execution.forget());
  }

  importHistory(ref: ExecutionRef, body: ReadableStream<Uint8Array>): Promise<Result<ImportedHistory>> {
    return this.#ask(ref, (execution) => execution.importHistory(body));
  }

  /** See index-build-alarms.ts. */
  buildIndex(): Promise<void> {
    return startIndexBuildAlarms(this.ctx.storage);
  }

  /** The event stream; a failure before its first byte comes as JSON with status 500. */
  override async fetch(request: Request): Promise<Response> {
    // Safety: only `createDurableObjectExecutions` below can reach an object, and it sends this.
    const asked = (await request.json()) as Asked<StreamRequest>;
    const stream = await this.#ask(asked.ref, (execution) =>
      execution.subscribe(asked.request, request.signal),
    );
    if (!stream.ok) return Response.json(stream.failure, { status: 500 });
    return stream.value ? new Response(stream.value) : new Response(null, { status: 204 });
  }

  override async alarm(): Promise<void> {
    this.#alarmAtMs = undefined;
    if (await stepIndexBuild(this.ctx.storage, () => this.shared().indexBuild)) return;
    const name = await this.ctx.storage.get<ExecutionName>('ref');
    let nextMs: number | undefined;
    try {
      if (name)
        nextMs = await (await this.#open(name)).run({ forMs: ALARM_RUN_MS, callsMax: ALARM_CALLS_MAX });
    } finally {
      if (name && nextMs !== undefined) this.#wake(nextMs, name);
      this.#tidy();
    }
  }

  async #ask<T>(ref: ExecutionRef, question: (execution: Execution) => Promise<T>): Promise<T> {
    const execution = await this.#open(ref);
    try {
      return await question(execution);
    } finally {
      this.#tidy();
    }
  }

  /**
   * The Execution of this object. The reference is made here, once in an object's life: the name may be stored, or sent, by an
   * older version.
   */
  async #open({ source, executionId }: ExecutionName): Promise<Execution> {
    if (this.#execution) return this.#execution;
    const { forRef, ...shared } = this.shared();
    const isNamed = (await this.ctx.storage.get('ref')) !== undefined;
    // Another request was first.
    if (this.#execution) return this.#execution;
    this.#isNamed = isNamed;
    const ref = restoreExecutionRef({ source, executionId });
    this.#execution = new Execution({
      ...shared,
      ...forRef(ref),
      ref,
      storage: objectStorage(this.ctx.storage, {
        beforePut: () => this.#name(ref),
        afterDelete: () => (this.#holdsMore = false),
      }),
      wake: (atMs) => this.#wake(atMs, ref),
    });
    return this.#execution;
  }

  /**
   * Stores the name, for alarms that find the object empty: with the first thing worth storing, so that an id that does not
   * exist leaves nothing behind. Not awaited: the platform writes it together with what follows.
   */
  #name({ source, executionId }: ExecutionName): void {
    if (this.#isNamed) return;
    this.#isNamed = true;
    void this.ctx.storage.put<ExecutionName>('ref', { source, executionId });
  }

  /** Deletes the name if nothing else is stored and nothing is due: the object then ceases to exist. */
  #tidy(): void {
    if (!this.#isNamed || this.#holdsMore || !this.#execution?.idle) return;
    // Read without a pause, so that nothing is stored between the look and the deletion.
    for (const [key] of this.ctx.storage.kv.list({ limit: 2 })) {
      if (key === 'ref') continue;
      this.#holdsMore = true;
      return;
    }
    this.#isNamed = false;
    this.#alarmAtMs = undefined;
    void this.ctx.storage.deleteAlarm();
    void this.ctx.storage.deleteAll();
  }

  #wake(atMs: number, name: ExecutionName): void {
    if (this.#alarmAtMs !== undefined && this.#alarmAtMs <= atMs) return;
    this.#alarmAtMs = atMs;
    this.#name(name);
    // Not awaited: a failed write breaks the object's output gate, which resets the object. Never 0, which sets no alarm.
    void this.ctx.storage.setAlarm(Math.max(1, atMs));
  }
}

const objectStorage = (
  storage: DurableObjectStorage,
  { beforePut, afterDelete }: { readonly beforePut: () => void; readonly afterDelete: () => void },
): ExecutionStorage => ({
  get: (key) => storage.get(key),
  put: (key, value) => {
    beforePut();
    return storage.put(key, value);
  },
  delete: async (keys) => {
    // The platform's limit per call.
    for (let at = 0; at < keys.length; at += 128) await storage.delete(keys.slice(at, at + 128));
    afterDelete();
  },
  list: (prefix) => storage.list({ prefix }),
});

export interface DurableObjectExecutionsOptions<T extends ExecutionDurableObject<never>> {
  readonly namespace: DurableObjectNamespace<T>;
  /** Near the upstream's region. The first call decides where the object lives. */
  readonly locationOf: (ref: ExecutionRef) => DurableObjectLocationHint | undefined;
  readonly log: Log;
}

/** The port to the objects, for the Worker. */
export function createDurableObjectExecutions<T extends ExecutionDurableObject<never>>({
  namespace,
  locationOf,
  log,
}: DurableObjectExecutionsOptions<T>): Executions {
  // A stub must not be used again after it threw, so each call makes a new one; they are cheap.
  const stub = (ref: ExecutionRef) => {
    const name = hash('sha256', executionKey(ref), 'hex');
    const locationHint = locationOf(ref);
    return namespace.get(namespace.idFromName(name), locationHint === undefined ? {} : { locationHint });
  };
  const unreachable = (ref: ExecutionRef, error: unknown): { ok: false; failure: Failure } => {
    log({ event: 'object-unreachable', level: 'error', ...logNames(ref), reason: faultText(error) });
    return fail({ type: 'overloaded', retryAfterSeconds: UNREACHABLE_RETRY_SECONDS, lost: true });
  };
  /** Retries once if the platform marks the error as retryable. */
  const ask = async <R>(ref: ExecutionRef, call: () => Promise<Result<R>>): Promise<Result<R>> => {
    try {
      return await call();
    } catch (error) {
      if (!isRetryable(error)) return unreachable(ref, error);
    }
    try {
      return await call();
    } catch (error) {
      return unreachable(ref, error);
    }
  };
  return {
    page: (ref, request) => ask<PageAnswer>(ref, () => stub(ref).page({ ref, request })),
    summary: (ref, request) => ask<SummaryAnswer>(ref, () => stub(ref).summary({ ref, request })),
    wholePage: (ref, request) => ask<WholePageAnswer>(ref, () => stub(ref).wholePage({ ref, request })),
    describe: (ref, request) => ask<DescriptionAnswer>(ref, () => stub(ref).describe({ ref, request })),
    activity: (ref) => ask<ExecutionActivity>(ref, () => stub(ref).activity({ ref })),
    forget: (ref) => ask(ref, () => stub(ref).forget({ ref })),
    async importHistory(ref, body) {
      try {
        return await stub(ref).importHistory(ref, body);
      } catch (error) {
        return unreachable(ref, error);
      }
    },
    stream: (ref, request, signal, onClosed) =>
      ask(ref, async () => {
        const response = await stub(ref).fetch('https://execution/stream', {
          method: 'POST',
          body: JSON.stringify({ ref, request }),
          ...(signal && { signal }),
        });
        if (response.status === 204) return ok(undefined);
        if (response.ok && response.body) return ok(endingCleanly(response.body, ref, log, onClosed));
        // Safety: the object of this very deployment answers with a Failure or a stream.
        return fail(await response.json<Failure>());
      }),
  };
}

/**
 * The same bytes, with a clean end even if the object behind the stream is reset (a deploy, a crash): the client keeps every
 * event sent so far, and reconnects with its last id. The platform pumps bytes between its own streams natively, one write at a
 * time, so the object notices a client that disconnects or stops reading as if the pipe were not there.
 */
function endingCleanly(
  body: ReadableStream<Uint8Array>,
  ref: ExecutionRef,
  log: Log,
  onClosed: (() => void) | undefined,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream();
  const piped = body.pipeTo(writable, { preventAbort: true });
  void piped.then(onClosed, onClosed);
  piped.catch(async (error: unknown) => {
    // Closing fails if the caller disconnected.
    const closed = await writable.close().then(
      () => true,
      () => false,
    );
    if (closed && !isClientGone(error))
      log({ event: 'stream-broken-off', level: 'warn', ...logNames(ref), reason: faultText(error) });
  });
  return readable;
}

/** `.retryable` and never `.overloaded`: the platform's marks on errors of a stub. */
const isRetryable = (error: unknown): boolean =>
  error instanceof Error && 'retryable' in error && !('overloaded' in error && error.overloaded);
