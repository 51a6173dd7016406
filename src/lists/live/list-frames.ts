/**
 * Encodes the events of a live list as frames. Events have no id, because a client that reconnects gets the
 * current list from its start. The contract is docs/http-api.md.
 */
import type { Failure } from '../../core/errors.ts';
import type { Heartbeat } from '../../executions/following/listeners.ts';
import type { CommonFrames } from '../../executions/following/stream-writer.ts';
import { sseEvent, sseOpening } from '../../messages/sse.ts';
import type { ListItem, ListPage } from '../lists.ts';

/** What the event `caught-up` reports about the initial list. */
export type ListBeginning = Pick<ListPage, 'partial' | 'searchedBackTo'>;

export class ListFrames implements CommonFrames {
  readonly #problemJson: (failure: Failure) => string;
  /**
   * Cached frames, so that an item is encoded only once for all subscribers. Item objects are never modified.
   * Each change creates a new object.
   */
  readonly #ofItem = new WeakMap<ListItem, Uint8Array>();

  /**
   * `problemJson` comes from http/, so that streams and other responses describe problems in the same way.
   */
  constructor(problemJson: (failure: Failure) => string) {
    this.#problemJson = problemJson;
  }

  opening(retryMs: number): Uint8Array {
    return sseOpening(retryMs);
  }

  execution(item: ListItem): Uint8Array {
    const known = this.#ofItem.get(item);
    if (known) return known;
    const frame = sseEvent({ event: 'execution', data: JSON.stringify(item) });
    this.#ofItem.set(item, frame);
    return frame;
  }

  caughtUp({ partial, searchedBackTo }: ListBeginning): Uint8Array {
    const data = { ...(partial && { partial }), ...(searchedBackTo !== undefined && { searchedBackTo }) };
    return sseEvent({ event: 'caught-up', data: JSON.stringify(data) });
  }

  heartbeat(state: Heartbeat): Uint8Array {
    return sseEvent({ event: 'heartbeat', data: JSON.stringify(state) });
  }

  problem(failure: Failure, retryMs: number): Uint8Array {
    return sseEvent({ event: 'problem', data: this.#problemJson(failure), retryMs });
  }
}
