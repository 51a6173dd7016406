/**
 * Kills workerd while it upgrades an archive from a version that derived no members (test/data/README.md).
 * Readers must see the same history as before, and the next process upgrades the archive.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod/mini';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { encodeRecord } from '../../src/archive/archive-record.ts';
import { fingerprintAtStart, fingerprintsAlong } from '../../src/messages/fingerprint.ts';
import { TIMEOUT_MS, eventually } from '../support/eventually.ts';
import { messagesPath, openWorld, type World } from '../support/on-workerd.ts';
import { readAll } from './read-all.ts';

const PAGE_MESSAGES = 250;
const LARGE_PAGES = 40;
const OLD_GENERATION = 'iiiiiiiiiiiiiiii';
const TIMESTAMP = '2026-11-01T00:00:00.000Z';

const messages = (count: number) =>
  Array.from({ length: count }, (_, position) => ({
    messageId: String(position),
    eventType: position === count - 1 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
    timestamp: TIMESTAMP,
    payload: position === count - 1 ? '' : `{stepId: Step${position}, input: ${'x'.repeat(2_000)}}`,
  }));
const large = messages(LARGE_PAGES * PAGE_MESSAGES);

const headKey = (id: string): string => `archive/1/head/things-graph/${id}`;

/**
 * Writes an archive as the old version did: without derived members, states of the walk or a marker in the
 * head.
 */
async function writeOldArchive(id: string, history: ReturnType<typeof messages>): Promise<void> {
  const ref = { source: 'things-graph', executionId: id };
  const chain = fingerprintsAlong(fingerprintAtStart(ref), history);
  const head = {
    v: 1,
    generation: OLD_GENERATION,
    count: history.length,
    status: 'SUCCEEDED',
    startedAt: TIMESTAMP,
    endedAt: TIMESTAMP,
    archivedAt: TIMESTAMP,
    from: 'source',
  };
  for (let start = 0; start < history.length; start += PAGE_MESSAGES) {
    const record = encodeRecord({
      v: 1,
      ...ref,
      generation: OLD_GENERATION,
      start,
      fingerprint: chain[start] ?? '',
      messages: history.slice(start, start + PAGE_MESSAGES),
    });
    const page = `archive/1/page/things-graph/${id}/${OLD_GENERATION}/${start / PAGE_MESSAGES}.0`;
    if (start > 0) await worker.workerd.store.put(page, record);
    else await worker.workerd.store.put(headKey(id), record, { metadata: head });
  }
}

let worker: World;
let key: string;
beforeAll(async () => {
  worker = await openWorld();
  [key = ''] = await worker.keys(1);
  // Archives must be served and upgraded without the upstream.
  await worker.upstream.close();
});
afterAll(() => worker.close());

const head = async (id: string) =>
  z
    .object({ generation: z.string(), derived: z.optional(z.number()), count: z.number() })
    .parse((await worker.workerd.store.getWithMetadata(headKey(id))).metadata);

/**
 * Counts the pages of an archive by generation: each write of an archive has its own. The first page is not
 * counted, because it is part of the head.
 */
async function pagesByGeneration(id: string): Promise<Readonly<Record<string, number>>> {
  const { keys } = await worker.workerd.store.list({ prefix: `archive/1/page/things-graph/${id}/` });
  const generations = keys.map(({ name }) => name.split('/').at(-2) ?? '');
  return Object.fromEntries(
    generations.map((each) => [each, generations.filter((other) => other === each).length]),
  );
}

/**
 * Counts the values in miniflare's store. The store keeps each value in a file, so this process can count
 * them even while workerd is too busy to answer.
 */
async function storedValues(): Promise<number> {
  const files = await readdir(join(worker.workerd.persistTo, 'kv'), { recursive: true });
  return files.filter((file) => file.includes('/blobs/')).length;
}

/**
 * Kills workerd when it has written some of the new pages, and checks the result. Returns how many new
 * pages without a head the kill left.
 */
async function killDuringUpgrade(id: string): Promise<number> {
  await writeOldArchive(id, large);
  const before = await storedValues();
  const asked = await worker.fetch(messagesPath(id, 'last=1'), { headers: { 'X-API-Key': key } });
  expect(asked.status).toBe(200);
  await vi.waitFor(async () => expect(await storedValues()).toBeGreaterThan(before + LARGE_PAGES / 4), {
    timeout: TIMEOUT_MS,
    interval: 1,
  });
  await worker.workerd.restart();

  const read = await readAll(worker, id, key);
  expect(read.map(({ messageId, payload }) => ({ messageId, payload }))).toEqual(
    large.map(({ messageId, payload }) => ({ messageId, payload })),
  );
  expect(read.map(({ step }) => step)).toEqual(
    large.map((_, position) => (position === large.length - 1 ? undefined : `Step${position}`)),
  );
  await eventually(async () => expect(await head(id)).toMatchObject({ derived: 1, count: large.length }));
  const upgraded = await head(id);
  const { [OLD_GENERATION]: old, [upgraded.generation]: current, ...dead } = await pagesByGeneration(id);
  expect([old, current]).toEqual([LARGE_PAGES - 1, LARGE_PAGES - 1]);

  await worker.workerd.restart();
  expect(await readAll(worker, id, key)).toEqual(read);
  expect(await head(id)).toEqual(upgraded);
  return Object.values(dead)[0] ?? 0;
}

test('a SIGKILL during the upgrade of an archive loses nothing, and the next process upgrades it', async () => {
  // New pages whose head was never written prove that workerd was killed in the middle of the upgrade. On a
  // busy machine the kill might come too late. In that case the test tries again.
  for (let attempt = 1, left = 0; left === 0 || left >= LARGE_PAGES - 1; attempt++) {
    left = await killDuringUpgrade(`old-${attempt}`);
  }
});
