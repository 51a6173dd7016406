/**
 * Invariant 1, below HTTP: following the pages of a history yields each message once and in order,
 * even if the upstream misbehaves and the history moves to the archive half-way.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { cutPage, type PageQuery } from '../../src/executions/cut-page.ts';
import type { History } from '../../src/messages/history.ts';
import type { Message } from '../../src/messages/message.ts';
import { ArchiveUnderTest } from '../archive/archive-under-test.ts';
import { anyHistory, ended } from '../support/histories.ts';
import { conducts, type Conduct } from '../support/scripted-source.ts';
import { EXECUTION_ID, UpstreamUnderTest } from './upstream-under-test.ts';
import { runs } from '../support/seeded-random.ts';

const anyConduct = fc.constantFrom<Conduct>(
  {},
  {},
  { most: 1 },
  { most: 13 },
  { empty: true },
  { dangling: true },
  { lag: 1 },
  { lag: 150 },
  { expireTokens: true },
  { failure: 'upstream-throttled' },
  { failure: 'upstream-internal' },
  { failure: 'upstream-timeout' },
);

test('pages yield each message once and in order, for any page sizes and across the move to the archive', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyHistory(3_000, 1),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 250 }), fc.constant(250)), { minLength: 2, maxLength: 8 }),
      fc.array(anyConduct, { minLength: 1, maxLength: 12 }),
      fc.record({
        pageSizeMax: fc.constantFrom(30, 100, 250, 1_000),
        memoryBytes: fc.constantFrom(1, 100_000, 24_000_000),
        tokenLifeCalls: fc.constantFrom(Infinity, 3, 12),
      }),
      fc.nat(60),
      async (drawn, sizes, conduct, options, archivedAfter) => {
        const messages = ended(drawn.slice(0, options.pageSizeMax * 30));
        // Each round ends with three calls without trouble. Otherwise the history could never be read.
        const upstream = new UpstreamUnderTest({ ...options, conduct: conducts([...conduct, {}, {}, {}]) });
        const { source, clock } = upstream;
        const archive = new ArchiveUnderTest();
        const reader = archive.elsewhere();
        const ref = { source: source.name, executionId: EXECUTION_ID };
        let growth = Math.ceil(messages.length / 3);
        const got: Message[] = [];
        let from: PageQuery['from'] = { at: 'start' };
        for (let pages = 0; got.length < messages.length; pages++) {
          expect(pages).toBeLessThan(10_000);
          // The history grows while it is read.
          source.append(...messages.slice(source.messages.length, source.messages.length + growth));
          growth = Math.ceil(growth / 2);
          let history: History = { complete: false, chunkAt: (position) => upstream.read(position) };
          if (pages >= archivedAfter && source.messages.length === messages.length) {
            if ((await archive.keys()).length === 0) await archive.write(messages, ref);
            history = (await reader.find(ref)) ?? history;
          }
          const maxResults = sizes[pages % sizes.length] ?? 1;
          const page = await cutPage(history, { from, maxResults, payloads: 'full' }, clock);
          if (page.ok) {
            got.push(...page.value.messages);
            from = { at: 'position', ...page.value.next };
            expect(page.value.next.position).toBe(got.length);
            if (page.value.more) continue;
          } else expect(page.failure.type).toMatch(/^upstream-/);
          // There are no more messages yet, or the read failed. A client retries in both cases.
          await clock.advance(1_001);
        }
        expect(got).toEqual(messages);
        expect(source.inFlightMax).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: runs(15) },
  );
});
