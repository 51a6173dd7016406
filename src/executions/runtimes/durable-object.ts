/**
 * Runs an Execution in a Durable Object, and gives the Worker the port to it. Pages are read by RPC. Streams
 * are opened by fetch, so that their bytes never pass through the Worker's JavaScript. This shell provides
 * storage, alarms, and the execution's name. Objects of the same class also serve lists (lists/runtimes/).
 */
import { DurableObject } from 'cloudflare:workers';

import type { IndexBuild } from '../../archive/index-build.ts';
import { systemClock } from '../../core/clock.ts';
import { type Result, ok } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { ImportedHistory } from '../../imports/history-import.ts';
import { Execution } from '../serving/execution.ts';
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
import type { ListPage, ListRequest } from '../../lists/lists.ts';
import { LIST_STREAM_PATH, ListShell } from '../../lists/runtimes/list-shell.ts';
import type { OpenList } from '../../lists/runtimes/open-list.ts';
import type { SharedExecutionOptions } from './in-process.ts';
import { startIndexBuildAlarms, stepIndexBuild } from './index-build-alarms.ts';
import { ObjectCalls } from '../../objects/object-calls.ts';
import { ObjectIds } from '../../objects/object-ids.ts';
import { streamAnswer } from '../../objects/stream-answer.ts';
import { readStreamRequest, streamRequest } from './stream-request.ts';

/**
 * How long one alarm may run, and after how many requests it starts no further poll. The last poll can send
 * more, and the Free plan allows 50.
 */
const ALARM_RUN_MS = 30_000;
const ALARM_CALLS_MAX = 40;

/**
 * The arguments of an RPC, as plain data. They contain the reference, because the object's own name is only a
 * hash.
 */
interface Asked<T> {
  readonly ref: ExecutionRef;
  readonly request: T;
}

/**
 * The class behind the binding EXECUTIONS. The Worker's entry (worker.ts) derives from it and provides the
 * shared parts.
 */
export abstract class ExecutionDurableObject<Env> extends DurableObject<Env> {
  /**
   * The parts that all objects of this isolate share. Throws if the service is not configured, so the next
   * request tries again.
   */
  protected abstract shared(): SharedExecutionOptions & { readonly indexBuild: IndexBuild };
  /** Like `shared`, for lists. */
  protected abstract openList(): OpenList;

