/** Shares of unknown ids: a tenant that asks for too many is refused further ones, and nothing else. */
import { expect, test } from 'vitest';

import { fail, ok } from '../../src/core/errors.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import {
  UNKNOWN_IDS_BURST,
  UNKNOWN_IDS_PER_SECOND,
  UnknownExecutions,
} from '../../src/executions/unknown-executions.ts';
import { ManualClock } from '../support/manual-clock.ts';

const notFound = () => fail({ type: 'upstream-not-found', internal: 'made up' } as const);

function underTest() {
  const clock = new ManualClock();
  const unknown = new UnknownExecutions(clock);
  const askUnknown = (tenant: string, count: number) => {
    for (let n = 0; n < count; n++) unknown.note(parseExecutionRef(`${tenant}-${n}`), tenant, notFound());
  };
  const refusal = (tenant: string, id = 'another') => unknown.refusal(parseExecutionRef(id), tenant);
  return { clock, unknown, askUnknown, refusal };
}

test('a tenant may ask for a burst of unknown ids, then gets a share that says when to retry', async () => {
  const { clock, askUnknown, refusal } = underTest();
  askUnknown('a', UNKNOWN_IDS_BURST - 1);
  expect(refusal('a')).toBeUndefined();
  askUnknown('a', 1 + UNKNOWN_IDS_PER_SECOND);
  expect(refusal('a')).toMatchObject({ type: 'upstream-share-exceeded', retryAfterSeconds: 2 });
  await clock.advance(2_000);
  expect(refusal('a')).toBeUndefined();
});

test('other tenants, and executions that were found, are not refused', () => {
  const { unknown, askUnknown, refusal } = underTest();
  unknown.note(parseExecutionRef('read'), 'a', ok('a page'));
  unknown.found(parseExecutionRef('imported'));
  askUnknown('a', 2 * UNKNOWN_IDS_BURST);
  expect(refusal('a')).toBeDefined();
  expect(refusal('a', 'read')).toBeUndefined();
  expect(refusal('a', 'imported')).toBeUndefined();
  expect(refusal('b')).toBeUndefined();
});

test('other failures cost nothing', () => {
  const { unknown, refusal } = underTest();
  for (let n = 0; n < 2 * UNKNOWN_IDS_BURST; n++) {
    unknown.note(parseExecutionRef(`${n}`), 'a', fail({ type: 'upstream-timeout', internal: '' }));
  }
  expect(refusal('a')).toBeUndefined();
});
