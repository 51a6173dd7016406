import { describe, expect, test } from 'vitest';
import { ExecutionIndex } from '../../src/archive/execution-index.ts';
import { FaultyStore } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import type { ScriptedListing } from '../support/scripted-listing.ts';
import { START_MS, ended, idOf, iso, listUnderTest, namesOf } from './list-under-test.ts';

describe('upstream calls', () => {
  const callsOfReaders = async (readers: number): Promise<ScriptedListing> => {
    const { source, clock, page } = listUnderTest({
      upstream: { executions: ended(300), pageSizeMax: 100 },
    });
    for (let second = 0; second < 12; second++) {
      const requests = Array.from({ length: readers }, (_, reader) =>
        page({ maxResults: 250, tenant: `key/${reader % 20}` }),
      );
      for (const { executions } of await Promise.all(requests)) expect(executions.length).toBe(250);
      await clock.advance(1_000);
    }
    return source;
  };

  test('are as many for 200 readers as for one, and run one at a time', async () => {
    const [one, many] = [await callsOfReaders(1), await callsOfReaders(200)];
    expect(many.calls.length).toBe(one.calls.length);
    expect(many.inFlightMax).toBe(1);
  });

  test('are shared and cached even if they fail', async () => {
    const { source, page } = listUnderTest();
    source.conduct = () => ({ failure: 'upstream-timeout' });
    await Promise.all(Array.from({ length: 50 }, () => page()));
    await page();
    expect(source.calls.length).toBe(1);
  });

  test('stop once no caller waits for them', async () => {
    const { source, list, request, page } = listUnderTest({
      upstream: { executions: ended(30), pageSizeMax: 10 },
    });
    source.hold();
    const leaving = new AbortController();
    const left = list.page(request({ startedBeforeMs: START_MS - 15_000 }), leaving.signal);
    const stays = page({ maxResults: 5 });
    leaving.abort();
    source.release();
    await Promise.all([left, stays]);
    expect(source.calls.length).toBe(1);
  });

  test('fail only for the tenant whose share of the budget is exceeded', async () => {
    const { source, list, request } = listUnderTest({ upstream: { executions: ended(3) } });
    source.hold();
    source.conduct = ({ origin }) =>
      origin.class === 'reader' && origin.tenant === 'key/a' ? { failure: 'upstream-share-exceeded' } : {};
    const answers = Promise.all([list.page(request()), list.page(request({ tenant: 'key/b' }))]);
    source.release();
    expect(await answers).toMatchObject([
      { ok: false, failure: { type: 'upstream-share-exceeded' } },
      { ok: true, value: { executions: { length: 3 } } },
    ]);
  });
});

describe('when the upstream fails', () => {
  test.each(['upstream-internal', 'upstream-timeout', 'upstream-broken'] as const)(
    'the archived executions are listed and marked as partial (%s)',
    async (failure) => {
      const { source, archive, page } = listUnderTest({ upstream: { executions: ended(3) } });
      await archive(idOf('e1'), START_MS - 1_000);
      source.conduct = () => ({ failure });
      expect(await page()).toMatchObject({ executions: [{ name: 'e1' }], partial: true });
    },
  );

  test('in the middle of a page, that page is short and the next one is marked as partial', async () => {
    const { source, page } = listUnderTest({ upstream: { executions: ended(30), pageSizeMax: 10 } });
    source.conduct = ({ token }) => (token === undefined ? {} : { failure: 'upstream-internal' });
    const first = await page();
    expect(namesOf(first.executions)).toEqual(ended(9).map(({ name }) => name));
    expect([first.partial, first.searchedBackTo]).toEqual([undefined, iso(START_MS - 9_000)]);
    source.conduct = () => ({ failure: 'upstream-internal' });
    expect(await page({ ...(first.next !== undefined && { after: first.next }) })).toMatchObject({
      executions: [],
      partial: true,
    });
  });

  test('with a throttling error, the page fails, so that a retry can list everything', async () => {
    const { source, archive, list, request } = listUnderTest();
    await archive(idOf('e1'), START_MS);
    source.conduct = () => ({ failure: 'upstream-throttled' });
    expect(await list.page(request())).toMatchObject({ ok: false, failure: { type: 'upstream-throttled' } });
  });

  test.each(['upstream-not-found', 'source-forbidden', 'upstream-invalid-request'] as const)(
    'because it has no such list (%s), the archived executions are the whole list; if none are archived, the failure is returned',
    async (failure) => {
      const { source, archive, list, request, page } = listUnderTest();
      source.conduct = () => ({ failure });
      await archive(idOf('a'), START_MS);
      const { partial, executions } = await page();
      expect([namesOf(executions), partial]).toEqual([['a'], undefined]);
      expect((await page({ statuses: ['RUNNING'] })).executions).toEqual([]);
      expect(await list.page(request({ patterns: [idOf('b')] }))).toMatchObject({
        ok: false,
        failure: { type: failure },
      });
    },
  );

  test('with an exception, the page is marked as partial', async () => {
    const { source, page } = listUnderTest();
    source.conduct = () => ({ throws: true });
    expect(await page()).toMatchObject({ executions: [], partial: true });
  });
});

test('if the store fails, the upstream executions are listed and marked as partial', async () => {
  const clock = new ManualClock(START_MS);
  const store = new FaultyStore(createMemoryStore({ clock }));
  const { page } = listUnderTest({
    clock,
    index: Object.assign(new ExecutionIndex({ store, clock }), { isComplete: async () => true }),
    upstream: { executions: ended(3) },
  });
  store.failReads();
  expect(await page()).toMatchObject({ executions: { length: 3 }, partial: true });
});
