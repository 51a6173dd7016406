/**
 * Older versions wrote archives without an index. The build adds these archives to the index, once and in
 * bounded steps, even if the store fails or archives change during the build.
 */
import { beforeEach, describe, expect, test } from 'vitest';

import type { ArchiveHead } from '../../src/archive/archive-head.ts';
import { createArchiveList } from '../../src/archive/archive-list.ts';
import type { Archive } from '../../src/archive/archive.ts';
import { IndexBuild } from '../../src/archive/index-build.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { someHistory } from '../support/histories.ts';
import { testLog } from '../support/secret-search.ts';
import { ArchiveUnderTest } from './archive-under-test.ts';

const MESSAGES = someHistory({ length: 3, terminal: 'EXECUTION_SUCCEEDED', startMs: Date.UTC(2026, 0, 1) });
const arnOf = (name: string) => `arn:aws:states:us-east-1:123456789012:execution:Orders:${name}`;

let under: ArchiveUnderTest;
beforeEach(() => {
  under = new ArchiveUnderTest();
});

const buildOver = (archive: Archive = under.archive) =>
  new IndexBuild({ archive, store: under.store, clock: under.clock, log: testLog(under.logged) });

async function archiveMany(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, n) => (n % 3 === 0 ? arnOf(`run-${n}`) : `plain-${n}`));
  for (const id of ids) await under.write(MESSAGES, parseExecutionRef(id));
  return ids.toSorted();
}

async function indexed(): Promise<string[]> {
  const listed = await under.archive.index.list({ limit: 1_000 });
  if (!listed.ok) throw new Error(listed.failure.type);
  return listed.value.executions.map(({ executionId }) => executionId).toSorted();
}

async function finish(build: IndexBuild): Promise<number> {
  for (let steps = 1; ; steps++) if ((await build.step()) !== 'more') return steps;
}

