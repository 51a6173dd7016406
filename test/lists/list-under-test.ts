/** Sets up a flow's list with a scripted upstream, and with the real index on a store in memory. */
import { ExecutionIndex } from '../../src/archive/execution-index.ts';
import type { ArchiveHead } from '../../src/archive/archive-head.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { type FlowRef, parseFlowRef } from '../../src/core/flow-ref.ts';
import { createMemoryExecutionStorage } from '../../src/executions/execution-storage.ts';
import { FlowList, type FlowListOptions } from '../../src/lists/flow-list.ts';
import type { ListItem, ListPage, ListRequest } from '../../src/lists/lists.ts';
import { createListMemory } from '../../src/lists/upstream-list.ts';
import type { Status } from '../../src/messages/event-types.ts';
import type { SourceExecution } from '../../src/sources/listing-source.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { ScriptedListing, type ScriptedListingOptions } from '../support/scripted-listing.ts';
import { testLog } from '../support/secret-search.ts';

export const FLOW = 'arn:aws:states:us-west-2:123456789012:stateMachine:Door';
const parsed = parseFlowRef(FLOW);
if (!parsed) throw new Error(`Not a flow: ${FLOW}`);
export const door: FlowRef = parsed;
export const idOf = (name: string): string => `arn:aws:states:us-west-2:123456789012:execution:Door:${name}`;
export const START_MS = Date.UTC(2026, 0, 1);
export const iso = (ms: number): string => new Date(ms).toISOString();

export function execution(
  name: string,
  startedAtMs: number,
  more: Partial<SourceExecution> = {},
): SourceExecution {
  return {
    executionId: idOf(name),
    flow: FLOW,
    name,
    upstreamStatus: 'RUNNING',
    status: 'RUNNING',
    startedAt: iso(startedAtMs),
    members: { executionArn: idOf(name) },
    ...more,
  };
}

/** Returns ended executions. `e7` started seven seconds before START_MS. */
export const ended = (count: number) =>
  Array.from({ length: count }, (_, age) =>
    execution(`e${age}`, START_MS - age * 1_000, {
      status: 'SUCCEEDED',
      upstreamStatus: 'SUCCEEDED',
      endedAt: iso(START_MS - age * 1_000 + 500),
    }),
  );

export interface ListUnderTestOptions extends Partial<Omit<FlowListOptions, 'source' | 'clock'>> {
  readonly clock?: ManualClock;
  readonly source?: ScriptedListing;
  readonly upstream?: ScriptedListingOptions;
  /** Default: true. */
  readonly isIndexComplete?: boolean;
}

export function listUnderTest({ upstream, isIndexComplete = true, ...more }: ListUnderTestOptions = {}) {
  const clock = more.clock ?? new ManualClock(START_MS);
  const store = createMemoryStore({ clock, oneWritePerSecond: false });
  const source = more.source ?? new ScriptedListing(upstream);
  const index = Object.assign(new ExecutionIndex({ store, clock }), {
    isComplete: async () => isIndexComplete,
  });
  const list = new FlowList({
    of: { flow: door },
    source,
    index,
    storage: createMemoryExecutionStorage(),
    memory: createListMemory(),
    clock,
    log: testLog(),
    ...more,
  });
  /** Adds an execution to the index of archives, as archiving does. */
  const archive = async (
    executionId: string,
    startedAtMs: number | undefined,
    facts: Partial<Omit<ArchiveHead, 'upstream'>> & {
      readonly upstream?: ArchiveHead['upstream'];
      readonly status?: Status;
    } = {},
  ): Promise<void> => {
    await index.put(parseExecutionRef(executionId), {
      v: 1,
      generation: '0'.repeat(16),
      count: 1,
      status: 'SUCCEEDED',
      ...(startedAtMs !== undefined && { startedAt: iso(startedAtMs) }),
      archivedAt: iso(clock.now()),
      from: 'source',
      ...facts,
    });
  };
  const request = (of: Partial<ListRequest> = {}): ListRequest => ({
    of: { flow: door },
    patterns: ['*'],
    maxResults: 50,
    tenant: 'key/a',
    ...of,
  });
  const page = async (of: Partial<ListRequest> = {}, signal?: AbortSignal): Promise<ListPage> => {
    const answer = await list.page(request(of), signal);
    if (!answer.ok) throw new Error(`refused: ${JSON.stringify(answer.failure)}`);
    return answer.value;
  };
  /** Reads a page as clients do: retries while the list is still searching for the position. */
  const pageAtLast = async (of: Partial<ListRequest>): Promise<ListPage> => {
    for (let attempts = 0; attempts < 20; attempts++) {
      const answer = await list.page(request(of));
      if (answer.ok) return answer.value;
      if (answer.failure.type !== 'upstream-unfinished' && answer.failure.type !== 'upstream-invalid-token')
        throw new Error(`refused: ${JSON.stringify(answer.failure)}`);
    }
    throw new Error('the list did not reach the position in 20 attempts');
  };
  /** Reads all pages to the end of the list. Calls `between` after each page. */
  const walk = async (
    of: Partial<ListRequest> = {},
    between: (page: ListPage) => unknown = () => undefined,
  ): Promise<ListItem[]> => {
    const items: ListItem[] = [];
    for (let after: string | undefined, pages = 0; ; pages++) {
      if (pages > 1_000) throw new Error('the list does not end');
      const answer = await pageAtLast({ ...of, ...(after !== undefined && { after }) });
      items.push(...answer.executions);
      await between(answer);
      if (answer.next === undefined) return items;
      if (after !== undefined && answer.next <= after) throw new Error('the cursor of a page points back');
      after = answer.next;
    }
  };
  return { clock, store, source, index, list, archive, request, page, walk };
}

export const namesOf = (items: readonly ListItem[]): (string | undefined)[] => items.map(({ name }) => name);
