import { describe, expect, test } from 'vitest';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { INDEX_PAGES_MAX } from '../../src/lists/archived-part.ts';
import { LIST_REQUEST_MS_MAX } from '../../src/lists/flow-list.ts';
import { LIST_PAGES_MAX } from '../../src/lists/live-part.ts';
import { LIST_FRESH_MS } from '../../src/lists/upstream-list.ts';
import { createMemoryExecutionStorage } from '../../src/executions/execution-storage.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { FLOW, START_MS, ended, execution, idOf, iso, listUnderTest, namesOf } from './list-under-test.ts';

const YEAR_MS = 365 * 86_400_000;

/** A clock that a test can also advance during a call, by adding to `lateMs`. */
class SlowClock extends ManualClock {
  lateMs = 0;

  override now(): number {
    return super.now() + this.lateMs;
  }
}

describe('an item', () => {
  test('has the members that the upstream lists, but no payload', async () => {
    const { page } = listUnderTest({
      upstream: {
        executions: [
          execution('front-7', START_MS, {
            status: 'FAILED',
            upstreamStatus: 'TIMED_OUT',
            endedAt: iso(START_MS + 2_500),
            redriveCount: 2,
          }),
        ],
      },
    });
    expect((await page()).executions).toEqual([
      {
        flowExecutionId: idOf('front-7'),
        flow: FLOW,
        name: 'front-7',
        source: 'step-functions',
        status: 'FAILED',
        upstreamStatus: 'TIMED_OUT',
        startedAt: iso(START_MS),
        endedAt: iso(START_MS + 2_500),
        durationMs: 2_500,
        redriveCount: 2,
        archived: false,
        final: false,
      },
    ]);
  });

  test("has AWS's own members if the request asks for them and AWS lists the execution", async () => {
    const { archive, page } = listUnderTest({ upstream: { executions: [execution('live', START_MS)] } });
    await archive(idOf('old'), START_MS - YEAR_MS);
    const { executions } = await page({ members: true });
    expect(executions.map(({ members }) => members)).toEqual([{ executionArn: idOf('live') }, undefined]);
    expect((await page()).executions.map(({ members }) => members)).toEqual([undefined, undefined]);
  });

  test('represents both the live and the archived execution, and is final once the execution cannot be redriven', async () => {
    const { archive, page, clock } = listUnderTest({
      upstream: {
        executions: [
          execution('a', START_MS, {
            status: 'FAILED',
            upstreamStatus: 'TIMED_OUT',
            endedAt: iso(START_MS + 1),
          }),
        ],
      },
    });
    await archive(idOf('a'), START_MS, { status: 'FAILED', finalAt: iso(START_MS + 60_000) });
    const state = { status: 'FAILED', upstreamStatus: 'TIMED_OUT', archived: true };
    expect((await page()).executions).toMatchObject([{ ...state, final: false }]);
    await clock.advance(60_000);
    expect((await page()).executions).toMatchObject([{ ...state, final: true }]);
  });

  test.each([
    [
      'of an execution that was redriven after it was archived',
      { status: 'RUNNING', redriveCount: 1 },
      0,
      'RUNNING',
    ],
    [
      'of a redriven execution whose archive lacks the number of redrives',
      { status: 'RUNNING', redriveCount: 1 },
      undefined,
      'RUNNING',
    ],
    [
      'of an execution that was archived after its redrive, while the upstream list lags,',
      { status: 'ABORTED' },
      1,
      'FAILED',
    ],
    ['of an archived execution, while the upstream list lags,', { status: 'RUNNING' }, 0, 'FAILED'],
  ] as const)('%s has the latest state', async (_, live, redriveCount, expected) => {
    const { archive, page } = listUnderTest({
      upstream: { executions: [execution('a', START_MS, { ...live, upstreamStatus: live.status })] },
    });
    await archive(idOf('a'), START_MS, {
      status: 'FAILED',
      finalAt: iso(START_MS + 60_000),
      upstream: { ...(redriveCount !== undefined && { redriveCount }) },
    });
    expect((await page()).executions).toMatchObject([{ status: expected, archived: true }]);
    expect((await page({ statuses: ['FAILED'] })).executions.length).toBe(expected === 'FAILED' ? 1 : 0);
  });

  test('is listed once, at its upstream start time, if the archive has another start time', async () => {
    const { archive, walk } = listUnderTest({
      upstream: { executions: [execution('a', START_MS), execution('b', START_MS - 100)] },
    });
    await archive(idOf('a'), START_MS - 200);
    await archive(idOf('b'), START_MS + 200);
    expect(namesOf(await walk())).toEqual(['a', 'b']);
    expect(namesOf(await walk({ maxResults: 1 }))).toEqual(['a', 'b']);
  });
});

