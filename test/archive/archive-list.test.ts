import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { headKey, pagesPrefix, partKey, nameOfHeadKey } from '../../src/archive/archive-keys.ts';
import { EXECUTION_ID_CHARACTERS_MAX, executionIdProblem } from '../../src/messages/execution-id.ts';
import { KEY_BYTES_MAX } from '../../src/storage/key-value.ts';
import { someHistory } from '../support/histories.ts';
import { ArchiveUnderTest, readAll, REF } from './archive-under-test.ts';

const messages = someHistory({ length: 260, terminal: 'EXECUTION_SUCCEEDED' });

const anyId = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: EXECUTION_ID_CHARACTERS_MAX, unit: 'binary' }),
    fc.string({ minLength: 300, maxLength: EXECUTION_ID_CHARACTERS_MAX }),
    fc.string({
      minLength: 1,
      maxLength: 6,
      unit: fc.constantFrom('/', '.', '~', '%', '2', 'F', '#', 'ä', '🟢'),
    }),
  )
  .filter((id) => executionIdProblem(id) === undefined);

describe('archive keys', () => {
  test('differ between executions, and the page keys of one execution never start with the page prefix of another', () => {
    fc.assert(
      fc.property(anyId, anyId, (one, two) => {
        fc.pre(one !== two);
        const [a, b] = [one, two].map((executionId) => ({ source: 'things-graph', executionId }));
        if (!a || !b) throw new Error('expected two executions');
        expect(headKey(a)).not.toBe(headKey(b));
        expect(pagesPrefix(a).startsWith(pagesPrefix(b))).toBe(false);
        expect(headKey({ ...a, source: 'step-functions' })).not.toBe(headKey(a));
      }),
    );
  });

  test("never exceed the store's limit, and keys of heads contain the execution's id if the id is short", () => {
    fc.assert(
      fc.property(anyId, (executionId) => {
        const ref = { source: 'step-functions', executionId };
        const keys = [headKey(ref), partKey(ref, 'f'.repeat(16), 999_999, 99_999)];
        for (const key of keys) expect(Buffer.byteLength(key)).toBeLessThanOrEqual(KEY_BYTES_MAX);
        const named = nameOfHeadKey(headKey(ref));
        if (named) expect(named).toEqual(ref);
        if (executionId.length < 40 && !executionId.startsWith('~')) expect(named).toBeDefined();
      }),
    );
  });
});

describe('the list of archives', () => {
  const ids = [
    REF.executionId,
    'a',
    'ä/b%2F.',
    '~tilde',
    'long '.repeat(100),
    '🟢'.repeat(200),
    `arn:aws:states:us-east-1:123456789012:execution:flow:${'x'.repeat(80)}`,
  ];

  test('contains every execution once across its pages, including those with long or non-ASCII ids', async () => {
    const under = new ArchiveUnderTest();
    for (const executionId of ids) await under.write(messages, { ...REF, executionId });
    const listed = [];
    let cursor: string | undefined;
    do {
      const page = await under.elsewhere().list({ limit: 3, ...(cursor !== undefined && { cursor }) });
      if (!page.ok) throw new Error(page.failure.type);
      expect(page.value.executions.length).toBeLessThanOrEqual(3);
      listed.push(...page.value.executions);
      ({ cursor } = page.value);
    } while (cursor !== undefined);
    expect(listed.map(({ executionId }) => executionId).toSorted()).toEqual(ids.toSorted());
    for (const { head, ...ref } of listed) {
      const found = await under.elsewhere().find(ref);
      expect(found?.head).toEqual(head);
      expect(found && (await readAll(found, ref))).toEqual(messages);
    }
  });

  test('omits deleted executions and unreadable heads', async () => {
    const under = new ArchiveUnderTest();
    for (const executionId of ids) await under.write(messages, { ...REF, executionId });
    await under.archive.forget({ ...REF, executionId: 'a' });
    const key = headKey(REF);
    const entry = await under.stored.get(key);
    await under.stored.put(key, entry?.value ?? '', { metadata: { v: 2 } });
    const listed = await under.archive.list({ limit: 100 });
    expect(listed.ok && listed.value.executions.map(({ executionId }) => executionId).toSorted()).toEqual(
      ids.filter((id) => id !== 'a' && id !== REF.executionId).toSorted(),
    );
  });
});

describe('an error while listing archives', () => {
  test('is blamed on the cursor if the store works, and on the store if the store fails', async () => {
    const under = new ArchiveUnderTest();
    const listed = await under.archive.list({ limit: 100, cursor: 'x' });
    expect(listed.ok || listed.failure).toMatchObject({
      type: 'invalid-input',
      errors: [{ in: 'query', name: 'cursor' }],
    });
    under.store.failReads();
    const failed = await under.archive.list({ limit: 100, cursor: 'x' });
    expect(failed.ok || failed.failure.type).toBe('store-unavailable');
  });

  test('is store-unavailable if the store fails', async () => {
    const under = new ArchiveUnderTest();
    await under.write(messages, { ...REF, executionId: '🟢'.repeat(200) });
    under.store.failReads();
    const listed = await under.archive.list({ limit: 100 });
    expect(listed.ok || listed.failure.type).toBe('store-unavailable');
  });
});

describe('deleting an archive', () => {
  test('removes the current and all replaced archives of the execution, and nothing of other executions', async () => {
    const under = new ArchiveUnderTest();
    await under.write(messages);
    await under.write(messages);
    const near = { ...REF, executionId: `${REF.executionId}0` };
    await under.write(messages, near);
    const before = await under.keys();
    expect(before).toHaveLength(5);
    await under.archive.forget(REF);
    expect(await under.archive.find(REF)).toBeUndefined();
    expect(await under.keys()).toEqual(
      before.filter((key) => key.includes(encodeURIComponent(near.executionId))),
    );
  });

  test('succeeds if the execution is not archived', async () => {
    const under = new ArchiveUnderTest();
    await under.archive.forget(REF);
    expect(await under.archive.find(REF)).toBeUndefined();
  });

  test('removes all pages, even if there are more of them than one listing of the store can return', async () => {
    const under = new ArchiveUnderTest();
    const { generation } = await under.write(messages);
    for (let page = 2; page < 1_300; page++) await under.stored.put(partKey(REF, generation, page, 0), 'x');
    await under.archive.forget(REF);
    expect(await under.keys()).toEqual([]);
  });

  test('keeps the current archive if only the pages of a replaced one are deleted', async () => {
    const under = new ArchiveUnderTest();
    const { generation } = await under.write(someHistory({ length: 700, terminal: 'EXECUTION_FAILED' }));
    await under.write(messages);
    await under.archive.dropPages(REF, generation);
    const found = await under.elsewhere().find(REF);
    expect(found && (await readAll(found))).toEqual(messages);
    expect(await under.keys()).toHaveLength(2);
  });
});

describe('an archive with a time to live', () => {
  test('loses its head before its pages, so no reader finds a head without pages', async () => {
    const under = new ArchiveUnderTest({ ttlSeconds: 3_600 });
    await under.write(messages);
    await under.clock.advance(3_599_999);
    const found = await under.elsewhere().find(REF);
    await under.clock.advance(1);
    expect(await under.elsewhere().find(REF)).toBeUndefined();
    expect(found && (await readAll(found))).toEqual(messages);
    await under.clock.advance(2 * 3_600_000);
    expect(await under.keys()).toEqual([]);
  });
});
