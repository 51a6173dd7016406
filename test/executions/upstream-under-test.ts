/** An UpstreamHistory over a scripted source, with helpers for tests. */
import { expect } from 'vitest';

import { openWalk } from '../../src/compose-sources.ts';
import {
  createMemoryExecutionStorage,
  type ExecutionStorage,
} from '../../src/executions/execution-storage.ts';
import { type ExecutionRef, executionKey } from '../../src/core/execution-ref.ts';
import { createPageMemory } from '../../src/executions/upstream/page-memory.ts';
import { PageRows } from '../../src/executions/upstream/page-rows.ts';
import { type HeadReading, UpstreamHistory } from '../../src/executions/upstream/upstream-history.ts';
import { type Freshness, newTrace, type Walk } from '../../src/executions/upstream/read-terms.ts';
import { fingerprintAtStart, fingerprintsAlong } from '../../src/messages/fingerprint.ts';
import { type Chunk, endOf } from '../../src/messages/history.ts';
import type { Message } from '../../src/messages/message.ts';
import type { CallOrigin, Source } from '../../src/sources/source.ts';
import { READ } from '../support/call-options.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ScriptedSource, type ScriptedSourceOptions } from '../support/scripted-source.ts';

export const POLL: CallOrigin = { class: 'poll' };

export const EXECUTION_ID = 'urn:tdm:execution';

export interface UnderTestOptions extends ScriptedSourceOptions {
  /** The budget of the page memory. With 1, no page is cached. */
  readonly memoryBytes?: number;
  readonly messagesMax?: number;
  /** Wraps the scripted source. The history reads from the wrapper. */
  readonly within?: (source: Source, clock: ManualClock) => Source;
}

export class UpstreamUnderTest {
  readonly clock = new ManualClock();
  readonly storage: ExecutionStorage = createMemoryExecutionStorage();
  readonly source: ScriptedSource;
  readonly memory;
  readonly readings: HeadReading[] = [];
  history: UpstreamHistory;
  rows: PageRows;
  readonly #messagesMax: number | undefined;
  readonly #readFrom: Source;

  constructor({ memoryBytes, messagesMax, within, ...script }: UnderTestOptions = {}) {
    this.source = new ScriptedSource(script);
    this.#readFrom = within?.(this.source, this.clock) ?? this.source;
    this.memory = createPageMemory(memoryBytes);
    this.#messagesMax = messagesMax;
    ({ history: this.history, rows: this.rows } = this.another());
  }

  get #ref(): ExecutionRef {
    return { source: this.source.name, executionId: EXECUTION_ID };
  }

  /** Opens another history of the same execution over the same storage and memory, as after a restart. */
  another(): { history: UpstreamHistory; rows: PageRows } {
    const rows = new PageRows(this.storage, this.#ref, () => undefined);
    const history = new UpstreamHistory({
      source: this.#readFrom,
      ref: this.#ref,
      rows,
      memory: this.memory,
      openWalk,
      clock: this.clock,
      onHeadRead: (reading) => this.readings.push(reading),
      ...(this.#messagesMax !== undefined && { messagesMax: this.#messagesMax }),
    });
    return { history, rows };
  }

  async restart({ keepMemory = false } = {}): Promise<void> {
    if (!keepMemory) this.evictAll();
    ({ history: this.history, rows: this.rows } = this.another());
    await this.rows.load();
  }

  /** Evicts every page from memory. */
  evictAll(): void {
    for (const key of this.memory.keys()) this.memory.delete(key);
  }

  /** Evicts the page that starts at this position. */
  evict(start: number): void {
    this.memory.delete(`${executionKey(this.#ref)}/${start}`);
  }

  /** Reads a chunk. By default, accepts a last page that is up to a second old. */
  read(position: number, freshness: Partial<Freshness> = {}, walk?: Walk, origin: CallOrigin = READ.origin) {
    const trace = newTrace(origin);
    const done = this.history.chunkAt(
      position,
      { lastNotBeforeMs: this.clock.now() - 1_000, ...freshness },
      trace,
      walk,
    );
    return Object.assign(done, { trace });
  }

  readNewest(freshness: Partial<Freshness> = {}, walk?: Walk) {
    return this.read(Number.MAX_SAFE_INTEGER, freshness, walk);
  }

  pollNewest() {
    return this.read(Number.MAX_SAFE_INTEGER, {}, undefined, POLL);
  }

  /** Reads the whole history from its start. Returns the type of a failure if a read fails. */
  async walk(freshness: Partial<Freshness> = {}): Promise<Message[] | string> {
    const messages: Message[] = [];
    for (;;) {
      const read = await this.read(messages.length, freshness);
      if (!read.ok) return read.failure.type;
      if (endOf(read.value) < messages.length) return 'shorter than it was';
      messages.push(...read.value.messages.slice(messages.length - read.value.start));
      if (read.value.last) return messages;
    }
  }

  /** The fingerprint at each position of a history. */
  fingerprints(messages: readonly Message[]): string[] {
    return fingerprintsAlong(fingerprintAtStart(this.#ref), messages);
  }

  /** Expects the chunk to be a part of this history that contains the position. */
  expectRunOf(chunk: Chunk, messages: readonly Message[], position: number): void {
    expect(chunk.messages).toEqual(messages.slice(chunk.start, endOf(chunk)));
    expect(chunk.fingerprints).toEqual(this.fingerprints(messages).slice(chunk.start, endOf(chunk) + 1));
    expect(chunk.start).toBeLessThanOrEqual(position);
    if (!chunk.last) expect(position).toBeLessThan(endOf(chunk));
  }
}
