/**
 * Properties of upstream reads under random pages, tokens, failures, growth, restarts and memory sizes:
 * readers always get the history.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { UNKNOWN_SHARED_MS } from '../../src/executions/unknown-executions.ts';

import { TOKEN_LOSSES_MAX } from '../../src/executions/upstream/upstream-history.ts';
import { endOf } from '../../src/messages/history.ts';
import type { Message } from '../../src/messages/message.ts';
import { anyHistory } from '../support/histories.ts';
import { settle } from '../support/manual-clock.ts';
import { conducts, type Conduct } from '../support/scripted-source.ts';
import { POLL, UpstreamUnderTest } from './upstream-under-test.ts';
import { READ } from '../support/call-options.ts';
import { runs } from '../support/seeded-random.ts';

const anyFailure = fc.constantFrom(
  'upstream-throttled',
  'upstream-internal',
  'upstream-timeout',
  'upstream-too-large',
  'upstream-invalid-token',
  'upstream-invalid-request',
  'upstream-broken',
  'upstream-not-found',
);

const anyConduct: fc.Arbitrary<Conduct> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 3, arbitrary: fc.record({ most: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ lag: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 2, arbitrary: fc.record({ failure: anyFailure }) },
  { weight: 1, arbitrary: fc.constant({ empty: true }) },
  { weight: 1, arbitrary: fc.constant({ dangling: true }) },
  { weight: 1, arbitrary: fc.constant({ expireTokens: true }) },
  { weight: 1, arbitrary: fc.constant({ repeatToken: true }) },
  { weight: 1, arbitrary: fc.constant({ throws: true }) },
);

const anyPosition = fc.oneof(
  { weight: 4, arbitrary: fc.nat(3_100) },
  { weight: 1, arbitrary: fc.constant(Number.MAX_SAFE_INTEGER) },
);

type Step =
  | { read: number[]; freshMs: number; poll: boolean }
  | { advanceMs: number }
  | { grow: number }
  | { restart: boolean };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      // These positions are read concurrently.
      read: fc.array(anyPosition, { minLength: 1, maxLength: 6 }),
      freshMs: fc.constantFrom(0, 1_000, 1_000_000_000),
      poll: fc.boolean(),
    }),
  },
  // All steps together advance less than LAG_MS_MAX, so no lagging read is accepted as a shorter history.
  { weight: 2, arbitrary: fc.record({ advanceMs: fc.nat(700) }) },
  { weight: 2, arbitrary: fc.record({ grow: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ restart: fc.boolean() }) },
);

const anyUpstream = fc
  .record({
    history: anyHistory(3_000),
    there: fc.double({ min: 0, max: 1, noNaN: true }),
    pageSizeMax: fc.constantFrom(1, 7, 100, 250, 1_000),
    memoryBytes: fc.constantFrom(1, 20_000, 200_000, 24_000_000),
    tokenLifeCalls: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 20 })),
    expiry: fc.constantFrom('upstream-invalid-token' as const, 'upstream-invalid-request' as const),
    tooLargeAbove: fc.constantFrom(Infinity, 3, 60),
    conduct: fc.array(anyConduct, { minLength: 1, maxLength: 20 }),
  })
  // Finding the page size takes extra calls. A short-lived token would always expire during them.
  .map((drawn) => ({ ...drawn, ...(drawn.tooLargeAbove < Infinity && { tokenLifeCalls: Infinity }) }));

/** Limits the history for small pages, because pages of one message would cost thousands of calls. */
const bounded = ({
  history,
  pageSizeMax,
  tooLargeAbove,
}: {
  history: Message[];
  pageSizeMax: number;
  tooLargeAbove: number;
}) => history.slice(0, Math.min(pageSizeMax, tooLargeAbove) * 60);

test('whatever goes wrong upstream, each chunk matches the history and none is marked as the last too early', async () => {
  await fc.assert(
    fc.asyncProperty(anyUpstream, fc.array(anyStep, { maxLength: 12 }), async (options, steps) => {
      const history = bounded(options);
      const there = Math.floor(history.length * options.there);
      const upstream = new UpstreamUnderTest({
        ...options,
        messages: history.slice(0, there),
        conduct: conducts(options.conduct),
      });
      const { source } = upstream;
      let seen = 0;
      const read = async (position: number, freshMs: number, poll: boolean) => {
        const seenBefore = seen;
        const lastNotBeforeMs = upstream.clock.now() - freshMs;
        const result = await upstream.read(
          position,
          { lastNotBeforeMs },
          undefined,
          poll ? POLL : READ.origin,
        );
        if (!result.ok) return;
        upstream.expectRunOf(result.value, source.messages, position);
        if (result.value.last) expect(endOf(result.value)).toBeGreaterThanOrEqual(seenBefore);
        seen = Math.max(seen, endOf(result.value));
      };
      for (const step of steps) {
        if ('read' in step) {
          await Promise.all(step.read.map((position) => read(position, step.freshMs, step.poll)));
        } else if ('advanceMs' in step) await upstream.clock.advance(step.advanceMs);
        else if ('grow' in step) {
          source.append(...history.slice(source.messages.length, source.messages.length + step.grow));
        } else {
          await upstream.restart({ keepMemory: step.restart });
          // After a restart, an Execution knows only the starts of pages, so the end might seem earlier.
          seen = 0;
        }
        expect(source.inFlight).toBe(0);
      }
      expect(source.inFlightMax).toBeLessThanOrEqual(1);

      // Without further trouble, the whole history can be read again.
      source.conduct = () => ({});
      await upstream.clock.advance(UNKNOWN_SHARED_MS);
      const fresh = upstream.clock.now();
      expect(await upstream.walk({ lastNotBeforeMs: fresh })).toEqual(source.messages);
      expect(upstream.history.end?.position).toBe(source.messages.length);
    }),
    { numRuns: runs(150) },
  );
});

