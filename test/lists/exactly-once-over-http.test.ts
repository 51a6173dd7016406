/**
 * Checks the property of exactly-once.ts through the whole service. The emulator lists 5,000 executions, with the delay
 * and quota of AWS.
 */
import { expect, test } from 'vitest';
import { matchesAnyPattern } from '../../src/access/keys/execution-pattern.ts';
import type { ListItem } from '../../src/lists/lists.ts';
import { openService } from '../http/service-under-test.ts';
import { seededRandom } from '../support/seeded-random.ts';

const HOME = 'arn:aws:states:us-west-2:123456789012';
const DOOR = `${HOME}:stateMachine:Door`;
const idOf = (name: string) => `${HOME}:execution:Door:${name}`;
const RUNS = 5_000;
const WALKS = 6;
/** The maximum age of an answer: the emulator's delay plus the time for which pages are cached. */
const LAG_MS = 3_500;

interface Run {
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly status?: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly redrives?: readonly { readonly at: number; readonly endedAt: number }[];
}

function statusAt({ startedAt, endedAt = Infinity, status, redrives = [] }: Run, ms: number) {
  if (ms < startedAt) return undefined;
  const redrive = redrives.findLast(({ at }) => at <= ms);
  if (redrive) return ms >= redrive.endedAt ? 'SUCCEEDED' : 'RUNNING';
  if (ms < endedAt) return 'RUNNING';
  return status === 'TIMED_OUT' ? 'FAILED' : (status ?? 'SUCCEEDED');
}

test('a walk over HTTP through 5,000 executions of the emulator lists each exactly once, in order', async () => {
  const random = seededRandom();
  const upTo = (end: number) => Math.floor(random() * end);
  const service = await openService();
  const now = service.clock.now();
  const runs = Array.from({ length: RUNS }, (_, index): Run => {
    // Many executions have the same start time. Some start or end during the walks.
    const startedAt = now - 86_400_000 + Math.floor(upTo(86_460_000) / 20_000) * 20_000;
    const endedAt = startedAt + 1 + upTo(120_000_000);
    const status = (['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] as const)[upTo(4)];
    const redrives = [{ at: endedAt + 1 + upTo(60_000_000), endedAt: endedAt + 90_000_000 }];
    return {
      name: `${['front', 'back', 'b'][upTo(3)] ?? ''}-${index}`,
      startedAt,
      endedAt,
      ...(status && { status }),
      ...((status === 'FAILED' || status === 'ABORTED') && random() < 0.3 && { redrives }),
    };
  });
  await service.runs(DOOR, runs);
  const byId = new Map(runs.map((run) => [idOf(run.name), run]));

  let total = 0;
  for (let walk = 0; walk < WALKS; walk++) {
    const patterns = [[idOf('*')], [idOf('fro*')], [idOf('b*1'), idOf('b*7')]][upTo(3)] ?? [];
    const statuses = [undefined, ['RUNNING'], ['FAILED', 'ABORTED'], ['SUCCEEDED']][upTo(4)];
    const namePrefix = [undefined, undefined, 'b', 'front-1'][upTo(4)];
    const query = new URLSearchParams({
      flow: DOOR,
      maxResults: '250',
      ...(statuses && { status: statuses.join(',') }),
      ...(namePrefix !== undefined && { namePrefix }),
    });
    const key = await service.key({ executions: patterns });
    await service.clock.advance(LAG_MS);
    const beganAt = service.clock.now();
    const items: ListItem[] = [];
    for (let nextToken: string | undefined; ;) {
      if (nextToken !== undefined) query.set('nextToken', nextToken);
      const response = service.fetch(`/v1/executions?${query}`, {
        headers: { Authorization: `Bearer ${key}` },
      });
      await service.clock.advance(1_000 + upTo(5_000));
      expect((await response).status).toBe(200);
      const page = (await (await response).json()) as { executions: ListItem[]; nextToken?: string };
      items.push(...page.executions);
      ({ nextToken } = page);
      if (nextToken === undefined) break;
    }
    const endedAt = service.clock.now();

    const ids = items.map(({ flowExecutionId }) => flowExecutionId);
    expect(new Set(ids).size, 'number of distinct ids').toBe(ids.length);
    const starts = items.map(({ startedAt }) => Date.parse(startedAt ?? ''));
    expect(starts, 'order of the list').toEqual(starts.toSorted((a, b) => b - a));
    const mayEver = ({ name }: Run) =>
      name.startsWith(namePrefix ?? '') && matchesAnyPattern(patterns, idOf(name));
    const matches = (run: Run, ms: number) => {
      const status = statusAt(run, ms);
      return status !== undefined && (statuses?.includes(status) ?? true) && mayEver(run);
    };
    // Moments spread over the walk, and over the LAG_MS before it. Each execution is compared with the filter at each
    // of them.
    const moments = Array.from(
      { length: 40 },
      (_, step) => beganAt - LAG_MS + (step * (endedAt - beganAt + LAG_MS)) / 39,
    );
    total += ids.length;
    const listed = new Set(ids);
    const missing = runs.filter(
      (run) => !listed.has(idOf(run.name)) && moments.every((moment) => matches(run, moment)),
    );
    expect(missing, 'executions missing from the list').toEqual([]);
    const never = ids.filter((id) => {
      const run = byId.get(id);
      return !run || !moments.some((moment) => matches(run, moment));
    });
    expect(never, 'listed executions that never matched the filter').toEqual([]);
  }
  expect(total).toBeGreaterThan(RUNS / 2);
});
