/** Archives over a shared store that fails on demand, with helpers for tests. */
import { expect } from 'vitest';

import { openWalk, readDescription } from '../../src/compose-sources.ts';
import type { ExecutionRef } from '../../src/core/execution-ref.ts';
import type { ArchiveHead } from '../../src/archive/archive-head.ts';
import { createArchiveMemory } from '../../src/archive/archive-memory.ts';
import { Archive } from '../../src/archive/archive.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { fingerprintAtStart, fingerprintsAlong } from '../../src/messages/fingerprint.ts';
import { type History, endOf } from '../../src/messages/history.ts';
import type { Message } from '../../src/messages/message.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { FaultyStore } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { nextRandom } from '../support/seeded-random.ts';

export const REF: ExecutionRef = {
  source: 'things-graph',
  executionId:
    'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_2019-05-11T19:39:55.317Z_MotionSensor_1',
};

export class ArchiveUnderTest {
  readonly clock = new ManualClock();
  /** The store behind the faulty one. Tests use it to damage records directly. */
  readonly stored = createMemoryStore({ clock: this.clock, oneWritePerSecond: false });
  readonly store = new FaultyStore(this.stored);
  readonly logged: LogRecord[] = [];
  readonly archive: Archive;
  readonly #options: { ttlSeconds?: number };

  constructor(options: { ttlSeconds?: number } = {}) {
    this.#options = options;
    this.archive = this.elsewhere();
  }

  /** The archive as another isolate sees it: the same store and an empty cache. */
  elsewhere(memoryBytes?: number): Archive {
    return new Archive({
      store: this.store,
      memory: createArchiveMemory(this.clock, memoryBytes),
      clock: this.clock,
      log: testLog(this.logged),
      random: nextRandom,
      openWalk,
      readDescription,
      ...this.#options,
    });
  }

  async write(messages: readonly Message[], ref = REF): Promise<ArchiveHead> {
    const writer = this.archive.writer(ref);
    for (const message of messages) await writer.add(message);
    return writer.commit({ from: 'source', archivedAt: this.#now() });
  }

  /** Writes the history and returns true. If the store fails, abandons the archive and returns false. */
  async tryToWrite(messages: readonly Message[], ref = REF): Promise<boolean> {
    const writer = this.archive.writer(ref);
    try {
      for (const message of messages) await writer.add(message);
      await writer.commit({ from: 'source', archivedAt: this.#now() });
      return true;
    } catch {
      await writer.abandon();
      return false;
    }
  }

  async keys(prefix = ''): Promise<string[]> {
    return (await this.stored.list({ prefix })).keys.map(({ name }) => name);
  }

  #now(): string {
    return new Date(this.clock.now()).toISOString();
  }
}

/**
 * Reads all messages, chunk by chunk. Returns the type of the failure if a read fails. Checks that positions
 * and fingerprints of the chunks connect.
 */
export async function readAll(history: History, ref = REF): Promise<Message[] | string> {
  const messages: Message[] = [];
  let chain = [fingerprintAtStart(ref)];
  for (;;) {
    const read = await history.chunkAt(messages.length);
    if (!read.ok) return read.failure.type;
    const { start, fingerprints, last } = read.value;
    expect([start, fingerprints[0]]).toEqual([messages.length, chain.at(-1)]);
    chain = fingerprintsAlong(fingerprints[0] ?? '', read.value.messages);
    expect(fingerprints).toEqual(chain);
    messages.push(...read.value.messages);
    expect(endOf(read.value)).toBe(messages.length);
    if (last) return messages;
    expect(read.value.messages).not.toEqual([]);
  }
}
