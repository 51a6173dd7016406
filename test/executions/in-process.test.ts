import { expect, test } from 'vitest';

import { IDLE_EXECUTIONS_MAX } from '../../src/executions/runtimes/in-process.ts';
import { someHistory } from '../support/histories.ts';
import { settle } from '../support/manual-clock.ts';
import { ExecutionsUnderTest, READER, REF, readPage, valueOf } from './executions-under-test.ts';

const REQUEST = {
  from: { at: 'start' },
  maxResults: 250,
  payloads: 'full',
  ...READER,
  waitMs: 0,
} as const;

test('executions with open requests are never evicted, so each has at most one call in flight', async () => {
  const under = new ExecutionsUnderTest({ messages: someHistory({ length: 3 }) });
  const ids = Array.from({ length: IDLE_EXECUTIONS_MAX + 200 }, (_, n) => `flow-${n}`);
  const readAll = () => ids.map((executionId) => under.live.page({ ...REF, executionId }, REQUEST));
  under.source.hold();
  const once = readAll();
  await settle();
  const again = readAll();
  await settle();
  under.source.release();
  for (const page of await Promise.all([...once, ...again]))
    expect(valueOf(readPage(page)).messages).toHaveLength(3);
  expect(under.source.inFlightMax).toBe(1);
  expect(under.source.calls).toHaveLength(ids.length);
});

test('an evicted execution is served from the archive', async () => {
  const history = someHistory({ length: 300, terminal: 'EXECUTION_SUCCEEDED' });
  const under = new ExecutionsUnderTest({ messages: history });
  await under.readAll();
  await under.idle();
  for (let n = 0; n < IDLE_EXECUTIONS_MAX + 1; n++) {
    await under.live.page({ ...REF, executionId: `other ${n}` }, REQUEST);
  }
  under.source.forgetCalls();
  expect(await under.readAll()).toEqual(history);
  expect(under.source.calls).toHaveLength(0);
});

test('closing answers waiting requests immediately and leaves no timers', async () => {
  const under = new ExecutionsUnderTest({ messages: someHistory({ length: 3 }) });
  const { next } = valueOf(await under.page());
  const waiting = under.page({ from: { at: 'position', ...next }, waitMs: 50_000 });
  await settle();
  under.live.close();
  expect(valueOf(await waiting).messages).toEqual([]);
  await under.clock.advance(20_000);
  expect(under.clock.sleepers).toBe(0);
});
