/**
 * A hundred clients read twenty long histories at the same time, page by page, without retries. The upstream throttles
 * as AWS does, with a bucket of 400 calls that refills at 20 a second.
 */
import { expect, it } from 'vitest';
import { openService } from '../http/service-under-test.ts';
import { arnOf } from '../step-functions/source-under-test.ts';
import { readHistory, scriptEvents } from './states-call.ts';

const CLIENTS = 100;
const HISTORIES = 20;
const EVENTS = 5_000;
const PAGE_SIZES = [0, 250, 700, 999, 1_000];
const TIMEOUT_SECONDS = 300;

it('no client sees a throttling error, and each gets every event', async () => {
  const service = await openService();
  const startSeconds = service.clock.now() / 1_000 - 86_400;
  const typeAt = (index: number) =>
    index === 0 ? 'ExecutionStarted' : index === EVENTS - 1 ? 'ExecutionSucceeded' : 'PassStateEntered';
  const events = Array.from({ length: EVENTS }, (_, index) => ({
    type: typeAt(index),
    id: index + 1,
    previousEventId: index,
    timestamp: startSeconds + index,
  }));
  const arns = Array.from({ length: HISTORIES }, (_, index) => arnOf(`long-${index}`));
  for (const arn of arns) await scriptEvents(service, arn, events);
  await service.faults({ throttleBucket: { capacity: 400, refillPerSecond: 20 } });
  const keys = await Promise.all(
    Array.from({ length: 10 }, (_, index) => service.key({ owner: `team ${index}` })),
  );
  let reading = CLIENTS;
  const clients = Array.from({ length: CLIENTS }, async (_, index) => {
    const [executionArn, key = ''] = [arns[index % HISTORIES], keys[index % keys.length]];
    const maxResults = PAGE_SIZES[Math.floor(index / HISTORIES)];
    const read = await readHistory(service, key, { executionArn, maxResults }).finally(() => reading--);
    return read.events.map(({ id }) => id);
  });
  const all = Promise.all(clients);
  for (let seconds = 0; reading > 0 && seconds < TIMEOUT_SECONDS; seconds += 0.1) {
    await service.clock.advance(100);
  }
  const ids = events.map(({ id }) => id);
  for (const read of await all) expect(read).toEqual(ids);
  expect(service.emulator.stats()).toMatchObject({ throttled: 0 });
});
