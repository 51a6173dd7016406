/**
 * In-process Executions behind the archive, as callers see them. They use a scripted source, a store that
 * fails on demand, and a clock that tests advance.
 */
import { createDurableKeys } from '../../src/deno/durable-keys.ts';
import { openWalk, readDescription } from '../../src/compose-sources.ts';
import { Archive } from '../../src/archive/archive.ts';
import { createArchiveMemory } from '../../src/archive/archive-memory.ts';
import { ok, type Result } from '../../src/core/errors.ts';
import { createArchiveFirstExecutions } from '../../src/executions/serving/archive-first.ts';
import { EventFrames, createFrameMemory } from '../../src/executions/following/event-frames.ts';
import type { ExecutionRef } from '../../src/core/execution-ref.ts';
import type { Executions, PageAnswer, PageRequest } from '../../src/executions/executions.ts';
import {
  createInProcessExecutions,
  type InProcessExecutions,
} from '../../src/executions/runtimes/in-process.ts';
import { RunningPages } from '../../src/executions/serving/running-pages.ts';
import { createPageMemory, type PageMemory } from '../../src/executions/upstream/page-memory.ts';
import { problemJson } from '../../src/http/problem-response.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { createPageEncoder, decodePage, type PageBody } from '../../src/messages/encoded-page.ts';
import type { Message } from '../../src/messages/message.ts';
import { readThingsGraphEnding } from '../../src/sources/things-graph/things-graph-ending.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { FaultyStore } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ScriptedSource, type ScriptedSourceOptions } from '../support/scripted-source.ts';
import { testLog } from '../support/secret-search.ts';
import { nextRandom } from '../support/seeded-random.ts';

export const REF: ExecutionRef = { source: 'scripted', executionId: 'flow-1' };

export interface UnderTestOptions extends ScriptedSourceOptions {
  readonly listenersMax?: number;
  readonly memory?: PageMemory;
}

/** The reader of tests in which it does not matter who reads. */
export const READER = {
  keyId: 'key',
  tenant: 'tenant',
  streamLimit: 100,
  totalStreamLimit: 1_000,
} as const;

/** A page, together with its decoded body. */
export type ReadPage = PageAnswer & PageBody;

export const readPage = (answer: Result<PageAnswer>): Result<ReadPage> =>
  answer.ok ? ok({ ...answer.value, ...decodePage(answer.value) }) : answer;

export class ExecutionsUnderTest {
  readonly clock = new ManualClock();
  readonly store = new FaultyStore(createMemoryStore({ clock: this.clock, oneWritePerSecond: false }));
  readonly source: ScriptedSource;
  readonly logged: LogRecord[] = [];
  readonly #options: UnderTestOptions;
  live: InProcessExecutions;
  archive: Archive;
  executions: Executions;

  constructor(options: UnderTestOptions = {}) {
    this.#options = options;
    this.source = new ScriptedSource({ pageSizeMax: 250, ...options });
    const opened = this.#open();
    this.live = opened.live;
    this.archive = opened.archive;
    this.executions = opened.executions;
  }

  #open() {
    const { clock, store } = this;
    const log = testLog(this.logged);
    const random = nextRandom;
    const archive = new Archive({
      store,
      memory: createArchiveMemory(clock),
      clock,
      log,
      random,
      openWalk,
      readDescription,
    });
    const frameMemory = createFrameMemory();
    const keys = { current: new Uint8Array(32) };
    const framesFor = (ref: ExecutionRef) => new EventFrames({ ref, keys, memory: frameMemory, problemJson });
    const encodePage = createPageEncoder(keys);
    const { listenersMax, memory = createPageMemory() } = this.#options;
    const live = createInProcessExecutions({
      durable: createDurableKeys(store, log),
      memory,
      pages: new RunningPages(encodePage, clock),
      archive,
      clock,
      random,
      log,
      stillAllowed: async () => ok({}),
      readers: { readEnding: readThingsGraphEnding, readParent: () => undefined },
      openWalk,
      ...(listenersMax !== undefined && { listenersMax }),
      forRef: (ref) => ({ source: this.source, frames: framesFor(ref) }),
    });
    return {
      archive,
      live,
      executions: createArchiveFirstExecutions({
        archive,
        live,
        framesFor,
        encodePage,
        clock,
        random,
        log,
        stillAllowed: async () => ok({}),
        readers: { readEnding: readThingsGraphEnding, readParent: () => undefined },
      }),
    };
  }

  /** Continues as another isolate would: with the same store and with empty memory. */
  restart(): void {
    this.live.close();
    Object.assign(this, this.#open());
  }

  /** Restarts as a new Deno process would, which also continues unfinished work. */
  async resume(): Promise<void> {
    this.restart();
    await this.live.resume();
  }

  async page(request: Partial<PageRequest> = {}, signal?: AbortSignal): Promise<Result<ReadPage>> {
    const all = {
      from: { at: 'start' },
      maxResults: 250,
      payloads: 'full',
      ...READER,
      waitMs: 0,
    } as const;
    return readPage(await this.executions.page(REF, { ...all, ...request }, signal && { signal }));
  }

  summary(waitMs = 0) {
    return this.executions.summary(REF, { waitMs, payloads: 'full', ...READER });
  }

  import(messages: readonly Message[]) {
    const lines = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    return this.executions.importHistory(REF, new Blob([lines]).stream());
  }

  /** Reads the whole history in pages of these sizes, used in rotation. */
  async readAll(sizes: readonly number[] = [250]): Promise<Message[]> {
    const messages: Message[] = [];
    let from: PageRequest['from'] = { at: 'start' };
    for (let page = 0; ; page++) {
      const read: ReadPage = valueOf(
        await this.page({ from, maxResults: sizes[page % sizes.length] ?? 250 }),
      );
      messages.push(...read.messages);
      if (!read.more) return messages;
      from = { at: 'position', ...read.next };
    }
  }

  /** Runs everything that is due now to completion. */
  idle(): Promise<void> {
    return this.clock.advance(1);
  }

  events(event: string): LogRecord[] {
    return this.logged.filter((record) => record.event === event);
  }
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`expected a value: ${JSON.stringify(result.failure)}`);
  return result.value;
}

export const failureOf = (result: Result<unknown>): string =>
  result.ok ? 'no failure' : result.failure.type;
