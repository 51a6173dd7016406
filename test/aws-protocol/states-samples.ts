/**
 * A few recorded histories that together contain every recorded type of event. For tests that are too slow to run on
 * all histories.
 */
import { expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { World } from '../support/on-workerd.ts';
import { type RecordedHistory, readRecordedHistories } from '../step-functions/recorded-histories.ts';
import { arnOf } from '../step-functions/source-under-test.ts';

export interface Sample {
  readonly arn: string;
  readonly events: RecordedHistory['events'];
  /** Small enough that the history needs several pages. */
  readonly pageSize: number;
}

/** Chooses greedily, always the history with the most types that are still missing. */
export function sampleHistories(): Sample[] {
  const histories = readRecordedHistories();
  const missing = new Set(histories.flatMap(({ events }) => events.map(({ type }) => type)));
  const chosen: RecordedHistory['events'][] = [];
  const news = (events: RecordedHistory['events']) =>
    new Set(events.map(({ type }) => type).filter((type) => missing.has(type))).size;
  while (missing.size > 0) {
    const best = histories.reduce((a, b) => (news(b.events) > news(a.events) ? b : a));
    for (const { type } of best.events) missing.delete(type);
    chosen.push(best.events);
  }
  return chosen.map((events, index) => ({
    arn: arnOf(`sample-${index}`),
    events,
    pageSize: Math.ceil(events.length / 3),
  }));
}

export const scriptSample = (world: World, { arn, events }: Pick<Sample, 'arn' | 'events'>): Promise<void> =>
  world.control('/executions', { executionArn: arn, events });

export const MACHINE_ARN = 'arn:aws:states:us-west-2:123456789012:stateMachine:Listed';

/** Adds a state machine with twelve executions in all statuses, started an hour ago or earlier. */
export function scriptRuns(world: World): Promise<void> {
  const ends = ['SUCCEEDED', 'FAILED', undefined, 'ABORTED', 'TIMED_OUT'] as const;
  const runs = Array.from({ length: 12 }, (_, index) => {
    const startedAt = Date.now() - 3_600_000 - index * 60_000;
    const status = ends[index % ends.length];
    return { name: `run-${index}`, startedAt, ...(status && { status, endedAt: startedAt + 30_000 }) };
  });
  return world.control('/runs', { stateMachineArn: MACHINE_ARN, runs });
}

/** Waits until all samples are archived. */
export async function untilSamplesArchived(world: World, key: string, samples: readonly Sample[]) {
  for (const { arn } of samples) {
    await eventually(async () => {
      const headers = { 'X-API-Key': key };
      const response = await world.fetch(`/v1/executions/${encodeURIComponent(arn)}`, { headers });
      expect(await response.json()).toHaveProperty('archivedAt');
    });
  }
}
