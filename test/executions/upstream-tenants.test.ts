/**
 * Several tenants read the same execution. Tests which of them is charged for a call, which of them wait for
 * it, and which are refused.
 */
import { describe, expect, test } from 'vitest';
import { withCallBudget } from '../../src/sources/call-budget/budgeted-source.ts';
import { type CallBudget, createCallBudget } from '../../src/sources/call-budget/call-budget.ts';
import { newWalk } from '../../src/executions/upstream/read-terms.ts';
import type { CallOrigin } from '../../src/sources/source.ts';
import { settle } from '../support/manual-clock.ts';
import { someHistory } from '../support/histories.ts';
import { POLL, UpstreamUnderTest } from './upstream-under-test.ts';

const reader = (tenant: string): CallOrigin => ({ class: 'reader', tenant });
const GREEDY = reader('greedy');
const VICTIM = reader('victim');

function underTest(length = 3) {
  const upstream = new UpstreamUnderTest({ messages: someHistory({ length }) });
  const hurried: CallOrigin[] = [];
  Object.assign(upstream.source, {
    raisePriority: (_ref: unknown, origin: CallOrigin) => hurried.push(origin),
  });
  const read = (position: number, origin: CallOrigin) => upstream.read(position, {}, undefined, origin);
  return { upstream, source: upstream.source, hurried, read };
}

test('a call is charged to the request that caused it, and every request that waits for it can raise its priority', async () => {
  const { source, hurried, read } = underTest();
  source.hold();
  const reads = [read(0, GREEDY), read(0, VICTIM), read(0, POLL)];
  await settle();
  expect(source.calls.map(({ origin }) => origin)).toEqual([GREEDY]);
  expect(hurried).toEqual(expect.arrayContaining([GREEDY, VICTIM, POLL]));
  source.release();
  for (const result of await Promise.all(reads)) expect(result.ok).toBe(true);
  expect(source.calls).toHaveLength(1);
});

test('a request raises the priority of the calls that are queued before its own', async () => {
  const { upstream, source, hurried, read } = underTest(350);
  await upstream.walk();
  upstream.evictAll();
  source.forgetCalls();
  hurried.length = 0;
  source.hold();
  const reads = [read(0, GREEDY), read(100, VICTIM)];
  await settle();
  expect(hurried).toContainEqual(VICTIM);
  source.release();
  await Promise.all(reads);
  expect(source.calls.map(({ origin }) => origin)).toEqual([GREEDY, VICTIM]);
});

test("a tenant waits for at most one of another tenant's queued walks", async () => {
  const { upstream, source, read } = underTest(600);
  await upstream.walk();
  upstream.evictAll();
  source.forgetCalls();
  source.hold();
  const reads = [0, 100, 200, 300, 400].map((position) => read(position, GREEDY));
  reads.push(read(500, VICTIM));
  await settle();
  source.release();
  await Promise.all(reads);
  expect(source.calls.findIndex(({ origin }) => origin === VICTIM)).toBeLessThanOrEqual(1);
  expect(source.calls).toHaveLength(6);
});

test('a refusal of one tenant is not cached, not reported to the poll, and not passed to other tenants', async () => {
  const { upstream, source, read } = underTest();
  source.conduct = ({ origin }) => (origin === GREEDY ? { failure: 'upstream-share-exceeded' } : {});
  source.hold();
  const [greedy, victim, poll] = [read(0, GREEDY), read(0, VICTIM), read(0, POLL)];
  await settle();
  source.release();
  expect(await greedy).toMatchObject({ ok: false, failure: { type: 'upstream-share-exceeded' } });
  expect((await victim).ok).toBe(true);
  expect((await poll).ok).toBe(true);
  expect(source.calls.map(({ origin }) => origin)).toEqual([GREEDY, VICTIM]);
  expect(upstream.readings.every(({ failure }) => failure === undefined)).toBe(true);
});

describe('a call that is queued for the budget', () => {
  /** Uses up a budget of one call per second, and queues a read whose caller leaves with `leave`. */
  async function usedUp() {
    const { upstream, budget } = withBudget();
    await budget.take('another execution', VICTIM);
    const left = new AbortController();
    const leaving = upstream.read(0, {}, newWalk(left.signal), GREEDY);
    await settle();
    return { upstream, budget, leave: () => left.abort(), leaving };
  }

  test('leaves the queue when its last caller disconnects', async () => {
    const { upstream, budget, leave, leaving } = await usedUp();
    leave();
    expect(await leaving).toMatchObject({ failure: { type: 'upstream-unfinished' } });
    const turn = budget.take('another execution', VICTIM);
    await upstream.clock.advance(5_000);
    expect(await turn).toEqual({ ok: true, waitedMs: 1_000 });
    expect(upstream.source.calls).toEqual([]);
    expect(upstream.readings).toEqual([]);
  });

  test('runs at the turn of any tenant that waits for it, and is charged to the tenant that caused it', async () => {
    const { upstream, budget } = withBudget();
    await budget.take('another execution', reader('other'));
    const order: string[] = [];
    const take = (name: string, origin: CallOrigin) =>
      budget.take(`execution ${name}`, origin).then(() => order.push(name));
    const read = (origin: CallOrigin) => upstream.read(0, {}, undefined, origin);
    const all: Promise<unknown>[] = [take('greedy 1', GREEDY), take('greedy 2', GREEDY)];
    all.push(
      read(GREEDY).then(() => order.push('shared')),
      read(VICTIM),
    );
    await settle();
    all.push(take('victim 1', VICTIM), take('victim 2', VICTIM));
    await upstream.clock.advance(6_000);
    await Promise.all(all);
    expect(order).toEqual(['greedy 1', 'shared', 'victim 1', 'victim 2', 'greedy 2']);
    expect(upstream.source.calls.map(({ origin }) => origin)).toEqual([GREEDY]);
  });

  test('is still made for the callers that stay, and again for later callers', async () => {
    const { upstream, leave } = await usedUp();
    const staying = upstream.read(0, {}, newWalk(new AbortController().signal), GREEDY);
    await settle();
    leave();
    await upstream.clock.advance(1_000);
    expect((await staying).ok).toBe(true);
    const again = await usedUp();
    again.leave();
    const late = again.upstream.read(0, {}, newWalk(undefined), VICTIM);
    await again.upstream.clock.advance(1_000);
    expect((await late).ok).toBe(true);
  });
});

function withBudget() {
  const budgets: CallBudget[] = [];
  const upstream = new UpstreamUnderTest({
    messages: someHistory({ length: 3 }),
    within: (source, clock) => {
      const budget = createCallBudget({ clock, callsPerSecond: 1, callsAtOnce: 1 });
      budgets.push(budget);
      return withCallBudget(source, () => budget);
    },
  });
  const [budget] = budgets;
  if (!budget) throw new Error('no budget');
  return { upstream, budget };
}