test('a replaced history is never mixed with the old one, and is finally read in full', async () => {
  const anyReads = fc.array(fc.array(anyPosition, { minLength: 1, maxLength: 4 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(
      anyUpstream,
      anyHistory(500),
      anyReads,
      anyReads,
      fc.boolean(),
      async (options, other, before, after, keepMemory) => {
        const old = bounded(options);
        const fresh = other.map((message): Message => ({
          ...message,
          messageId: `new ${message.messageId}`,
        }));
        const upstream = new UpstreamUnderTest({
          ...options,
          messages: old,
          conduct: conducts(options.conduct),
        });
        const read = async (position: number) => {
          const result = await upstream.read(position);
          if (!result.ok) return;
          const { start, fingerprints } = result.value;
          const ofOld = [start, endOf(result.value)].every(
            (at, index) => upstream.fingerprints(old)[at] === fingerprints.at(-index),
          );
          upstream.expectRunOf(result.value, ofOld ? old : fresh, position);
        };
        for (const positions of before) await Promise.all(positions.map(read));
        upstream.source.replace(fresh);
        if (keepMemory) await upstream.restart({ keepMemory });
        for (const positions of after) await Promise.all(positions.map(read));
        upstream.source.conduct = () => ({});
        // These reads go on for so long that a shorter history is not taken for a lagging read.
        for (let reads = 0; reads < 8; reads++) {
          await upstream.clock.advance(2_000);
          await upstream.readNewest();
        }
        expect(await upstream.walk()).toEqual(fresh);
      },
    ),
    { numRuns: runs(100) },
  );
});

test('a read makes a bounded number of calls, however tokens expire and pages are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyUpstream,
      fc.array(
        fc.constantFrom<Conduct>(
          {},
          { most: 1 },
          { lag: 200 },
          { expireTokens: true },
          { failure: 'upstream-invalid-token' },
        ),
      ),
      anyPosition,
      async (options, conduct, position) => {
        const history = bounded(options);
        const upstream = new UpstreamUnderTest({
          ...options,
          messages: history,
          conduct: conducts([...conduct, {}]),
        });
        await upstream.walk();
        await upstream.clock.advance(1_001);
        const read = upstream.read(position);
        const { ok } = await read;
        // Each call of a walk yields at least one message. If a page is too large, up to ten more calls halve
        // it.
        const walk = Math.min(position, history.length) + 2;
        expect(read.trace.calls).toBeLessThanOrEqual((TOKEN_LOSSES_MAX + 1) * walk + 10 * walk);
        // A failure or the last page is not fetched again by the next read.
        upstream.source.forgetCalls();
        await upstream.read(position);
        if (options.memoryBytes > 1_000_000 || !ok) expect(upstream.source.calls).toEqual([]);
      },
    ),
    { numRuns: runs(100) },
  );
});

test('concurrent readers share calls, at most one call is in flight, and each reader gets an answer', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyHistory(500),
      fc.array(fc.tuple(anyPosition, fc.boolean(), fc.nat(2)), { minLength: 1, maxLength: 40 }),
      async (history, readers) => {
        const upstream = new UpstreamUnderTest({ messages: history });
        const reads = [];
        for (const [position, poll, turns] of readers) {
          reads.push(upstream.read(position, {}, undefined, poll ? POLL : READ.origin));
          if (turns === 0) await settle();
        }
        for (const [index, [position]] of readers.entries()) {
          const read = await reads[index];
          if (!read?.ok) throw new Error('a read of a healthy source failed');
          upstream.expectRunOf(read.value, history, position);
        }
        expect(upstream.source.inFlightMax).toBe(1);
        expect(upstream.source.calls.length).toBeLessThanOrEqual(Math.ceil(history.length / 100) + 1);
      },
    ),
    { numRuns: runs(60) },
  );
});
