/**
 * Checks that lists lose and repeat nothing (invariant 10 of docs/design.md). A walk, with any filter and page size,
 * lists:
 * - each execution that matches during the whole walk exactly once, and all of them in order;
 * - each execution that matches during a part of the walk at most once;
 * - no execution that the key may not read.
 *
 * During a walk, executions start, end, are redriven, are archived and leave the upstream's list, and tokens expire.
 * A token either names an execution after which it continues, or counts the executions that it skips.
 */
import { expect } from 'vitest';
import { matchesAnyPattern } from '../../src/access/keys/execution-pattern.ts';
import { orderKey } from '../../src/archive/order-key.ts';
import { mayEverMatch } from '../../src/lists/list-filter.ts';
import type { ListItem, ListRequest } from '../../src/lists/lists.ts';
import { LIST_FRESH_MS } from '../../src/lists/upstream-list.ts';
import { type Status, STATUSES } from '../../src/messages/event-types.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { START_MS, door, execution, idOf, iso, listUnderTest } from './list-under-test.ts';

export interface ScenarioOptions {
  readonly executions: number;
  readonly walks: number;
  readonly seed: number;
  /** The number of executions in an upstream page. */
  readonly pageSizeMax: number;
  /** Lists the oldest executions first, as stepfunctions-local does. */
  readonly oldestFirst?: boolean;
  /** Each walk chooses one of these page sizes at random. */
  readonly maxResults: readonly number[];
}

/** The state of one execution, and whether it matched during the current walk. */
interface Story {
  readonly id: string;
  readonly name: string;
  readonly startedAtMs: number;
  status: Status;
  redrives: number;
  isLive: boolean;
  /** The number of redrives when the execution was archived. Undefined if it is not archived. */
  archivedRedrives: number | undefined;
  /**
   * Contains true if the execution matched the filter at some moment of the current walk, and false if it did not
   * match at some moment.
   */
  matched: Set<boolean>;
}

const ENDS = ['SUCCEEDED', 'FAILED', 'ABORTED'] as const;
const NAMES = ['front', 'front-door', 'back', 'b', 'ba'] as const;
const PATTERNS: readonly (readonly string[])[] = [
  ['*'],
  ['*'],
  [idOf('*')],
  [idOf('front*')],
  [idOf('fro*'), idOf('b-1*')],
  ['*:Door:ba*7'],
  ['arn:*:execution:Do*r-*'],
];

