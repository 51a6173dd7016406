/** Pages of the index list each execution once and in order, wherever a page begins. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { ArchiveHead } from '../../src/archive/archive-head.ts';
import { ExecutionIndex } from '../../src/archive/execution-index.ts';
import { indexEntryOf } from '../../src/archive/index-record.ts';
import { orderKey, positionBefore } from '../../src/archive/order-key.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { EXECUTION_ID_CHARACTERS_MAX, executionIdProblem } from '../../src/messages/execution-id.ts';
import { KEY_BYTES_MAX, METADATA_BYTES_MAX } from '../../src/storage/key-value.ts';
import { FaultyStore } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { runs } from '../support/seeded-random.ts';

const FLOW = 'arn:aws:states:us-east-1:123456789012:stateMachine:Orders';
const idOf = (name: string) => `arn:aws:states:us-east-1:123456789012:execution:Orders:${name}`;
const GROUP = { source: 'step-functions', flow: FLOW };

const headOf = (startedAt?: string, more: Partial<ArchiveHead> = {}): ArchiveHead => ({
  v: 1,
  generation: 'g'.repeat(16),
  count: 2,
  status: 'SUCCEEDED',
  ...(startedAt !== undefined && { startedAt }),
  archivedAt: '2026-01-01T00:00:00.000Z',
  from: 'source',
  ...more,
});

function open() {
  const clock = new ManualClock();
  const stored = createMemoryStore({ clock, oneWritePerSecond: false });
  const store = new FaultyStore(stored);
  const index = new ExecutionIndex({ store, clock });
  const put = (id: string, startedAt?: string, more: Partial<ArchiveHead> = {}) =>
    index.put(parseExecutionRef(id), headOf(startedAt, more));
  const walk = async (limit: number, group: { source: string; flow?: string } = GROUP, start = {}) => {
    const ids: string[] = [];
    const positions: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await index.page(group, { limit, ...start, ...(after !== undefined && { after }) });
      if (!page.ok) throw new Error(page.failure.type);
      expect(page.value.executions.length).toBeLessThanOrEqual(limit);
      ids.push(...page.value.executions.map(({ executionId }) => executionId));
      if (page.value.next === undefined) return ids;
      expect(positions).not.toContain(page.value.next);
      positions.push(page.value.next);
      after = page.value.next;
    }
  };
  return { clock, stored, store, index, put, walk };
}

describe('pages of the index', () => {
  test('list each execution once and in order, for any page size, first place and start times', async () => {
    const density = fc.constantFrom(1, 60_000, 86_400_000);
    const starts = fc
      .array(fc.tuple(fc.nat(800), density), { minLength: 1, maxLength: 300 })
      .map((list) => list.map(([n, unit]) => (n === 0 ? undefined : Date.UTC(2026, 0, 1) - n * unit)));
    await fc.assert(
      fc.asyncProperty(starts, fc.integer({ min: 1, max: 100 }), fc.nat(), async (list, limit, bound) => {
        const { put, walk } = open();
        const all: { id: string; key: string }[] = [];
        for (const [n, ms] of list.entries()) {
          const startedAt = ms === undefined ? undefined : new Date(ms).toISOString();
          await put(idOf(`run-${n}`), startedAt);
          all.push({ id: idOf(`run-${n}`), key: orderKey(startedAt, idOf(`run-${n}`)) });
        }
        const sorted = all.toSorted((a, b) => (a.key < b.key ? -1 : 1));
        expect(await walk(limit)).toEqual(sorted.map(({ id }) => id));
        const startedBeforeMs = Date.UTC(2026, 0, 1) - (bound % 40_000_000);
        expect(await walk(limit, GROUP, { startedBeforeMs })).toEqual(
          sorted.filter(({ key }) => key > positionBefore(startedBeforeMs)).map(({ id }) => id),
        );
      }),
      { numRuns: runs(20) },
    );
  });

  test('need few listings of the store, even if many executions start at the same instant', async () => {
    const { put, index, store, walk } = open();
    const day = 86_400_000;
    const keys: string[] = [];
    const add = async (name: string, ms?: number) => {
      const startedAt = ms === undefined ? undefined : new Date(ms).toISOString();
      await put(idOf(name), startedAt);
      keys.push(orderKey(startedAt, idOf(name)));
    };
    const now = Date.UTC(2026, 0, 1);
    for (let n = 0; n < 700; n++) await add(`steady-${n}`, now - n * (day / 10));
    for (let n = 0; n < 700; n++) await add(`instant-${n}`, now - 50 * day);
    for (let n = 0; n < 600; n++) await add(`timeless-${n}`);
    keys.sort();
    for (const at of [0, 300, 650, 900, 1_399, 1_500, 1_980]) {
      const before = store.lists;
      const page = await index.page(GROUP, { limit: 50, after: keys[at] ?? '' });
      expect(store.lists - before).toBeLessThanOrEqual(40);
      expect(page.ok && page.value.executions).toHaveLength(Math.min(50, keys.length - at - 1));
    }
    expect(await walk(250)).toHaveLength(keys.length);
  });

  test('of one flow contain no executions of other flows or map runs, and none without a flow', async () => {
    const { put, walk } = open();
    const child = 'arn:aws:states:us-east-1:123456789012:execution:Orders/Each:0a1b';
    const mapRunArn = 'arn:aws:states:us-east-1:123456789012:mapRun:Orders/Each:77';
    await put(idOf('one'), '2026-01-01T00:00:00.000Z');
    await put(idOf('one').replace('Orders', 'Orders2'), '2026-01-01T00:00:00.000Z');
    await put(child, '2026-01-01T00:00:00.000Z', { upstream: { mapRunArn } });
    await put('a-plain-id', '2026-01-01T00:00:00.000Z');
    const urn = 'urn:tdm:us-west-2/123456789012/default:Workflow:Door_2019-05-11T19:39:55.317Z_x';
    await put(urn);
    expect(await walk(10)).toEqual([idOf('one')]);
    expect(await walk(10, { source: 'step-functions', flow: mapRunArn })).toEqual([child]);
    expect(await walk(10, { source: 'things-graph' })).toEqual(['a-plain-id']);
    const workflow = { source: 'things-graph', flow: urn.slice(0, urn.indexOf('_2019')) };
    expect(await walk(10, workflow)).toEqual([urn]);
  });

  test('show the status and times that the source reported rather than those of the messages', async () => {
    const { put, index } = open();
    const upstream = {
      status: 'TIMED_OUT',
      startedAt: '2026-01-01T00:00:00.001Z',
      endedAt: '2026-01-01T00:00:09.000Z',
      redriveCount: 2,
    };
    await put(idOf('one'), '2026-01-01T00:00:00.007Z', { status: 'FAILED', upstream });
    const page = await index.page(GROUP, { limit: 10 });
    const { status: upstreamStatus, ...facts } = upstream;
    expect(page.ok && page.value.executions).toEqual([
      {
        source: 'step-functions',
        executionId: idOf('one'),
        flow: FLOW,
        name: 'one',
        status: 'FAILED',
        upstreamStatus,
        ...facts,
        archivedAt: '2026-01-01T00:00:00.000Z',
        count: 2,
        from: 'source',
      },
    ]);
  });

  test('omit damaged entries, and fail with store-unavailable if the store fails', async () => {
    const { put, index, store, stored } = open();
    await put(idOf('one'));
    await put(idOf('two'));
    const { key } = indexEntryOf(parseExecutionRef(idOf('one')), headOf());
    await stored.put(key, '', { metadata: { v: 2 } });
    const page = await index.page(GROUP, { limit: 10 });
    expect(page.ok && page.value.executions.map(({ name }) => name)).toEqual(['two']);
    store.failReads();
    expect(await index.page(GROUP, { limit: 10 })).toMatchObject({ failure: { type: 'store-unavailable' } });
    expect(await index.flows({ limit: 10 })).toMatchObject({ failure: { type: 'store-unavailable' } });
  });
});

test('an execution with any id is listed with its whole id, and its entry fits the limits of the store', async () => {
  const anyId = fc
    .oneof(
      fc.string({ minLength: 1, maxLength: EXECUTION_ID_CHARACTERS_MAX, unit: 'binary' }),
      fc.string({ minLength: 300, maxLength: EXECUTION_ID_CHARACTERS_MAX }),
      fc
        .string({ minLength: 1, maxLength: 300, unit: fc.constantFrom('a', '"', 'ä', '🟢', '%', '~') })
        .map((name) => `urn:tdm:x:Workflow:${name}_2019-05-11T19:39:55.317Z_1`),
    )
    .filter((id) => executionIdProblem(id) === undefined);
  await fc.assert(
    fc.asyncProperty(anyId, async (executionId) => {
      const { put, index, stored } = open();
      await put(executionId, '2026-01-01T00:00:00.000Z');
      const { keys } = await stored.list({ prefix: '' });
      for (const { name, metadata } of keys) {
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(KEY_BYTES_MAX);
        expect(Buffer.byteLength(JSON.stringify(metadata ?? null))).toBeLessThanOrEqual(METADATA_BYTES_MAX);
      }
      const listed = await index.list({ limit: 10 });
      expect(listed.ok && listed.value.executions.map((found) => found.executionId)).toEqual([executionId]);
      const [found] = listed.ok ? listed.value.executions : [];
      const flows = await index.flows({ limit: 10 });
      expect(flows.ok && flows.value.flows.map(({ flow }) => flow)).toEqual(
        found?.flow === undefined ? [] : [found.flow],
      );
    }),
  );
});

describe('the flows of the index', () => {
  const names = async ({ index }: ReturnType<typeof open>) => {
    const listed = await index.flows({ limit: 10 });
    return listed.ok ? listed.value.flows.map(({ name }) => name) : listed.failure.type;
  };

  test('include a flow from its first archived execution until its last archive is deleted', async () => {
    const under = open();
    for (const name of ['one', 'two']) await under.put(idOf(name));
    expect(await names(under)).toEqual(['Orders']);
    const remove = (name: string) => {
      const ref = parseExecutionRef(idOf(name));
      return under.index.remove(ref, indexEntryOf(ref, headOf()).key);
    };
    await remove('one');
    expect(await names(under)).toEqual(['Orders']);
    await remove('two');
    expect(await names(under)).toEqual([]);
    expect((await under.stored.list({ prefix: '' })).keys).toEqual([]);
    await under.put(idOf('two'));
    expect(await names(under)).toEqual(['Orders']);
  });

  test('are listed until their last archive expires, although their records are written at most once a day', async () => {
    const under = open();
    const day = 86_400_000;
    for (let hour = 0; hour < 48; hour++) {
      const expiresAt = new Date(under.clock.now() + 30 * day).toISOString();
      await under.put(idOf(`run-${hour}`), undefined, { expiresAt });
      await under.clock.advance(3_600_000);
    }
    expect(under.store.writes('archive/1/flow/')).toBeLessThanOrEqual(3);
    await under.clock.advance(30 * day - 3_600_000 - 1);
    expect(await under.walk(10)).toHaveLength(1);
    expect(await names(under)).toEqual(['Orders']);
    await under.clock.advance(3 * day);
    expect(await under.walk(10)).toEqual([]);
    expect(await names(under)).toEqual([]);
  });

  test('keep a flow if its only execution is deleted while another of its executions is archived', async () => {
    // In each round, another isolate archives an execution at another step of the deletion.
    for (let step = 0; step < 8; step++) {
      const under = open();
      await under.put(idOf('one'));
      let operations = 0;
      const other = new ExecutionIndex({ store: under.stored, clock: under.clock });
      const during = async <T>(work: () => Promise<T>): Promise<T> => {
        if (operations++ === step) await other.put(parseExecutionRef(idOf('two')), headOf());
        return work();
      };
      const { stored } = under;
      const watched = new ExecutionIndex({
        store: {
          get: (...given) => during(() => stored.get(...given)),
          getMany: (...given) => during(() => stored.getMany(...given)),
          list: (...given) => during(() => stored.list(...given)),
          put: (...given) => during(() => stored.put(...given)),
          delete: (...given) => during(() => stored.delete(...given)),
        },
        clock: under.clock,
      });
      const ref = parseExecutionRef(idOf('one'));
      await watched.remove(ref, indexEntryOf(ref, headOf()).key);
      if (operations <= step) await other.put(parseExecutionRef(idOf('two')), headOf());
      expect(await names(under)).toEqual(['Orders']);
    }
  });
});
