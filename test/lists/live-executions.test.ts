import { describe, expect, test } from 'vitest';
import { FACTS_FRESH_MS } from '../../src/lists/archived-facts.ts';
import type { ListItem } from '../../src/lists/lists.ts';
import type { NewestExecutions } from '../../src/lists/newest-list.ts';
import { DESCRIBED_AT_ONCE_MAX, DESCRIBED_WITHOUT_LIST_MAX } from '../../src/lists/running-executions.ts';
import { type Result, fail, ok } from '../../src/core/errors.ts';
import type { Source } from '../../src/sources/source.ts';
import {
  START_MS,
  execution,
  idOf,
  iso,
  type ListUnderTestOptions,
  listUnderTest,
  namesOf,
} from './list-under-test.ts';

const POLL = { origin: { class: 'poll' } } as const;
const READ = { origin: { class: 'reader', tenant: 'tenant' } } as const;

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.failure.type);
  return result.value;
}

/** Returns running executions. `r0` is the newest. */
const running = (count: number) =>
  Array.from({ length: count }, (_, age) => execution(`r${age}`, START_MS - age * 1_000));

/** Creates a list with a source that can describe single executions. */
function liveUnderTest(options: ListUnderTestOptions = {}) {
  const described: string[] = [];
  const upstream: Record<string, Awaited<ReturnType<NonNullable<Source['describe']>>>> = {};
  const under = listUnderTest({
    describe: async ({ executionId }) => {
      described.push(executionId);
      return upstream[executionId] ?? ok({ upstreamStatus: 'RUNNING', status: 'RUNNING' });
    },
    ...options,
  });
  const newest = async (): Promise<NewestExecutions> => value(await under.list.newest(POLL));
  const reread = async (items: readonly ListItem[]) =>
    value(await under.list.reread(items, { list: POLL, describe: READ }));
  const end = (name: string, endedAt: string) => {
    under.source.end(idOf(name), 'SUCCEEDED', endedAt);
    upstream[idOf(name)] = ok({ upstreamStatus: 'SUCCEEDED', status: 'SUCCEEDED', endedAt });
  };
  return { ...under, described, upstream, newest, reread, end };
}

describe('the newest executions', () => {
  test('are read anew from the first upstream page, and merged with the archive', async () => {
    const { source, clock, archive, newest } = liveUnderTest({
      upstream: { executions: [execution('a', START_MS), execution('b', START_MS - 5_000)] },
    });
    await archive(idOf('b'), START_MS - 5_000, { status: 'FAILED' });
    await archive(idOf('old'), START_MS - 3_000);
    expect(await newest()).toMatchObject({
      executions: [
        { name: 'a', status: 'RUNNING', archived: false },
        { name: 'old', archived: true },
        { name: 'b', status: 'FAILED', archived: true },
      ],
      hasMore: false,
    });
    source.put(execution('c', START_MS + 1_000));
    await clock.advance(1_001);
    expect(namesOf((await newest()).executions)).toEqual(['c', 'a', 'old', 'b']);
    expect(source.calls.length).toBe(2);
  });

  test('leave out those with the last start time of a full page, because the next page might have more of them', async () => {
    const ties = ['t1', 't2', 't3'].map((name) => execution(name, START_MS - 1_500));
    const { newest } = liveUnderTest({ upstream: { executions: [...running(2), ...ties], pageSizeMax: 3 } });
    expect(await newest()).toMatchObject({ executions: [{ name: 'r0' }, { name: 'r1' }], hasMore: true });
  });

  test('are found even if the upstream lists the oldest first', async () => {
    const { newest } = liveUnderTest({
      upstream: { executions: running(8), pageSizeMax: 3, oldestFirst: true },
    });
    expect(namesOf((await newest()).executions)).toEqual(running(8).map(({ name }) => name));
  });

  test('are shown as archived only after some seconds, because not every poll lists the store', async () => {
    const { clock, archive, newest } = liveUnderTest({ upstream: { executions: running(1) } });
    await newest();
    await archive(idOf('r0'), START_MS);
    await clock.advance(FACTS_FRESH_MS - 1);
    expect(await newest()).toMatchObject({ executions: [{ archived: false }] });
    await clock.advance(1);
    expect(await newest()).toMatchObject({ executions: [{ status: 'SUCCEEDED', archived: true }] });
  });

  test('never change back from archived to live when a poll uses older data of the archive than a page', async () => {
    const { clock, archive, newest, page } = liveUnderTest({ upstream: { executions: running(1) } });
    await newest();
    await archive(idOf('r0'), START_MS);
    expect(await page()).toMatchObject({ executions: [{ archived: true }] });
    await clock.advance(1_001);
    expect(await newest()).toMatchObject({ executions: [{ archived: true }] });
  });

  test('cannot be read while the upstream is down, and come from the archive if the upstream has no such list', async () => {
    const { source, list, clock, archive } = liveUnderTest();
    await archive(idOf('old'), START_MS);
    source.conduct = () => ({ failure: 'upstream-internal' });
    expect(await list.newest(POLL)).toMatchObject({ ok: false, failure: { type: 'upstream-internal' } });
    source.conduct = () => ({ failure: 'upstream-not-found' });
    await clock.advance(2_000);
    expect(await list.newest(POLL)).toMatchObject({ ok: true, value: { executions: [{ name: 'old' }] } });
  });
});

