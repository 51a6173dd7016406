/** Tests the store of the list at /watch, with a source whose pages and events the test provides. */
import { describe, expect, test } from 'vitest';

import { FlowtapProblem, type Status } from '../../src/client/client.ts';
import type { PageVisibility } from '../../src/viewer/store/page-visibility.ts';
import type {
  ListEvent,
  ListPart,
  ListQuery,
  ListSource,
  ListedExecution,
} from '../../src/viewer/watch/list-source.ts';
import { ListStore } from '../../src/viewer/watch/list-store.ts';
import { eventually } from '../support/eventually.ts';

const execution = (name: string, second: number, status: Status = 'SUCCEEDED'): ListedExecution => ({
  flowExecutionId: `id/${name}`,
  name,
  source: 'step-functions',
  status,
  archived: false,
  final: false,
  startedAt: new Date(second * 1000).toISOString(),
});

const part = (executions: readonly ListedExecution[], more: Partial<ListPart> = {}): ListPart => ({
  executions,
  partial: false,
  isLast: false,
  ...more,
});

class FedSource implements ListSource {
  follows = 0;
  readonly #parts: readonly (ListPart | Error)[];
  #events: ListEvent[] = [];
  #wake: () => void = () => {};

  constructor(parts: readonly (ListPart | Error)[]) {
    this.#parts = parts;
  }

  send(...events: ListEvent[]): void {
    this.#events.push(...events);
    this.#wake();
  }

  flows = () => Promise.resolve([]);

  async *parts(): AsyncGenerator<ListPart, void, void> {
    for (const given of this.#parts) {
      if (given instanceof Error) throw given;
      yield given;
    }
  }

  async *follow(_query: ListQuery, signal: AbortSignal): AsyncGenerator<ListEvent, void, void> {
    this.follows++;
    for (;;) {
      yield* this.#events.splice(0);
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
}

class Visibility implements PageVisibility {
  hidden = false;
  readonly #listeners = new Set<() => void>();
  isHidden = () => this.hidden;
  onChange = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  set(hidden: boolean): void {
    this.hidden = hidden;
    for (const listener of this.#listeners) listener();
  }
}

function opened(parts: readonly (ListPart | Error)[], query: ListQuery = { flow: 'f' }) {
  const source = new FedSource(parts);
  const visibility = new Visibility();
  const store = new ListStore(source, query, visibility);
  const unsubscribe = store.subscribe(() => {});
  const names = () => store.getSnapshot().executions.map(({ name, status }) => `${name} ${status}`);
  return { source, store, visibility, unsubscribe, names };
}

describe('the store of a list', () => {
  test('inserts new executions, replaces changed ones, and keeps the newest first', async () => {
    const { source, store, names } = opened([
      part([execution('b', 2, 'RUNNING'), execution('a', 1)], { isLast: true }),
    ]);
    await eventually(() => expect(names()).toEqual(['b RUNNING', 'a SUCCEEDED']));
    source.send(
      { type: 'execution', execution: execution('c', 3, 'RUNNING') },
      { type: 'execution', execution: execution('b', 2, 'FAILED') },
      { type: 'caught-up' },
    );
    await eventually(() => expect(names()).toEqual(['c RUNNING', 'b FAILED', 'a SUCCEEDED']));
    expect(store.getSnapshot()).toMatchObject({ phase: 'live', hasOlder: false });
  });

  test('removes an execution that no longer matches the filter', async () => {
    const { source, names } = opened([part([execution('a', 1, 'RUNNING')], { isLast: true })], {
      flow: 'f',
      statuses: ['RUNNING'],
    });
    await eventually(() => expect(names()).toEqual(['a RUNNING']));
    source.send({ type: 'execution', execution: execution('a', 1, 'SUCCEEDED') });
    await eventually(() => expect(names()).toEqual([]));
  });

  test('does not overwrite newer states from the live list with those of an older page', async () => {
    const first = part(Array.from({ length: 30 }, (_, n) => execution(`x${n}`, 100 + n)));
    const { source, store, names } = opened([first, part([execution('a', 1, 'RUNNING')], { isLast: true })]);
    await eventually(() => expect(names()).toHaveLength(30));
    source.send({ type: 'execution', execution: execution('a', 1, 'FAILED') });
    await eventually(() => expect(names()).toHaveLength(31));
    await store.readOlder();
    expect(names().at(-1)).toBe('a FAILED');
    expect(store.getSnapshot().hasOlder).toBe(false);
  });

  test('searches through empty pages, and reports how far back it has searched and that executions might be missing', async () => {
    const empty = (searchedBackTo: string) => part([], { searchedBackTo, partial: true });
    const { store, names } = opened([
      ...Array.from({ length: 8 }, (_, n) => empty(`2026-01-0${n + 1}`)),
      part([execution('a', 1)], { isLast: true }),
    ]);
    await eventually(() => expect(store.getSnapshot().isReadingOlder).toBe(false));
    expect(store.getSnapshot()).toMatchObject({
      searchedBackTo: '2026-01-08',
      isPartial: true,
      hasOlder: true,
    });
    await store.readOlder();
    expect(names()).toEqual(['a SUCCEEDED']);
    expect(store.getSnapshot()).toMatchObject({ isPartial: true, hasOlder: false });
  });

  test('has the phase `refused` and the error if the list is refused', async () => {
    const problem = new FlowtapProblem({
      status: 403,
      code: 'AccessDeniedException',
      title: 'No',
      detail: 'Not yours.',
    });
    const { store } = opened([problem]);
    await eventually(() => expect(store.getSnapshot()).toMatchObject({ phase: 'refused', error: problem }));
  });

  test('closes its stream while the page is hidden, and for good when the last subscriber leaves', async () => {
    const { source, store, visibility, unsubscribe } = opened([part([], { isLast: true })]);
    await eventually(() => expect(source.follows).toBe(1));
    visibility.set(true);
    await eventually(() => expect(store.getSnapshot().phase).toBe('paused'));
    visibility.set(false);
    await eventually(() => expect(source.follows).toBe(2));
    unsubscribe();
    visibility.set(true);
    visibility.set(false);
    expect(source.follows).toBe(2);
  });
});
