/** A tenant that asks for too many unknown ids is refused more of them, but nothing else. */
import { expect, test } from 'vitest';

import { fail, ok } from '../../src/core/errors.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { UNKNOWN_IDS_BURST, UnknownExecutions } from '../../src/executions/unknown-executions.ts';
import { ManualClock } from '../support/manual-clock.ts';

const notFound = () => fail({ type: 'upstream-not-found', internal: 'made up' } as const);

function underTest() {
  const clock = new ManualClock();
  const unknown = new UnknownExecutions(clock);
  const askUnknown = async (tenant: string, count: number) => {
    for (let n = 0; n < count; n++)
      await unknown.ask(parseExecutionRef(`${tenant}-${n}`), tenant, async () => notFound());
  };
  const refusal = (tenant: string, id = 'another') => unknown.refusal(parseExecutionRef(id), tenant);
  return { clock, unknown, askUnknown, refusal };
}

test('a tenant can ask for a burst of unknown ids, and is then refused with the time to retry', async () => {
  const { clock, askUnknown, refusal } = underTest();
  await askUnknown('a', UNKNOWN_IDS_BURST - 1);
  expect(refusal('a')).toBeUndefined();
  await askUnknown('a', 2);
  expect(refusal('a')).toMatchObject({ type: 'upstream-share-exceeded', retryAfterSeconds: 1 });
  await clock.advance(1_000);
  expect(refusal('a')).toBeUndefined();
});

test('a tenant above the limit can still read executions that were found, and other tenants are not refused', async () => {
  const { unknown, askUnknown, refusal } = underTest();
  await unknown.ask(parseExecutionRef('read'), 'a', async () => ok('a page'));
  unknown.found(parseExecutionRef('imported'));
  await askUnknown('a', 2 * UNKNOWN_IDS_BURST);
  expect(refusal('a')).toBeDefined();
  expect(refusal('a', 'read')).toBeUndefined();
  expect(refusal('a', 'imported')).toBeUndefined();
  expect(refusal('b')).toBeUndefined();
});

test('failures other than "not found" do not count towards the limit', async () => {
  const { unknown, refusal } = underTest();
  for (let n = 0; n < 2 * UNKNOWN_IDS_BURST; n++) {
    await unknown.ask(parseExecutionRef(`${n}`), 'a', async () =>
      fail({ type: 'upstream-timeout', internal: '' }),
    );
  }
  expect(refusal('a')).toBeUndefined();
});

test('first requests for ids run eight at a time, round-robin over tenants, and known ids never wait', async () => {
  const { clock, unknown } = underTest();
  await unknown.ask(parseExecutionRef('known'), 'b', async () => ok('a page'));
  const asked: string[] = [];
  const question = (id: string) => async () => {
    asked.push(id);
    await clock.sleep(100);
    return ok(id);
  };
  for (let n = 0; n < 20; n++) void unknown.ask(parseExecutionRef(`a${n}`), 'a', question(`a${n}`));
  void unknown.ask(parseExecutionRef('b0'), 'b', question('b0'));
  void unknown.ask(parseExecutionRef('known'), 'b', question('known'));
  await clock.advance(1);
  expect(asked.toSorted()).toEqual([...Array.from({ length: 8 }, (_, n) => `a${n}`), 'known'].toSorted());
  await clock.advance(250);
  expect(asked.slice(0, 12)).toContain('b0');
  await clock.advance(1_000);
  expect(asked).toHaveLength(22);
});