describe('a list', () => {
  test('contains no children of map runs, neither live nor archived', async () => {
    const child = idOf('x').replace(':Door:', ':Door/each:');
    const { archive, walk } = listUnderTest({
      upstream: {
        executions: [
          execution('a', START_MS),
          { ...execution('x', START_MS), ...parseExecutionRef(child), mapRunArn: 'a map run' },
        ],
      },
    });
    await archive(child.replace(':x', ':y'), START_MS);
    expect(namesOf(await walk())).toEqual(['a']);
  });

  test('ends with executions without a start time, in a stable order', async () => {
    const { archive, walk } = listUnderTest({ upstream: { executions: ended(3) } });
    for (const name of ['u1', 'u2', 'u3', 'u4', 'u5']) await archive(idOf(name), undefined);
    const all = namesOf(await walk());
    expect(all.slice(0, 3)).toEqual(['e0', 'e1', 'e2']);
    expect(new Set(all)).toEqual(new Set(['e0', 'e1', 'e2', 'u1', 'u2', 'u3', 'u4', 'u5']));
    expect(all.length).toBe(8);
    expect(namesOf(await walk({ maxResults: 1 }))).toEqual(all);
    expect(namesOf(await walk({ startedAfterMs: 0 }))).toEqual(['e0', 'e1', 'e2']);
  });

  test('has no empty page at its end if the last page is full', async () => {
    const { page } = listUnderTest({ upstream: { executions: ended(4) } });
    const first = await page({ maxResults: 2 });
    expect(first.next).toBeDefined();
    const second = await page({ maxResults: 2, ...(first.next !== undefined && { after: first.next }) });
    expect([namesOf(second.executions), second.next]).toEqual([['e2', 'e3'], undefined]);
  });

  test('of executions that belong to no flow is read from the archive alone', async () => {
    const under = listUnderTest({ of: { source: 'things-graph' } });
    await under.archive('69b151ad-a611-42f5-ac21-fe537f9868ad', START_MS);
    await under.archive('urn:tdm:a/1/b:Workflow:Door_2019-05-11T19:39:55.317Z_x', START_MS);
    await under.archive(idOf('a'), START_MS);
    expect(await under.walk({ of: { source: 'things-graph' } })).toEqual([
      {
        flowExecutionId: '69b151ad-a611-42f5-ac21-fe537f9868ad',
        source: 'things-graph',
        status: 'SUCCEEDED',
        startedAt: iso(START_MS),
        archived: true,
        final: true,
      },
    ]);
    expect(under.source.calls).toEqual([]);
  });
});