describe('running executions', () => {
  test('are described one by one if they are few', async () => {
    const { source, described, newest, reread, end } = liveUnderTest({
      upstream: { executions: running(2) },
    });
    const { executions } = await newest();
    end('r1', iso(START_MS + 500));
    source.calls.length = 0;
    const [first, second] = await reread(executions);
    expect(first).toEqual(executions[0]);
    expect(second).toEqual({
      ...executions[1],
      status: 'SUCCEEDED',
      upstreamStatus: 'SUCCEEDED',
      endedAt: iso(START_MS + 500),
      durationMs: 1_500,
    });
    expect([described.length, source.calls.length]).toEqual([2, 0]);
  });

  test('are listed by one call if they are many, and only the ended ones are described', async () => {
    const { source, described, newest, reread, end } = liveUnderTest({
      upstream: { executions: running(500) },
    });
    const { executions } = await newest();
    end('r499', iso(START_MS));
    end('r3', iso(START_MS));
    source.calls.length = 0;
    const ended = (await reread(executions)).filter(({ status }) => status !== 'RUNNING');
    expect(namesOf(ended)).toEqual(['r3', 'r499']);
    expect([described.length, source.calls.length]).toEqual([2, 1]);
    expect(source.calls[0]?.upstreamStatus).toBe('RUNNING');
  });

  test('on several upstream pages are read one page per poll, down to the oldest', async () => {
    const { source, clock, described, newest, reread, end } = liveUnderTest({
      upstream: { executions: running(25), pageSizeMax: 10 },
    });
    const executions = (await newest()).executions;
    const old = running(25).map(({ name, startedAt }) => ({
      ...executions[0],
      flowExecutionId: idOf(name),
      name,
      startedAt,
    })) as ListItem[];
    end('r24', iso(START_MS));
    source.calls.length = 0;
    const polls: (readonly ListItem[])[] = [];
    for (let poll = 0; poll < 4; poll++) {
      polls.push(await reread(old));
      await clock.advance(2_000);
    }
    const seen = polls.map((items) => namesOf(items.filter(({ status }) => status !== 'RUNNING')));
    expect(seen).toEqual([[], [], ['r24'], []]);
    expect([described, source.calls.length]).toEqual([[idOf('r24')], 4]);
  });

  test('are read from the first page again if the token of the next page has expired', async () => {
    const { source, newest, reread } = liveUnderTest({
      upstream: { executions: running(25), pageSizeMax: 10 },
    });
    const { executions } = await newest();
    await reread(executions);
    source.expireTokens();
    expect(namesOf(await reread(executions))).toEqual(running(10).map(({ name }) => name));
  });

  test('with the same start time are not mistaken for ended ones when a page ends between them', async () => {
    const ties = Array.from({ length: 25 }, (_, index) => execution(`t${index}`, START_MS));
    const { clock, described, newest, reread, end } = liveUnderTest({
      upstream: { executions: ties, pageSizeMax: 10 },
    });
    await newest();
    const old = ties.map(({ executionId, name, startedAt }) => ({
      flowExecutionId: executionId,
      name,
      startedAt,
      source: 'step-functions',
      status: 'RUNNING',
      archived: false,
      final: false,
    })) as ListItem[];
    end('t7', iso(START_MS + 1));
    for (let poll = 0; poll < 3; poll++) {
      await reread(old);
      await clock.advance(2_000);
    }
    expect(described).toEqual([idOf('t7')]);
  });

  test('are described a few per poll if many end at the same time', async () => {
    const { described, newest, reread, end } = liveUnderTest({ upstream: { executions: running(40) } });
    const { executions } = await newest();
    for (const { name } of running(40)) end(name, iso(START_MS));
    expect((await reread(executions)).length).toBe(DESCRIBED_AT_ONCE_MAX);
    expect(described.length).toBe(DESCRIBED_AT_ONCE_MAX);
  });

  test('are described again after a failure, unless the upstream no longer knows them', async () => {
    const { upstream, described, newest, reread } = liveUnderTest({ upstream: { executions: running(2) } });
    const { executions } = await newest();
    upstream[idOf('r0')] = fail({ type: 'upstream-throttled', internal: '', retryAfterSeconds: 1 });
    upstream[idOf('r1')] = fail({ type: 'upstream-not-found', internal: '' });
    expect(await reread(executions)).toEqual([]);
    expect(await reread(executions)).toEqual([]);
    expect(described).toEqual([idOf('r0'), idOf('r1'), idOf('r0')]);
  });
});

test('the poll interval is the longest of the intervals of the upstream lists that the poll reads', () => {
  const intervalsMs = { newest: 1_500, running: 3_000 };
  const source = Object.assign(liveUnderTest().source, {
    pace: ({ upstreamStatus }: { readonly upstreamStatus?: string }) =>
      upstreamStatus === 'RUNNING' ? intervalsMs.running : intervalsMs.newest,
  });
  const { list } = listUnderTest({ source });
  expect([0, DESCRIBED_WITHOUT_LIST_MAX, 4].map((rereads) => list.pace(2_000, rereads, []))).toEqual([
    intervalsMs.newest,
    intervalsMs.newest,
    intervalsMs.running,
  ]);
});
