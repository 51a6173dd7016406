/**
 * An archive from a version that did not derive members such as `step` is served with these members, is
 * upgraded once, and stays readable by that version.
 */
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { beforeEach, describe, expect, test } from 'vitest';

import { archiveHeadSchema } from '../../src/archive/archive-head.ts';
import { openWalk } from '../../src/compose-sources.ts';
import type { PageAnswer } from '../../src/executions/executions.ts';
import { WALK_START, deriveAll } from '../../src/messages/derive.ts';
import { decodePage } from '../../src/messages/encoded-page.ts';
import { fingerprintsAlong, fingerprintAtStart } from '../../src/messages/fingerprint.ts';
import type { Message } from '../../src/messages/message.ts';
import { valueOf } from '../access/access-under-test.ts';
import { ExecutionsUnderTest } from './executions-under-test.ts';

const REF = { source: 'things-graph', executionId: 'old' };

interface StoredEntry {
  readonly key: string;
  readonly value: string;
  readonly metadata?: unknown;
}

/** An archive as that version wrote it (test/data/README.md). */
const OLD: readonly StoredEntry[] = readFileSync(
  new URL('../data/archive-before-derived.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

/** That version's schemas, copied, to check that it could still read an upgraded archive. */
const oldMessage = z.object({
  messageId: z.optional(z.string()),
  eventType: z.optional(z.string()),
  timestamp: z.optional(z.string()),
  payload: z.optional(z.string()),
});
const oldRecord = z.object({
  v: z.literal(1),
  source: z.string(),
  executionId: z.string(),
  generation: z.string(),
  start: z.number().check(z.int(), z.nonnegative()),
  fingerprint: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  parts: z.optional(z.array(z.number())),
  messages: z.array(oldMessage),
});
const time = z.string().check(z.maxLength(32));
const oldHead = z.object({
  v: z.literal(1),
  generation: z.string().check(z.regex(/^[0-9a-z]{16}$/)),
  count: z.number().check(z.int(), z.positive()),
  status: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED']),
  startedAt: z.optional(time),
  endedAt: z.optional(time),
  archivedAt: time,
  finalAt: z.optional(time),
  from: z.enum(['source', 'import']),
});

const plain: readonly Message[] = OLD.map(({ value }) => oldRecord.parse(JSON.parse(value)))
  .toSorted((a, b) => a.start - b.start)
  .flatMap(({ messages }) => messages as Message[]);
const { messages: derived } = deriveAll(openWalk, WALK_START, plain);

const HEAD_KEY = 'archive/1/head/things-graph/old';

let under: ExecutionsUnderTest;
beforeEach(async () => {
  under = new ExecutionsUnderTest();
  for (const { key, value, metadata } of OLD) await under.store.put(key, value, { metadata });
});

const read = async (more: object = {}) =>
  valueOf(await under.executions.page(REF, { ...(await pageRequest()), ...more }));
const pageRequest = async () => ({
  from: { at: 'start' as const },
  maxResults: 250,
  payloads: 'full' as const,
  tenant: 'tenant',
  keyId: 'key',
  streamLimit: 10,
  totalStreamLimit: 1_000,
  waitMs: 0,
});
const messagesIn = (page: PageAnswer): readonly Message[] => decodePage(page).messages;
const headNow = async () => archiveHeadSchema.parse((await under.store.get(HEAD_KEY))?.metadata);
const upgraded = () => under.events('archive-upgraded').length;

describe('an archive that an older version wrote', () => {
  test('is served with derived members before its upgrade, at any position and without the upstream', async () => {
    const last = await read({ from: { at: 'last', count: 40 } });
    expect(messagesIn(last)).toEqual(derived.slice(-40));
    const first = await read();
    expect(messagesIn(first)).toEqual(derived.slice(0, 250));
    expect(derived.filter(({ step }) => step !== undefined)).toHaveLength(300);
    expect(under.source.calls).toEqual([]);
  });

  test('is upgraded once in the background, and only derived members and the generation change', async () => {
    const before = await headNow();
    await read();
    await under.idle();
    await under.clock.advance(1_000);
    await under.idle();
    expect(upgraded()).toBe(1);
    const { generation, derived: marker, ...facts } = await headNow();
    const { generation: oldGeneration, ...oldFacts } = before;
    expect(generation).not.toBe(oldGeneration);
    expect({ marker, facts }).toEqual({ marker: 1, facts: oldFacts });
    under.restart();
    expect(messagesIn(await read({ from: { at: 'last', count: 40 } }))).toEqual(derived.slice(-40));
    await under.clock.advance(60_000);
    await under.idle();
    expect(upgraded()).toBe(1);
    expect((await headNow()).generation).toBe(generation);
    expect(under.source.calls).toEqual([]);
  });

  test('stays readable by the older version after its upgrade, with the same messages and cursors', async () => {
    await read();
    await under.idle();
    await under.clock.advance(1_000);
    await under.idle();
    const head = oldHead.parse((await under.store.get(HEAD_KEY))?.metadata);
    const keys = [HEAD_KEY, `archive/1/page/things-graph/old/${head.generation}/1.0`];
    const entries = await Promise.all(keys.map((key) => under.store.get(key)));
    const records = entries.map((entry) => oldRecord.parse(JSON.parse(entry?.value ?? '')));
    expect(records.flatMap(({ messages }) => messages)).toEqual(plain);
    const chain = fingerprintsAlong(fingerprintAtStart(REF), plain);
    expect(records.map(({ start, fingerprint }) => [start, fingerprint])).toEqual([
      [0, chain[0]],
      [250, chain[250]],
    ]);
  });

  test('stays unchanged if the upgrade is interrupted, and the next process upgrades it', async () => {
    const before = await headNow();
    under.store.failAfterWrites(1);
    await read();
    await under.idle();
    under.store.failAfterWrites(Infinity);
    expect([upgraded(), await headNow()]).toEqual([0, before]);
    under.restart();
    expect(messagesIn(await read())).toEqual(derived.slice(0, 250));
    await under.idle();
    await under.clock.advance(1_000);
    await under.idle();
    expect(upgraded()).toBe(1);
  });
});

test('an archive from a newer version is never changed', async () => {
  const [entry] = OLD.filter(({ key }) => key === HEAD_KEY);
  const metadata = { ...Object(entry?.metadata), derived: 2, somethingNew: true };
  await under.store.put(HEAD_KEY, entry?.value ?? '', { metadata });
  await read();
  await under.idle();
  await under.clock.advance(60_000);
  await under.idle();
  expect(upgraded()).toBe(0);
  expect((await under.store.get(HEAD_KEY))?.metadata).toEqual(metadata);
});