describe('a request', () => {
  test('reads a bounded number of upstream pages, and reports how far back it searched', async () => {
    const { source, page } = listUnderTest({ upstream: { executions: ended(250), pageSizeMax: 10 } });
    const first = await page({ namePrefix: 'e249' });
    expect(source.calls.length).toBe(LIST_PAGES_MAX);
    expect(first).toEqual({
      executions: [],
      next: expect.any(String),
      searchedBackTo: iso(START_MS - 99_000),
      upstreamCalls: LIST_PAGES_MAX,
    });
    const second = await page({ namePrefix: 'e249', ...(first.next !== undefined && { after: first.next }) });
    // The page that contains the position is still cached, so it costs no call.
    expect(second.searchedBackTo).toBe(iso(START_MS - 189_000));
    const third = await page({
      namePrefix: 'e249',
      ...(second.next !== undefined && { after: second.next }),
    });
    expect([namesOf(third.executions), third.next, third.searchedBackTo]).toEqual([
      ['e249'],
      undefined,
      undefined,
    ]);
  });

  test('reads a bounded part of the index', async () => {
    const { archive, walk, page } = listUnderTest({ of: { source: 'things-graph' } });
    const request = { of: { source: 'things-graph' }, patterns: ['x-1'] };
    await archive('x-1', START_MS - YEAR_MS);
    for (let count = 0; count < 6_000; count++) await archive(`y-${count}`, START_MS - count * 10);
    const first = await page(request);
    expect(first.executions).toEqual([]);
    expect(first.searchedBackTo).toBe(iso(START_MS - (100 + (INDEX_PAGES_MAX - 1) * 1_000 - 1) * 10));
    expect((await walk(request)).length).toBe(1);
  });

  test('stops reading pages when it takes too long, and the next request continues where it stopped', async () => {
    const clock = new SlowClock(START_MS);
    const { source, walk, page } = listUnderTest({
      clock,
      upstream: { executions: ended(50), pageSizeMax: 10 },
    });
    source.conduct = () => {
      clock.lateMs += LIST_REQUEST_MS_MAX / 2;
      return {};
    };
    const first = await page({ namePrefix: 'e49' });
    expect(source.calls.length).toBe(2);
    expect(first.next).toBeDefined();
    expect(namesOf(await walk({ namePrefix: 'e49' }))).toEqual(['e49']);
  });

  test('for a range of start times reads only the pages of that range, once page rows are stored', async () => {
    const storage = createMemoryExecutionStorage();
    const { source, clock, walk } = listUnderTest({
      storage,
      upstream: { executions: ended(2_000), pageSizeMax: 50 },
    });
    expect((await walk({ maxResults: 250 })).length).toBe(2_000);
    await clock.advance(LIST_FRESH_MS + 1);
    source.calls.length = 0;
    const times = { startedAfterMs: START_MS - 1_710_000, startedBeforeMs: START_MS - 1_700_000 };
    expect(namesOf(await walk(times))).toEqual(Array.from({ length: 10 }, (_, index) => `e${1_701 + index}`));
    expect(source.calls.length).toBeLessThanOrEqual(2);
    // Another object, for instance after a restart, uses the stored rows, too.
    const restarted = listUnderTest({ storage, source });
    source.calls.length = 0;
    expect((await restarted.walk(times)).length).toBe(10);
    expect(source.calls.length).toBeLessThanOrEqual(2);
  });

  test('finds its place again after all tokens have expired', async () => {
    const { source, clock, walk } = listUnderTest({
      upstream: { executions: ended(500), pageSizeMax: 20 },
    });
    let pages = 0;
    const items = await walk({ maxResults: 50 }, async () => {
      if (++pages % 3 !== 0) return;
      await clock.advance(LIST_FRESH_MS + 1);
      source.expireTokens();
    });
    expect(namesOf(items)).toEqual(Array.from({ length: 500 }, (_, age) => `e${age}`));
  });

  test('continues through pages that contain only executions with the same start time', async () => {
    const ties = Array.from({ length: 95 }, (_, index) => execution(`t${index}`, START_MS));
    const { walk } = listUnderTest({ upstream: { executions: [...ended(3), ...ties], pageSizeMax: 10 } });
    expect(new Set(namesOf(await walk({ maxResults: 7 }))).size).toBe(98);
  });
});
