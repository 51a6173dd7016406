/**
 * Invariant 1 under random trouble between requests: short or empty upstream pages, expired tokens, reads
 * that lag or fail, a failing store, new messages, archiving, and restarts that lose all memory.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { PageRequest } from '../../src/executions/executions.ts';
import type { Message } from '../../src/messages/message.ts';
import { anyHistory, ended } from '../support/histories.ts';
import { type Conduct, conducts } from '../support/scripted-source.ts';
import { ExecutionsUnderTest, READER, REF } from './executions-under-test.ts';
import { runs } from '../support/seeded-random.ts';

const HISTORY_MAX = 3_000;
/** Trouble stops after this many requests. From then on the reader must reach the end. */
const TROUBLED_REQUESTS_MAX = 60;

const anyConduct: fc.Arbitrary<Conduct> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: fc.record({ most: fc.integer({ min: 1, max: 250 }) }) },
  { weight: 2, arbitrary: fc.record({ lag: fc.integer({ min: 1, max: 300 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      failure: fc.constantFrom(
        'upstream-throttled',
        'upstream-internal',
        'upstream-timeout',
        'upstream-too-large',
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ empty: true }) },
  { weight: 1, arbitrary: fc.constant({ dangling: true }) },
  { weight: 2, arbitrary: fc.constant({ expireTokens: true }) },
);

/** What happens before each request, and the request itself. */
const anyStep = fc.record({
  advanceMs: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.constantFrom(300, 1_100, 11_000, 400_000)),
  grow: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 400 })),
  restart: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  store: fc.oneof(
    { weight: 6, arbitrary: fc.constant('well' as const) },
    fc.constantFrom('reads fail' as const, 'writes fail' as const),
  ),
  otherReader: fc.boolean(),
  maxResults: fc.oneof(fc.integer({ min: 1, max: 250 }), fc.constantFrom(1, 249, 250)),
  waitMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constant(3_000)),
});

/** Replaces terminal messages, so that only the last message can end the execution. */
const running = (history: readonly Message[]): Message[] =>
  history.map((message) =>
    message.eventType?.startsWith('EXECUTION_') ? { ...message, eventType: 'STEP_STARTED' } : message,
  );

test('following nextToken yields each message exactly once, in order', async () => {
  let archives = 0;
  await fc.assert(
    fc.asyncProperty(
      anyHistory(HISTORY_MAX, 1),
      fc.boolean(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(anyConduct, { minLength: 1, maxLength: 20 }),
      fc.constantFrom(Infinity, 2, 5, 20),
      fc.array(anyStep, { minLength: 1, maxLength: 30 }),
      async (drawn, ends, thereAtFirst, conduct, tokenLifeCalls, steps) => {
        const history = ends ? ended(running(drawn)) : running(drawn);
        const under = new ExecutionsUnderTest({
          messages: history.slice(0, Math.floor(history.length * thereAtFirst)),
          conduct: conducts(conduct),
          tokenLifeCalls,
        });
        const read: Message[] = [];
        let from: PageRequest['from'] = { at: 'start' };
        for (let request = 0; ; request++) {
          const troubled = request < TROUBLED_REQUESTS_MAX;
          const step = steps[request % steps.length];
          if (!step) throw new Error('the steps are empty');
          const { source, store, clock } = under;
          if (!troubled) {
            source.conduct = () => ({});
            source.tokenLifeCalls = Infinity;
          }
          const there = source.messages.length;
          source.append(...history.slice(there, there + (troubled ? step.grow : HISTORY_MAX)));
          store.failReads(troubled && step.store === 'reads fail');
          store.failAfterWrites(troubled && step.store === 'writes fail' ? 1 : Infinity);
          if (troubled && step.restart) under.restart();
          await clock.advance(troubled ? step.advanceMs : 1_100);
          const asked = under.page({
            from,
            maxResults: troubled ? step.maxResults : 250,
            waitMs: step.waitMs,
          });
          const other = step.otherReader
            ? under.executions.summary(REF, { waitMs: 0, payloads: 'full', ...READER })
            : undefined;
          if (step.waitMs > 0) await clock.advance(step.waitMs + 1);
          const [page] = await Promise.all([asked, other]);
          if (!page.ok) {
            expect(page.failure.type).toMatch(/^(upstream-|store-unavailable)/);
            // A failure is cached for at most one poll interval, so requests must succeed soon after the
            // trouble.
            if (request > TROUBLED_REQUESTS_MAX + 2) expect(page.failure).toBe('a page');
            await clock.advance(troubled ? 1_100 : 15_000);
            continue;
          }
          expect(page.value.messages.length).toBeLessThanOrEqual(250);
          read.push(...page.value.messages);
          from = { at: 'position', ...page.value.next };
          expect(page.value.next.position).toBe(read.length);
          if (!troubled && !page.value.more) break;
        }
        expect(read).toEqual(history);
        expect(under.source.inFlightMax).toBeLessThanOrEqual(
          1 + steps.filter(({ restart }) => restart).length,
        );
        if (under.events('archived').length > 0) archives++;
        under.live.close();
      },
    ),
    { numRuns: runs(40) },
  );
  // Some of the runs must have archived the history.
  expect(archives).toBeGreaterThan(2);
});
