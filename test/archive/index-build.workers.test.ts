/**
 * On Workers, the alarms of one Durable Object build the index for older archives. An isolate's first request
 * starts the build.
 */
import { createExecutionContext, runDurableObjectAlarm, waitOnExecutionContext } from 'cloudflare:test';
import { expect, test, vi } from 'vitest';

import { EXECUTIONS, fetchWorker, STORE } from '../support/inside-workerd.workers.ts';

const COUNT = 120;

test('archives that an older version wrote are indexed in the background', async () => {
  for (let n = 0; n < COUNT; n++) {
    const metadata = {
      v: 1,
      generation: 'i'.repeat(16),
      count: 1,
      status: 'SUCCEEDED',
      startedAt: new Date(Date.UTC(2026, 0, 1) + n).toISOString(),
      archivedAt: '2026-01-02T00:00:00.000Z',
      from: 'source',
    };
    await STORE.put(`archive/1/head/things-graph/old-${n}`, '{}', { metadata });
  }
  const context = createExecutionContext();
  expect((await fetchWorker('/healthz', {}, context)).status).toBe(200);
  await waitOnExecutionContext(context);

  const object = EXECUTIONS.get(EXECUTIONS.idFromName('index-build'));
  const state = async () => JSON.parse((await STORE.get('archive/1/index-build')) ?? '{}');
  // The first alarm is due immediately. The test runs the later ones itself instead of waiting for them.
  await vi.waitFor(
    async () => {
      await runDurableObjectAlarm(object);
      expect(await state()).toMatchObject({ done: true, count: COUNT });
    },
    { timeout: 60_000 },
  );
  const { keys } = await STORE.list({ prefix: 'archive/1/index/things-graph/' });
  expect(keys).toHaveLength(COUNT);
  // The execution that started last is listed first.
  expect(keys[0]?.metadata).toMatchObject({ executionId: `old-${COUNT - 1}` });
});
