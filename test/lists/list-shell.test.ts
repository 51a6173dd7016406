/**
 * Tests what a list in a Durable Object stores, and for how long. list-object.workers.test.ts tests the object
 * itself.
 */
import { expect, test } from 'vitest';

import { ok } from '../../src/core/errors.ts';
import {
  createMemoryExecutionStorage,
  type ExecutionStorage,
} from '../../src/executions/execution-storage.ts';
import { ListFrames } from '../../src/lists/live/list-frames.ts';
import { LiveList } from '../../src/lists/live/live-list.ts';
import type { ListRequest } from '../../src/lists/lists.ts';
import { LIST_KEPT_MS, ListShell } from '../../src/lists/runtimes/list-shell.ts';
import type { OpenList } from '../../src/lists/runtimes/open-list.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { ID_PREFIX, MACHINE, ScriptedFeed } from './scripted-feed.ts';

const BOUNDS = { forMs: 30_000, callsMax: 40 };
const request: ListRequest = {
  of: { flow: { source: 'step-functions', flow: MACHINE, name: 'Door' } },
  patterns: [`${ID_PREFIX}*`],
  maxResults: 50,
  tenant: 'tenant',
};

/** Creates shells around a list that stores one row for each page read. */
function shellUnderTest() {
  const clock = new ManualClock();
  const storage = createMemoryExecutionStorage();
  const wakes: number[] = [];
  let rows = 0;
  const openList: OpenList = (_of, { storage: kept, wake }) => {
    const feed = new ScriptedFeed(clock);
    const readPage = feed.page.bind(feed);
    feed.page = async (asked) => {
      await kept.put(`list-row/${rows++}`, { token: 'token' });
      return readPage(asked);
    };
    return new LiveList({
      names: {},
      feed,
      frames: new ListFrames(() => '{}'),
      clock,
      random: () => 0.5,
      log: testLog(),
      wake,
      checkGrant: async () => ok({}),
    });
  };
  const open = () => new ListShell({ storage, wake: (atMs) => wakes.push(atMs), clock });
  return { clock, storage, wakes, openList, open };
}

const keysIn = async (storage: ExecutionStorage) => [...(await storage.list('')).keys()];

test('a day after the first row was stored, everything is deleted, even if the object was restarted meanwhile', async () => {
  const { clock, storage, wakes, openList, open } = shellUnderTest();
  const shell = open();
  const forgetAtMs = clock.now() + LIST_KEPT_MS;
  await shell.page(openList, request);
  expect(await keysIn(storage)).toEqual(['forget-list-at', 'list-row/0']);
  expect(wakes).toEqual([forgetAtMs]);
  await clock.advance(3_600_000);
  await shell.page(openList, request);
  // The object restarts, woken by an early alarm.
  const again = open();
  expect(await again.run(BOUNDS)).toBe(forgetAtMs);
  await again.page(openList, request);
  expect(await keysIn(storage)).toHaveLength(4);
  await clock.advance(LIST_KEPT_MS);
  expect(await open().run(BOUNDS)).toBeUndefined();
  expect(await keysIn(storage)).toEqual([]);
});

test('rows that are stored after a deletion are kept for another day', async () => {
  const { clock, storage, wakes, openList, open } = shellUnderTest();
  const shell = open();
  await shell.page(openList, request);
  await clock.advance(LIST_KEPT_MS);
  await shell.run(BOUNDS);
  await shell.page(openList, request);
  expect(await keysIn(storage)).toHaveLength(2);
  expect(wakes.at(-1)).toBe(clock.now() + LIST_KEPT_MS);
});

test('an object without stored rows has nothing to do when it wakes', async () => {
  expect(await shellUnderTest().open().run(BOUNDS)).toBeUndefined();
});
