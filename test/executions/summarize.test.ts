/** How much of a history a summary reads, however large the history is. */
import { expect, test } from 'vitest';

import { SCANNED_BYTES_MAX } from '../../src/executions/scan.ts';
import { summarize } from '../../src/executions/serving/summarize.ts';
import { ENDING_MESSAGES_MAX } from '../../src/messages/ending.ts';
import type { History } from '../../src/messages/history.ts';
import { ended, historyInChunks, someHistory } from '../support/histories.ts';
import { ManualClock } from '../support/manual-clock.ts';

const messages = ended(someHistory({ length: 2_000 }), 'EXECUTION_FAILED');

/**
 * Summarizes a history whose chunks of 100 messages count as this many bytes each. Returns which chunks were
 * read, and how many messages `readEnding` got.
 */
async function readFor(bytes: number) {
  const inChunks = historyInChunks(messages, [100]);
  const starts: number[] = [];
  const history: History = {
    complete: true,
    chunkAt: async (position) => {
      const read = await inChunks.chunkAt(position);
      if (!read.ok) return read;
      starts.push(read.value.start);
      return { ok: true, value: { ...read.value, bytes } };
    },
  };
  let newest = 0;
  const readEnding = (given: readonly unknown[]) => {
    newest = given.length;
    return undefined;
  };
  const summary = await summarize(
    history,
    'full',
    { readEnding, readParent: () => undefined },
    new ManualClock(),
  );
  expect(summary).toMatchObject({ ok: true, value: { status: 'FAILED', messageCount: 2_000 } });
  expect(summary).toHaveProperty('value.startedAt', messages[0]?.timestamp);
  return { starts, newest };
}

test('the summary of a failed execution reads its newest messages and its first one, within the byte limit', async () => {
  expect(await readFor(10)).toEqual({
    starts: [1_900, 1_800, 1_700, 1_600, 1_500, 0],
    newest: ENDING_MESSAGES_MAX,
  });
  expect(await readFor(SCANNED_BYTES_MAX / 2)).toEqual({ starts: [1_900, 1_800, 0], newest: 200 });
  expect(await readFor(SCANNED_BYTES_MAX)).toEqual({ starts: [1_900, 0], newest: 100 });
});
