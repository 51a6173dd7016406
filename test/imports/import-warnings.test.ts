import { describe, expect, test } from 'vitest';

import { ImportWarnings } from '../../src/imports/import-warnings.ts';
import { openService, path } from '../http/service-under-test.ts';

const STARTED = { messageId: '1', eventType: 'EXECUTION_STARTED', timestamp: '2024-05-01T12:00:10Z' };
const STEP = { messageId: '2', eventType: 'STEP_STARTED', timestamp: '2024-05-01T12:00:11Z' };
const ENDED = { messageId: '3', eventType: 'EXECUTION_SUCCEEDED', timestamp: '2024-05-01T12:00:12Z' };

async function imported(messages: readonly object[], id = 'an import') {
  const service = await openService();
  const lines = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
  const put = (body: string) => service.admin('PUT', `/executions/${encodeURIComponent(id)}/messages`, body);
  const byLine = await put(lines);
  // The store accepts one write of a record per second.
  await service.clock.advance(1_000);
  const asDocument = await put(JSON.stringify({ messages }, null, 2));
  // Safety: an import answers with this shape.
  const answers = (await Promise.all([byLine.json(), asDocument.json()])) as { warnings?: unknown }[];
  const summary = await (await service.get(path(id, '', ''))).json();
  return {
    statuses: [byLine.status, asDocument.status],
    byLine: answers[0]?.warnings,
    asDocument: answers[1]?.warnings,
    // Safety: a summary is a JSON object.
    summary: summary as Record<string, unknown>,
  };
}

describe('an import', () => {
  test('of a consistent history has no warnings', async () => {
    const { statuses, byLine, summary } = await imported([STARTED, STEP, ENDED]);
    expect(statuses).toEqual([200, 200]);
    expect(byLine).toBeUndefined();
    expect(summary['durationMs']).toBe(2_000);
  });

  test('warns of messages with a duplicate id, and names their lines', async () => {
    const { statuses, byLine, asDocument } = await imported([STARTED, STEP, STEP, STARTED, ENDED]);
    expect(statuses).toEqual([200, 200]);
    expect(byLine).toEqual([
      { code: 'DuplicateMessageId', line: 3 },
      { code: 'DuplicateMessageId', line: 4 },
    ]);
    expect(asDocument).toEqual([
      { code: 'DuplicateMessageId', line: 13 },
      { code: 'DuplicateMessageId', line: 18 },
    ]);
  });

  test('warns of an end before the start, and leaves the duration out of the summary', async () => {
    const { statuses, byLine, summary } = await imported([
      STARTED,
      { ...ENDED, timestamp: '2024-05-01T12:00:09.999Z' },
    ]);
    expect(statuses).toEqual([200, 200]);
    expect(byLine).toEqual([{ code: 'EndBeforeStart', line: 2 }]);
    expect(summary).toMatchObject({
      status: 'SUCCEEDED',
      startedAt: '2024-05-01T12:00:10.000Z',
      endedAt: '2024-05-01T12:00:09.999Z',
    });
    expect(summary).not.toHaveProperty('durationMs');
  });

  test('gives no warnings for messages without an id or a time', async () => {
    const bare = { eventType: 'STEP_STARTED' };
    expect((await imported([bare, bare, { eventType: 'EXECUTION_FAILED' }])).byLine).toBeUndefined();
  });

  test.each(['an id of any form', 'arn:aws:states:us-west-2:123456789012:execution:Machine:run'])(
    'of Step Functions events, whose payloads are spaced JSON, yields a summary that names the failed step: %s',
    async (id) => {
      const events = [
        ['EXECUTION_STARTED', { id: 1, previousEventId: 0, type: 'ExecutionStarted' }],
        ['STEP_STARTED', { id: 2, previousEventId: 0, type: 'TaskStateEntered', name: 'Open door' }],
        ['ACTIVITY_FAILED', { id: 3, previousEventId: 2, type: 'TaskFailed', error: 'Stuck' }],
        ['EXECUTION_FAILED', { id: 4, previousEventId: 3, type: 'ExecutionTimedOut', cause: 'E42' }],
      ] as const;
      const messages = events.map(([eventType, event]) => ({
        messageId: String(event.id),
        eventType,
        payload: JSON.stringify(event, null, 1),
      }));
      expect((await imported(messages, id)).summary).toMatchObject({
        upstreamStatus: 'TIMED_OUT',
        failure: { messageId: '3', step: 'Open door', error: 'Stuck', cause: 'E42' },
      });
    },
  );
});

describe('warnings', () => {
  test('are bounded: only the first ten duplicates, and one for the end before the start', () => {
    const warnings = new ImportWarnings();
    warnings.add({ messageId: 'x', timestamp: '2024-05-01T12:00:10Z' }, 1);
    for (let line = 2; line <= 100; line++) {
      warnings.add({ messageId: 'x', timestamp: '2024-05-01T12:00:00Z' }, line);
    }
    expect(warnings.found).toHaveLength(11);
    expect(warnings.found[9]).toEqual({ code: 'DuplicateMessageId', line: 11 });
    expect(warnings.found[10]).toEqual({ code: 'EndBeforeStart', line: 100 });
  });

  test('use bounded memory: ids are remembered only up to a total size', () => {
    const warnings = new ImportWarnings();
    warnings.add({ messageId: 'first' }, 1);
    warnings.add({ messageId: 'x'.repeat(8 * 1024 * 1024) }, 2);
    warnings.add({ messageId: 'x'.repeat(8 * 1024 * 1024) }, 3);
    warnings.add({ messageId: 'first' }, 4);
    expect(warnings.found).toEqual([{ code: 'DuplicateMessageId', line: 4 }]);
  });
});