describe('the build of the index', () => {
  test('indexes all archives once, in steps of fewer than 1,000 operations, and never again', async () => {
    const ids = await archiveMany(220);
    const build = buildOver();
    expect(await build.isDone()).toBe(false);
    for (let step = 'more'; step === 'more';) {
      const before = under.store.calls;
      step = await build.step();
      expect(under.store.calls - before).toBeLessThan(1_000);
    }
    expect(await indexed()).toEqual(ids);
    expect(await build.isDone()).toBe(true);
    const before = under.store.calls;
    const later = buildOver();
    expect(await later.isDone()).toBe(true);
    expect(await finish(later)).toBe(1);
    expect(under.store.calls - before).toBe(2);
    expect(under.logged.filter(({ event }) => event === 'index-built')).toEqual([
      expect.objectContaining({ executions: 220 }),
    ]);
  });

  test('is done after one run if nothing is archived', async () => {
    const build = buildOver();
    await build.run(new AbortController().signal);
    expect(await build.isDone()).toBe(true);
  });

  test('is completed by later processes, at whichever write the earlier ones stopped', async () => {
    const ids = await archiveMany(120);
    for (let writes = 0; writes < 260; writes += 13) {
      under.store.failAfterWrites(writes % 60);
      await finish(buildOver(under.elsewhere()));
    }
    under.store.failAfterWrites(Infinity);
    await finish(buildOver(under.elsewhere()));
    expect(await indexed()).toEqual(ids);
  });

  test('retries after a store failure, and stops when the process shuts down', async () => {
    const ids = await archiveMany(5);
    const ending = new AbortController();
    under.store.failReads();
    const running = buildOver().run(ending.signal);
    await under.clock.advance(10_000);
    under.store.failReads(false);
    await under.clock.advance(60_000);
    await running;
    expect(await indexed()).toEqual(ids);
    under.store.failReads();
    const stopped = buildOver().run(ending.signal);
    await under.clock.advance(1);
    ending.abort();
    await stopped;
  });

  test('starts again if the store no longer accepts its cursor', async () => {
    const ids = await archiveMany(60);
    await under.stored.put(
      'archive/1/index-build',
      JSON.stringify({ v: 1, cursor: 'not one', count: 50, done: false }),
    );
    await finish(buildOver());
    expect(await indexed()).toEqual(ids);
  });

  test('leaves no stale entry if an archive is deleted or replaced while it is indexed', async () => {
    const ref = parseExecutionRef(arnOf('run'));
    for (const change of ['deleted', 'replaced'] as const) {
      for (let step = 0; step < 12; step++) {
        under = new ArchiveUnderTest();
        const old = await under.write(MESSAGES, ref);
        const archive = under.elsewhere();
        let operations = 0;
        const get = under.stored.get.bind(under.stored);
        const put = under.stored.put.bind(under.stored);
        const interfere = async () => {
          if (operations++ !== step) return;
          await changeArchive(change, old);
        };
        under.stored.get = async (...given) => {
          await interfere();
          return get(...given);
        };
        under.stored.put = async (...given) => {
          await interfere();
          return put(...given);
        };
        await finish(buildOver(archive));
        under.stored.get = get;
        under.stored.put = put;
        const head = await under.archive.visibleHead(ref);
        const listed = await under.archive.index.list({ limit: 10 });
        expect(listed.ok && listed.value.executions.map(({ startedAt }) => startedAt)).toEqual(
          head ? [head.startedAt] : [],
        );
      }
    }

    /** Changes archive and index in the same order as the Archivist. */
    async function changeArchive(change: 'deleted' | 'replaced', old: ArchiveHead): Promise<void> {
      const { archive } = under;
      const { indexEntryOf } = await import('../../src/archive/index-record.ts');
      if (change === 'deleted') await archive.forget(ref);
      else {
        const later = someHistory({ length: 3, terminal: 'EXECUTION_FAILED', startMs: Date.UTC(2026, 1, 1) });
        await archive.index.put(ref, await under.write(later, ref));
      }
      await archive.index.remove(ref, indexEntryOf(ref, old).key);
    }
  });

  test('takes start time and status from the description stored in an old archive', async () => {
    const ref = parseExecutionRef(arnOf('described'));
    const writer = under.archive.writer(ref);
    for (const message of MESSAGES) await writer.add(message);
    const described = { status: 'TIMED_OUT', startDate: 1767225600.25, redriveCount: 1 };
    const { upstream, ...old } = await writer.commit(
      { from: 'source', archivedAt: '2026-01-02T00:00:00.000Z' },
      described,
    );
    expect(upstream).toBeDefined();
    const [key = ''] = await under.keys('archive/1/head/');
    await under.stored.put(key, (await under.stored.get(key))?.value ?? '', { metadata: old });
    await finish(buildOver());
    const listed = await under.archive.index.list({ limit: 10 });
    expect(listed.ok && listed.value.executions).toMatchObject([
      { startedAt: '2026-01-01T00:00:00.250Z', upstreamStatus: 'TIMED_OUT', redriveCount: 1 },
    ]);
  });

  test("gives each entry the expiry of its archive's head", async () => {
    under = new ArchiveUnderTest({ ttlSeconds: 3_600 });
    const { expiresAt: _noted, ...old } = await under.write(MESSAGES, parseExecutionRef('a'));
    const [key = ''] = await under.keys('archive/1/head/');
    const value = (await under.stored.get(key))?.value ?? '';
    await under.stored.put(key, value, { metadata: old, ttlSeconds: 3_600 });
    await under.clock.advance(1_800_000);
    await finish(buildOver());
    await under.clock.advance(1_799_999);
    expect(await indexed()).toEqual(['a']);
    await under.clock.advance(1);
    expect(await indexed()).toEqual([]);
  });
});

describe('the list of all archives', () => {
  test('is complete before and after the build of the index, and during the build', async () => {
    const ids = await archiveMany(150);
    const build = buildOver();
    const list = createArchiveList(under.archive, build);
    const walk = async (between: () => Promise<unknown>) => {
      const found: string[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await list({ limit: 40, ...(cursor !== undefined && { cursor }) });
        if (!page.ok) throw new Error(page.failure.type);
        found.push(...page.value.executions.map(({ executionId }) => executionId));
        ({ cursor } = page.value);
        if (cursor === undefined) return found;
        await between();
      }
    };
    expect((await walk(async () => undefined)).toSorted()).toEqual(ids);
    const began = await walk(() => build.step());
    expect(began.toSorted()).toEqual(ids);
    expect(await build.isDone()).toBe(true);
    const grouped = await walk(async () => undefined);
    expect(grouped.toSorted()).toEqual(ids);
    expect(grouped).not.toEqual(began);
    for (const cursor of ['x', 'i.x', 'h.x', ''])
      expect(await list({ limit: 1, cursor })).toMatchObject({ failure: { type: 'invalid-input' } });
  });
});
