/**
 * Replaced and orphaned pages of archives are deleted after ten minutes, even if the process or the store
 * fails in these minutes. Each time that an archive is written, its pages get a new generation.
 */
import { beforeEach, describe, expect, test } from 'vitest';

import { REPLACED_PAGES_KEPT_MS } from '../../src/executions/settling/page-deletions.ts';
import { IMPORT_DEADLINES } from '../../src/imports/history-import.ts';
import { someHistory } from '../support/histories.ts';
import { settle } from '../support/manual-clock.ts';
import { ExecutionsUnderTest, REF, failureOf, valueOf } from './executions-under-test.ts';

/** Stored as the head, which has the first page, and two more pages, which are deleted with the archive. */
const HISTORY = someHistory({ length: 600, terminal: 'EXECUTION_SUCCEEDED', startMs: Date.UTC(2025, 0, 1) });

let under: ExecutionsUnderTest;
beforeEach(() => {
  under = new ExecutionsUnderTest();
  under.source.missing = true;
});

const names = async (prefix: string): Promise<string[]> => {
  const { keys } = await under.store.list({ prefix });
  return keys.map(({ name }) => name);
};
/** The generations that have pages in the store. Heads are not counted. */
const generations = async () =>
  new Set((await names('archive/1/page/')).map((name) => name.split('/').at(-2) ?? ''));
const expectOnlyTheVisible = async () => {
  expect(await generations()).toEqual(new Set([(await under.archive.visibleHead(REF))?.generation]));
  expect(await names('execution/')).toEqual([]);
};

/** A body that sends `text` and then hangs until `end` is called. */
function hangingBody(text: string) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  writer.write(new TextEncoder().encode(text)).catch(() => undefined);
  return { body: readable, end: () => writer.close() };
}
const lines = HISTORY.map((message) => `${JSON.stringify(message)}\n`).join('');

describe('pages of a replaced archive', () => {
  test('are kept for ten minutes and then deleted, also after five imports in 10 s', async () => {
    for (let n = 0; n < 5; n++) {
      valueOf(await under.import(HISTORY));
      await under.clock.advance(2_000);
    }
    await under.clock.advance(REPLACED_PAGES_KEPT_MS - 11_000);
    expect((await generations()).size).toBe(5);
    await under.clock.advance(11_000);
    await expectOnlyTheVisible();
    expect(await under.readAll()).toHaveLength(600);
    expect(under.clock.sleepers).toBe(0);
  });

  test('are deleted by the next process if the process that replaced them has ended', async () => {
    for (let n = 0; n < 3; n++) {
      valueOf(await under.import(HISTORY));
      await under.resume();
    }
    await under.resume();
    await under.clock.advance(REPLACED_PAGES_KEPT_MS);
    await expectOnlyTheVisible();
  });

  test('are deleted when the store works again after an outage', async () => {
    for (let n = 0; n < 2; n++) valueOf(await under.import(HISTORY));
    under.store.failAfterWrites(0);
    await under.clock.advance(REPLACED_PAGES_KEPT_MS + 3_600_000);
    expect((await generations()).size).toBe(2);
    const attempts = under.events('archive-pages-not-deleted').length;
    expect(attempts).toBeGreaterThan(2);
    expect(attempts).toBeLessThan(8);
    under.store.failAfterWrites(Infinity);
    await under.clock.advance(3_600_000);
    await expectOnlyTheVisible();
  });

  test('leave nothing after the execution is deleted, not even the note about them', async () => {
    for (let n = 0; n < 2; n++) valueOf(await under.import(HISTORY));
    expect(valueOf(await under.executions.forget(REF))).toEqual({ archived: true });
    expect(await names('archive/')).toEqual([]);
    await under.resume();
    await under.clock.advance(REPLACED_PAGES_KEPT_MS);
    expect(await names('')).toEqual([]);
  });
});

test('an execution can be deleted from a full store, because the deletion writes no new entry', async () => {
  valueOf(await under.import(HISTORY));
  under.store.fill();
  expect(failureOf(await under.import(HISTORY))).toBe('store-unavailable');
  expect(valueOf(await under.executions.forget(REF))).toEqual({ archived: true });
  expect(await names('')).toEqual([]);
});

describe('orphaned pages of an import', () => {
  test('are deleted after the process ended in the middle of the import, and the visible archive stays', async () => {
    valueOf(await under.import(HISTORY));
    const { body } = hangingBody(lines);
    void under.executions.importHistory(REF, body);
    await settle();
    expect((await generations()).size).toBe(2);
    await under.resume();
    await under.clock.advance(REPLACED_PAGES_KEPT_MS);
    await expectOnlyTheVisible();
    expect(await under.readAll()).toHaveLength(600);
  });

  // The last case fails after the head was written, so the new generation is the visible one.
  test.each([0, 1, 2, 3, 4, 5, 6])('are deleted if the store failed after %i writes', async (writes) => {
    valueOf(await under.import(HISTORY));
    under.store.failAfterWrites(writes);
    await under.import(HISTORY);
    under.store.failAfterWrites(Infinity);
    await under.resume();
    await under.clock.advance(REPLACED_PAGES_KEPT_MS);
    await expectOnlyTheVisible();
    expect(await under.readAll()).toHaveLength(600);
  });

  test('do not include the pages of an import that is still running', async () => {
    const { body, end } = hangingBody(lines);
    const importing = under.executions.importHistory(REF, body);
    // The body ends just before the deadline for silence, so the import succeeds.
    await settle();
    await under.clock.advance(IMPORT_DEADLINES.silenceMs - 1);
    await end();
    valueOf(await importing);
    await under.clock.advance(REPLACED_PAGES_KEPT_MS);
    await expectOnlyTheVisible();
  });
});

describe('an import that does not end', () => {
  test('is aborted by a deletion, which does not wait for it', async () => {
    valueOf(await under.import(HISTORY));
    const { body } = hangingBody(lines);
    const importing = under.executions.importHistory(REF, body);
    await settle();
    expect(valueOf(await under.executions.forget(REF))).toEqual({ archived: true });
    expect(await importing).toMatchObject({ failure: { type: 'conflict' } });
    expect(await names('archive/')).toEqual([]);
  });

  test('does not delay another import, and fails after 30 s of silence without any effect', async () => {
    const { body } = hangingBody('{"m');
    const importing = under.executions.importHistory(REF, body);
    await settle();
    valueOf(await under.import(HISTORY));
    await under.clock.advance(IMPORT_DEADLINES.silenceMs);
    expect(failureOf(await importing)).toBe('body-too-slow');
    expect(await under.readAll()).toHaveLength(600);
  });

  test('fails after 15 minutes, even if bytes keep arriving', async () => {
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await under.clock.sleep(10_000);
        controller.enqueue(new TextEncoder().encode(' '));
      },
    });
    let ended = false;
    const importing = under.executions.importHistory(REF, body).finally(() => (ended = true));
    await under.clock.advance(IMPORT_DEADLINES.totalMs - 1);
    expect(ended).toBe(false);
    await under.clock.advance(1);
    expect(failureOf(await importing)).toBe('body-too-slow');
  });
});
