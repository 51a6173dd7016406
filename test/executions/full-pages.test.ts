/**
 * Cached full pages of executions that are not archived: when the Execution is asked again, and whether
 * cached pages equal its answers.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { PageRequest } from '../../src/executions/executions.ts';
import { FULL_PAGE_FRESH_MS } from '../../src/executions/serving/full-pages.ts';
import { LAST_PAGE_FRESH_MS } from '../../src/executions/serving/history-view.ts';
import { PAYLOAD_ACCESS } from '../../src/messages/payload-access.ts';
import { anyHistory, ended, someHistory } from '../support/histories.ts';
import { ExecutionsUnderTest, READER, REF, failureOf, valueOf } from './executions-under-test.ts';
import { runs } from '../support/seeded-random.ts';

const RUNNING = someHistory({ length: 30 });
const FULL: PageRequest = { from: { at: 'start' }, maxResults: 10, payloads: 'full', ...READER, waitMs: 0 };

/** Counts the pages requested from the Execution itself. */
function counting(under: ExecutionsUnderTest): { asked: number } {
  const count = { asked: 0 };
  const { page } = under.live;
  under.live.page = (...request) => (count.asked++, page(...request));
  return count;
}

describe('the Execution is asked for a full page', () => {
  test('once a second by all readers with the same access together', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    const count = counting(under);
    for (let n = 0; n < 100; n++) valueOf(await under.page({ ...FULL, keyId: `key ${n}`, tenant: `${n}` }));
    expect(count.asked).toBe(1);
    await under.clock.advance(FULL_PAGE_FRESH_MS - 1);
    valueOf(await under.page(FULL));
    expect(count.asked).toBe(1);
    await under.clock.advance(1);
    valueOf(await under.page(FULL));
    expect(count.asked).toBe(2);
  });

  test('separately for each level of access, so no reader gets payloads that its access excludes', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    const count = counting(under);
    for (const payloads of PAYLOAD_ACCESS) {
      for (let n = 0; n < 3; n++) {
        const { messages } = valueOf(await under.page({ ...FULL, payloads }));
        expect(messages.some(({ payload }) => payload !== undefined)).toBe(payloads === 'full');
      }
    }
    expect(count.asked).toBe(PAYLOAD_ACCESS.length);
  });

  test('by every request that waits', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    const count = counting(under);
    for (let n = 0; n < 3; n++) valueOf(await under.page({ ...FULL, waitMs: 1_000 }));
    expect(count.asked).toBe(3);
  });

  test('again after it has reported another status', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    const tail = { from: { at: 'last', count: 5 } } as const;
    valueOf(await under.page(tail));
    await under.clock.advance(LAST_PAGE_FRESH_MS / 2);
    expect(valueOf(await under.page(FULL)).status).toBe('RUNNING');
    await under.clock.advance(LAST_PAGE_FRESH_MS / 2 + 1);
    under.source.append(...ended(RUNNING).slice(-1));
    const count = counting(under);
    expect(valueOf(await under.page(tail)).status).toBe('SUCCEEDED');
    expect(valueOf(await under.page(FULL)).status).toBe('SUCCEEDED');
    expect(count.asked).toBe(2);
  });

  test('again after this process deleted the execution', async () => {
    const under = new ExecutionsUnderTest({ messages: RUNNING });
    valueOf(await under.page(FULL));
    const count = counting(under);
    under.source.missing = true;
    valueOf(await under.executions.forget(REF));
    expect(failureOf(await under.page(FULL))).toBe('upstream-not-found');
    expect(count.asked).toBe(1);
  });
});

test('the Execution is asked for every page that is not full', async () => {
  const under = new ExecutionsUnderTest({ messages: RUNNING });
  const count = counting(under);
  for (let n = 0; n < 3; n++) valueOf(await under.page({ ...FULL, maxResults: 30 }));
  for (let n = 0; n < 3; n++) valueOf(await under.page({ from: { at: 'last', count: 10 } }));
  expect(count.asked).toBe(6);
});

test('a cached full page is reported as a hit, although its first read was a miss', async () => {
  const under = new ExecutionsUnderTest({ messages: RUNNING });
  const served = async () => valueOf(await under.page(FULL)).served;
  expect(await served()).toEqual({ layer: 'live', forward: 'miss', upstreamCalls: 1 });
  expect(await served()).toEqual({ layer: 'live', forward: 'hit', upstreamCalls: 0 });
});

test('a cached page equals the page that the Execution would return now', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyHistory(300, 2),
      fc.array(
        fc.record({
          maxResults: fc.integer({ min: 1, max: 60 }),
          payloads: fc.constantFrom(...PAYLOAD_ACCESS),
          eventTypes: fc.constantFrom(undefined, ['STEP_STARTED'], ['STEP_STARTED', 'STEP_SUCCEEDED']),
          growth: fc.nat(5),
          pauseMs: fc.constantFrom(0, 1, 400, 999),
          next: fc.boolean(),
        }),
        { minLength: 5, maxLength: 30 },
      ),
      async (drawn, reads) => {
        const all = drawn.slice(0, -1);
        const start = Math.ceil(all.length / 2);
        const under = new ExecutionsUnderTest({ messages: all.slice(0, start) });
        // Reads the end first, so that the Execution knows the status.
        valueOf(await under.page({ from: { at: 'last', count: 1 } }));
        let from: PageRequest['from'] = { at: 'start' };
        for (const { growth, pauseMs, next, eventTypes, ...request } of reads) {
          const { length } = under.source.messages;
          under.source.append(...all.slice(length, length + growth));
          await under.clock.advance(pauseMs);
          const asked: PageRequest = { ...FULL, ...request, from, ...(eventTypes && { eventTypes }) };
          const got = valueOf(await under.page(asked));
          const direct = valueOf(await under.live.page(REF, asked));
          expect({ cursor: got.cursor, etag: got.etag, body: got.body }).toEqual({
            cursor: direct.cursor,
            etag: direct.etag,
            body: direct.body,
          });
          if (next) from = got.more ? { at: 'position', ...got.next } : { at: 'start' };
        }
      },
    ),
    { numRuns: runs(30) },
  );
});
