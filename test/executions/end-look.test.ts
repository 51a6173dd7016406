/**
 * Executions whose readers only want their first pages are archived too: a background look finds their end,
 * at a bounded cost.
 */
import { expect, test } from 'vitest';

import { ok } from '../../src/core/errors.ts';
import { END_LOOK_MS } from '../../src/executions/settling/end-look.ts';
import { WALK_PAGES_MAX } from '../../src/executions/upstream/read-terms.ts';
import type { SourceDescription } from '../../src/sources/source.ts';
import { someHistory } from '../support/histories.ts';
import { ExecutionsUnderTest, type UnderTestOptions, valueOf } from './executions-under-test.ts';

const ENDED = someHistory({ length: 1_000, terminal: 'EXECUTION_SUCCEEDED' });
const RUNNING = someHistory({ length: 1_000 });

const positions = (under: ExecutionsUnderTest) => under.source.calls.map(({ position }) => position);
const backgroundCalls = (under: ExecutionsUnderTest) =>
  under.source.calls.filter(({ origin }) => origin.class === 'background').length;

/** Makes the source describe executions, and records the call class of each description. */
function describing(options: UnderTestOptions, description: SourceDescription) {
  const under = new ExecutionsUnderTest(options);
  const descriptions: string[] = [];
  under.source.describe = async (_ref, { origin }) => {
    descriptions.push(origin.class);
    return ok(description);
  };
  return { under, descriptions };
}

test('an ended execution is archived although only its first page is read, with one call per upstream page', async () => {
  const under = new ExecutionsUnderTest({ messages: ENDED });
  for (let n = 0; n < 20; n++) valueOf(await under.page({ maxResults: 10 }));
  expect(positions(under)).toEqual([0]);
  await under.idle();
  expect(under.events('archived')).toHaveLength(1);
  expect(positions(under)).toEqual([0, 250, 500, 750]);
  expect(backgroundCalls(under)).toBe(3);
  under.restart();
  under.source.missing = true;
  expect(valueOf(await under.page({ maxResults: 10 }))).toMatchObject({ final: true });
  expect(under.clock.sleepers).toBe(0);
});

test('an execution that ends after a look is archived when its first page is read again later', async () => {
  const under = new ExecutionsUnderTest({ messages: RUNNING });
  valueOf(await under.page({ maxResults: 10 }));
  await under.idle();
  under.source.append({ messageId: 'end', eventType: 'EXECUTION_FAILED' });
  await under.clock.advance(END_LOOK_MS);
  valueOf(await under.page({ maxResults: 10 }));
  await under.clock.advance(10_000);
  expect(under.events('archived')).toHaveLength(1);
});

test('at most one look is made in five minutes, however often the first page of a running execution is read', async () => {
  const under = new ExecutionsUnderTest({ messages: RUNNING });
  const readForMinutes = async (minutes: number) => {
    for (let second = 0; second < minutes * 60; second += 5) {
      valueOf(await under.page({ maxResults: 10 }));
      await under.clock.advance(5_000);
    }
  };
  await readForMinutes(5);
  expect(positions(under)).toEqual([0, 250, 500, 750]);
  under.source.forgetCalls();
  await readForMinutes(10);
  expect(positions(under)).toEqual([750, 750]);
  under.source.forgetCalls();
  await under.clock.advance(3_600_000);
  expect(under.source.calls).toHaveLength(0);
  expect(under.clock.sleepers).toBe(0);
});

test('no look is made if readers request the newest page themselves', async () => {
  const under = new ExecutionsUnderTest({ messages: RUNNING });
  await under.readAll();
  await under.idle();
  expect(backgroundCalls(under)).toBe(0);
});

test('a look at a running execution costs one description and no walk if its source describes executions', async () => {
  const { under, descriptions } = describing(
    { messages: RUNNING },
    { upstreamStatus: 'RUNNING', status: 'RUNNING' },
  );
  for (let n = 0; n < 20; n++) valueOf(await under.page({ maxResults: 10 }));
  await under.clock.advance(60_000);
  expect(descriptions).toEqual(['background']);
  expect(positions(under)).toEqual([0]);
});

test('an execution that its source describes as ended is archived in one walk, however long it is', async () => {
  const length = (WALK_PAGES_MAX + 10) * 10;
  const { under, descriptions } = describing(
    { messages: someHistory({ length, terminal: 'EXECUTION_FAILED' }), pageSizeMax: 10 },
    { upstreamStatus: 'FAILED', status: 'FAILED' },
  );
  valueOf(await under.page({ maxResults: 5 }));
  await under.idle();
  expect(under.events('archived')).toHaveLength(1);
  // The look requests one description. Archiving requests another, which the archive stores.
  expect(descriptions).toEqual(['background', 'background']);
  expect(under.source.calls).toHaveLength(WALK_PAGES_MAX + 10);
});

test('without descriptions, a look reads a bounded number of pages and the next look continues after them', async () => {
  const length = (WALK_PAGES_MAX + 10) * 10;
  const under = new ExecutionsUnderTest({
    messages: someHistory({ length, terminal: 'EXECUTION_FAILED' }),
    pageSizeMax: 10,
  });
  valueOf(await under.page({ maxResults: 5 }));
  await under.idle();
  expect(backgroundCalls(under)).toBe(WALK_PAGES_MAX);
  await under.clock.advance(END_LOOK_MS);
  valueOf(await under.page({ maxResults: 5 }));
  await under.idle();
  expect(under.events('archived')).toHaveLength(1);
  expect(under.source.calls).toHaveLength(WALK_PAGES_MAX + 10);
});

test('an unknown execution causes no look', async () => {
  const under = new ExecutionsUnderTest();
  under.source.missing = true;
  await under.page();
  await under.clock.advance(60_000);
  expect(under.source.calls).toHaveLength(1);
  expect(under.clock.sleepers).toBe(0);
});