  #execution: Execution | undefined;
  /** Used if this object is a list. */
  readonly #list = new ListShell({
    storage: objectStorage(this.ctx.storage),
    wake: (atMs) => this.#setAlarm(atMs),
    clock: systemClock,
  });
  #alarmAtMs: number | undefined;
  /** True if the storage contains the name of this execution. */
  #isNamed = false;
  /**
   * True if the last check found anything besides the name in storage, and nothing was deleted since. Cached,
   * because a check costs as much as a small request.
   */
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

  listPage(request: ListRequest): Promise<Result<ListPage>> {
    return this.#list.page(this.openList(), request);
  }

  /** Opens the event stream of an execution or a list. */
  override async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === LIST_STREAM_PATH) {
      return this.#list.stream(this.openList(), request);
    }
    // Safety: only `createDurableObjectExecutions` below sends these requests, and it sends this type.
    const asked = readStreamRequest(request) as Asked<StreamRequest>;
    const stream = await this.#ask(asked.ref, (execution) =>
      execution.subscribe(asked.request, request.signal),
    );
    return streamAnswer(stream);
  }

  override async alarm(): Promise<void> {
    this.#alarmAtMs = undefined;
    if (await stepIndexBuild(this.ctx.storage, () => this.shared().indexBuild)) return;
    const name = await this.ctx.storage.get<ExecutionName>('ref');
    const bounds = { forMs: ALARM_RUN_MS, callsMax: ALARM_CALLS_MAX };
    if (!name) {
      const nextMs = await this.#list.run(bounds);
      if (nextMs !== undefined) this.#setAlarm(nextMs);
      return;
    }
    let nextMs: number | undefined;
    try {
      nextMs = await (await this.#open(name)).run(bounds);
    } finally {
      if (nextMs !== undefined) this.#wake(nextMs, name);
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
   * Returns this object's Execution. The first call creates it. The reference is parsed again here, because
   * an older version may have stored or sent it.
   */
  async #open({ source, executionId }: ExecutionName): Promise<Execution> {
    if (this.#execution) return this.#execution;
    const { forRef, ...shared } = this.shared();
    const isNamed = (await this.ctx.storage.get('ref')) !== undefined;
    // A concurrent request has created the Execution meanwhile.
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
   * Stores the execution's name, which alarms need after the object has been evicted. The name is stored
   * together with the first other value, so that an unknown id leaves no data. Not awaited: the platform
   * combines this write with the next ones.
   */
  #name({ source, executionId }: ExecutionName): void {
    if (this.#isNamed) return;
    this.#isNamed = true;
    void this.ctx.storage.put<ExecutionName>('ref', { source, executionId });
  }

  /** Deletes the name if nothing else is stored and no work is due. The object then no longer exists. */
  #tidy(): void {
    if (!this.#isNamed || this.#holdsMore || !this.#execution?.idle) return;
    // Synchronous, so that nothing is stored between this check and the deletion.
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
    this.#name(name);
    this.#setAlarm(atMs);
  }

  #setAlarm(atMs: number): void {
    if (this.#alarmAtMs !== undefined && this.#alarmAtMs <= atMs) return;
    this.#alarmAtMs = atMs;
    // Not awaited: if the write fails, the platform resets the object. The time is at least 1, because 0 sets
    // no alarm.
    void this.ctx.storage.setAlarm(Math.max(1, atMs));
  }
}

const objectStorage = (
  storage: DurableObjectStorage,
  { beforePut, afterDelete }: { readonly beforePut?: () => void; readonly afterDelete?: () => void } = {},
): ExecutionStorage => ({
  get: (key) => storage.get(key),
  put: (key, value) => {
    beforePut?.();
    return storage.put(key, value);
  },
  delete: async (keys) => {
    // The platform deletes at most 128 keys per call.
    for (let at = 0; at < keys.length; at += 128) await storage.delete(keys.slice(at, at + 128));
    afterDelete?.();
  },
  list: (prefix) => storage.list({ prefix }),
});

export interface DurableObjectExecutionsOptions<T extends ExecutionDurableObject<never>> {
  readonly namespace: DurableObjectNamespace<T>;
  /** A location near the upstream's region. The platform uses it only when the object is first created. */
  readonly locationOf: (ref: ExecutionRef) => DurableObjectLocationHint | undefined;
  readonly log: Log;
}

/** The Worker's port to the objects. */
export function createDurableObjectExecutions<T extends ExecutionDurableObject<never>>({
  namespace,
  locationOf,
  log,
}: DurableObjectExecutionsOptions<T>): Executions {
  const calls = new ObjectCalls(log);
  const ids = new ObjectIds((name) => namespace.idFromName(name));
  const stub = (ref: ExecutionRef) => {
    const locationHint = locationOf(ref);
    return namespace.get(ids.of(executionKey(ref)), locationHint === undefined ? {} : { locationHint });
  };
  const ask = <R>(ref: ExecutionRef, call: () => Promise<Result<R>>) => calls.ask(logNames(ref), call);
  return {
    page: (ref, request) => ask<PageAnswer>(ref, () => stub(ref).page({ ref, request })),
    summary: (ref, request) => ask<SummaryAnswer>(ref, () => stub(ref).summary({ ref, request })),
    wholePage: (ref, request) => ask<WholePageAnswer>(ref, () => stub(ref).wholePage({ ref, request })),
    describe: (ref, request) => ask<DescriptionAnswer>(ref, () => stub(ref).describe({ ref, request })),
    activity: (ref) => ask<ExecutionActivity>(ref, () => stub(ref).activity({ ref })),
    forget: (ref) => ask(ref, () => stub(ref).forget({ ref })),
    // Not retried: the body can be sent only once.
    importHistory: (ref, body) => calls.askOnce(logNames(ref), () => stub(ref).importHistory(ref, body)),
    stream: (ref, request, signal, onClosed) =>
      ask(ref, async () => {
        const response = await stub(ref).fetch(
          'https://execution/stream',
          streamRequest({ ref, request }, signal),
        );
        return calls.stream(response, logNames(ref), onClosed);
      }),
  };
}
