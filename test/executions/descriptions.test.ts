/**
 * Several requests want a description of the same execution. Tests which of them share a call, and what
 * happens to the call when they disconnect.
 */
import { expect, test } from 'vitest';
import { ok } from '../../src/core/errors.ts';
import { Descriptions, type DescriptionTerms } from '../../src/executions/upstream/descriptions.ts';
import { ExecutionCalls } from '../../src/executions/upstream/execution-calls.ts';
import { newTrace } from '../../src/executions/upstream/read-terms.ts';
import { withCallBudget } from '../../src/sources/call-budget/budgeted-source.ts';
import { createCallBudget } from '../../src/sources/call-budget/call-budget.ts';
import type { CallOrigin, Source } from '../../src/sources/source.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { ScriptedSource } from '../support/scripted-source.ts';
import { REF } from './executions-under-test.ts';

const GREEDY: CallOrigin = { class: 'reader', tenant: 'greedy' };
const VICTIM: CallOrigin = { class: 'reader', tenant: 'victim' };

/** A call budget of one call per second. Its first call is already used, so the next one has to wait. */
async function underTest() {
  const clock = new ManualClock();
  const asked: unknown[] = [];
  const describe: Source['describe'] = async (_ref, { onAttempt }, parts) => {
    onAttempt?.();
    asked.push(parts);
    return ok({ upstreamStatus: 'RUNNING', status: 'RUNNING' });
  };
  const budget = createCallBudget({ clock, callsPerSecond: 1, callsAtOnce: 1 });
  const source = withCallBudget(Object.assign(new ScriptedSource(), { describe }), () => budget);
  const watch = new Descriptions({ ref: REF, source, clock, calls: new ExecutionCalls(source, REF) });
  await budget.take('another execution', VICTIM);
  const ask = (origin: CallOrigin, terms: Partial<DescriptionTerms> = {}) =>
    watch.describe(newTrace(origin), { notBeforeMs: clock.now(), ...terms });
  return { clock, budget, asked, ask };
}

test('a queued description leaves the queue of the budget when its last caller disconnects', async () => {
  const { clock, budget, asked, ask } = await underTest();
  const left = new AbortController();
  const leaving = [ask(GREEDY, { signal: left.signal }), ask(VICTIM, { signal: left.signal })];
  await settle();
  left.abort();
  for (const answer of leaving)
    expect(await answer).toMatchObject({ failure: { type: 'upstream-unfinished' } });
  const turn = budget.take('another execution', VICTIM);
  await clock.advance(5_000);
  expect(await turn).toEqual({ ok: true, waitedMs: 1_000 });
  expect(asked).toEqual([]);
});

test('a caller that disconnects does not cancel a description for remaining or later callers', async () => {
  const { clock, asked, ask } = await underTest();
  const left = new AbortController();
  const leaving = ask(GREEDY, { signal: left.signal });
  const staying = ask(VICTIM, { signal: new AbortController().signal });
  await settle();
  left.abort();
  expect(await leaving).toMatchObject({ ok: false });
  await clock.advance(1_000);
  expect(await staying).toMatchObject({ ok: true });
  await clock.advance(10);
  const alone = new AbortController();
  const second = ask(GREEDY, { signal: alone.signal });
  await settle();
  alone.abort();
  expect(await second).toMatchObject({ ok: false });
  const late = ask(VICTIM);
  await clock.advance(1_000);
  expect(await late).toMatchObject({ ok: true });
  expect(asked).toEqual(['metadata', 'metadata']);
});

test('a queued description with data also answers callers that want one without data', async () => {
  const { clock, asked, ask } = await underTest();
  const both = [ask(GREEDY, { parts: 'with-data' }), ask(VICTIM)];
  await settle();
  await clock.advance(1_000);
  for (const answer of both) expect(await answer).toMatchObject({ ok: true });
  expect(asked).toEqual(['with-data']);
});