export async function walksListExactlyOnce(options: ScenarioOptions): Promise<void> {
  const random = seededRandom(options.seed);
  const upTo = (end: number) => Math.floor(random() * end);
  const oneOf = <T>(list: readonly T[]): T => {
    const chosen = list[upTo(list.length)];
    if (chosen === undefined) throw new Error('Cannot choose from an empty list');
    return chosen;
  };
  const { oldestFirst = false } = options;
  const tokensOf = oldestFirst ? 'count' : oneOf(['place', 'count'] as const);
  const under = listUnderTest({ upstream: { pageSizeMax: options.pageSizeMax, tokensOf, oldestFirst } });
  const { source, clock, archive } = under;
  const stories: Story[] = [];
  // Many executions get the same start time, so that all executions of some pages started at the same time.
  let startsAtMs = START_MS - options.executions * 20;

  const put = ({ name, startedAtMs, status, redrives }: Story) =>
    source.put(
      execution(name, startedAtMs, {
        status,
        upstreamStatus: status === 'FAILED' && startedAtMs % 2 === 0 ? 'TIMED_OUT' : status,
        redriveCount: redrives,
        ...(status !== 'RUNNING' && { endedAt: iso(startedAtMs + 1_000) }),
      }),
    );
  const start = (): Story => {
    startsAtMs += random() < 0.4 ? 0 : upTo(40);
    const story: Story = {
      id: '',
      name: `${oneOf(NAMES)}-${stories.length}`,
      startedAtMs: startsAtMs,
      status: 'RUNNING',
      redrives: 0,
      isLive: true,
      archivedRedrives: undefined,
      matched: new Set(),
    };
    const named = { ...story, id: idOf(story.name) };
    stories.push(named);
    put(named);
    return named;
  };
  const end = (story: Story): void => {
    if (!story.isLive || story.status !== 'RUNNING') return;
    story.status = oneOf(ENDS);
    put(story);
  };
  const redrive = (story: Story): void => {
    if (!story.isLive || story.status === 'RUNNING' || story.status === 'SUCCEEDED') return;
    story.status = 'RUNNING';
    story.redrives++;
    put(story);
  };
  const keep = async (story: Story): Promise<void> => {
    if (story.status === 'RUNNING') return;
    story.archivedRedrives = story.redrives;
    await archive(story.id, story.startedAtMs, {
      status: story.status,
      finalAt: iso(clock.now() + 1_000_000_000),
      upstream: { startedAt: iso(story.startedAtMs), redriveCount: story.redrives },
    });
  };
  /**
   * Removes an archived execution from the upstream's list, as AWS does after 90 days. Does nothing if tokens count
   * executions: each removal shifts the count, so any reader would miss executions.
   */
  const fade = (story: Story): void => {
    if (story.archivedRedrives !== story.redrives || story.status === 'RUNNING' || tokensOf === 'count')
      return;
    story.isLive = false;
    source.delete(story.id);
  };

  for (let count = 0; count < options.executions; count++) {
    const story = start();
    if (random() < 0.7) end(story);
    if (random() < 0.4) await keep(story);
    if (random() < 0.1) redrive(story);
    // Mostly old executions leave the list, as on AWS.
    if (random() < 0.5 - count / options.executions) fade(story);
  }

  const change = async (): Promise<void> => {
    const changes = upTo(20);
    for (let count = 0; count < changes; count++) {
      const story = oneOf(stories);
      const what = upTo(6);
      if (what === 0) start();
      if (what === 1) end(story);
      if (what === 2) redrive(story);
      if (what === 3) await keep(story);
      if (what === 4) fade(story);
      if (what === 5 && random() < 0.1) source.expireTokens();
    }
  };

  for (let walk = 0; walk < options.walks; walk++) {
    const request = drawRequest();
    const look = () => {
      for (const story of stories) story.matched.add(isMatch(story, request));
    };
    // Pages are cached. Wait until the cache has expired, so that the walk sees all earlier changes.
    await clock.advance(LIST_FRESH_MS + 1);
    for (const story of stories) story.matched = new Set();
    look();
    const existing = new Set(stories);
    const items = await under.walk(request, async () => {
      await change();
      look();
      if (random() < 0.5) await clock.advance(upTo(LIST_FRESH_MS * 2));
    });
    check(request, items, existing);
  }

  function drawRequest(): Partial<ListRequest> {
    const times = [0, 1].map(() => START_MS - upTo(options.executions * 22)).toSorted((a, b) => a - b);
    const [startedAfterMs = 0, startedBeforeMs = 0] = times;
    return {
      of: { flow: door },
      patterns: oneOf(PATTERNS),
      maxResults: oneOf(options.maxResults),
      ...(random() < 0.4 && { statuses: STATUSES.filter(() => random() < 0.5) }),
      ...(random() < 0.3 && { namePrefix: oneOf(['front', 'ba', 'b', 'x']) }),
      ...(random() < 0.3 && { startedAfterMs }),
      ...(random() < 0.3 && { startedBeforeMs }),
    };
  }

  function isMatch({ id, name, startedAtMs, status }: Story, request: Partial<ListRequest>): boolean {
    const { statuses, namePrefix, patterns = [] } = request;
    return (
      (statuses?.includes(status) ?? true) &&
      (namePrefix === undefined || name.startsWith(namePrefix)) &&
      startedAtMs >= (request.startedAfterMs ?? -Infinity) &&
      startedAtMs < (request.startedBeforeMs ?? Infinity) &&
      matchesAnyPattern(patterns, id)
    );
  }

  function check(
    request: Partial<ListRequest>,
    items: readonly ListItem[],
    existing: ReadonlySet<Story>,
  ): void {
    const ids = items.map(({ flowExecutionId }) => flowExecutionId);
    const keys = items.map(({ startedAt, flowExecutionId }) => orderKey(startedAt, flowExecutionId));
    expect(new Set(ids).size, 'number of distinct ids').toBe(ids.length);
    expect(keys, 'order of the list').toEqual(keys.toSorted((a, b) => (a < b ? -1 : 1)));
    const listed = new Set(ids);
    const missing = [...existing].filter(
      ({ id, matched }) => matched.has(true) && !matched.has(false) && !listed.has(id),
    );
    expect(
      missing.map(({ name }) => name),
      'executions missing from the list',
    ).toEqual([]);
    const never = stories.filter(({ id, matched }) => listed.has(id) && !matched.has(true));
    expect(
      never.map(({ name }) => name),
      'listed executions that never matched the filter',
    ).toEqual([]);
    const forbidden = items.filter((item) => !mayEverMatch({ patterns: [], ...request }, item));
    expect(forbidden, 'listed executions that the key may not read').toEqual([]);
  }
}
