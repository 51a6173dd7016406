/**
 * One open live list. Sends the newest executions, then `caught-up`, then each execution that appears or
 * changes. If an execution changes again before it was sent, only its latest state is sent. So however slow
 * the client is, its queue never has more than one entry per execution.
 */
import { orderKey, startedAtMsOf } from '../../archive/order-key.ts';
import type { Failure } from '../../core/errors.ts';
import type { Heartbeat } from '../../executions/following/listeners.ts';
import type { StreamSender } from '../../executions/following/open-stream.ts';
import { StreamWriter, type StreamWriterOptions } from '../../executions/following/stream-writer.ts';
import { matchesFilter } from '../list-filter.ts';
import type { ListFilter, ListItem } from '../lists.ts';
import { isSameState } from './item-state.ts';
import type { ListBeginning, ListFrames } from './list-frames.ts';

/**
 * How many executions are remembered as sent to a client. If there are more, ended executions are forgotten,
 * because they rarely change.
 */
export const SENT_MAX = 2_000;

/** The initial list, which is sent first. */
export interface FirstList extends ListBeginning {
  /** Newest start first. */
  readonly executions: readonly ListItem[];
  /**
   * The place where the initial list ends, as in `ListPage`. Older executions are not part of this live list.
   * If absent, all executions are.
   */
  readonly next?: string;
}

export interface ListSubscriberOptions extends Omit<StreamWriterOptions, 'step' | 'frames' | 'queue'> {
  readonly filter: ListFilter;
  readonly first: FirstList;
  readonly frames: ListFrames;
}

export class ListSubscriber implements StreamSender {
  readonly #options: ListSubscriberOptions;
  readonly #writer: StreamWriter;
  /** By id, each execution in the state in which it was last sent or queued. */
  readonly #sent = new Map<string, ListItem>();
  readonly #waiting = new Map<string, ListItem>();
  #endsAt: string | undefined;
  #caughtUp = false;

  constructor(options: ListSubscriberOptions) {
    this.#options = options;
    this.#endsAt = options.first.next;
    for (const item of options.first.executions) this.#add(item);
    const { frames, clock, random, onClose, onStall, onBug } = options;
    const step = () => this.#step();
    this.#writer = new StreamWriter({ frames, clock, random, step, onClose, onStall, onBug });
  }

  get stream(): ReadableStream<Uint8Array> {
    return this.#writer.stream;
  }

  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  get heartbeatAtMs(): number {
    return this.#writer.heartbeatAtMs;
  }

  /** Queues executions that have appeared or changed, if they belong to this client's list. */
  offer(items: readonly ListItem[]): void {
    for (const item of items) {
      const id = item.flowExecutionId;
      const sent = this.#sent.get(id);
      if (sent && isSameState(sent, item)) continue;
      if (matchesFilter(this.#options.filter, item)) {
        if (sent || this.#isWithin(item)) this.#add(item);
      } else if (sent) {
        // The execution no longer matches the filter: send it once more, with its new status.
        this.#sent.delete(id);
        this.#waiting.set(id, item);
      }
    }
  }

  /**
   * If too many executions are remembered, forgets ended ones after this place in the list. They rarely
   * change.
   */
  forgetAfter(place: string): void {
    const startedAtMs = startedAtMsOf(place);
    if (this.#sent.size <= SENT_MAX || startedAtMs === undefined) return;
    for (const [id, item] of this.#sent)
      if (item.status !== 'RUNNING' && !(Date.parse(item.startedAt ?? '') >= startedAtMs))
        this.#sent.delete(id);
    if (this.#endsAt === undefined || place < this.#endsAt) this.#endsAt = place;
  }

  pump(): Promise<void> | undefined {
    return this.#writer.pump();
  }

  heartbeat(state: Heartbeat): void {
    this.#writer.heartbeat(() => this.#options.frames.heartbeat(state));
  }

  close(failure?: Failure): void {
    this.#writer.close(failure);
  }

  /** Call this when the client has disconnected. Stops writing. */
  drop(): void {
    this.#writer.drop();
  }

  #add(item: ListItem): void {
    this.#sent.set(item.flowExecutionId, item);
    this.#waiting.set(item.flowExecutionId, item);
  }

  /**
   * False for executions older than the initial list. They are not sent even if they match, because the
   * client asked for the newest ones.
   */
  #isWithin({ startedAt, flowExecutionId }: ListItem): boolean {
    return this.#endsAt === undefined || orderKey(startedAt, flowExecutionId) <= this.#endsAt;
  }

  /**
   * Sends one execution, or `caught-up` if none is waiting. Returns true if it can be called again
   * immediately.
   */
  #step(): boolean {
    const { frames, first } = this.#options;
    const [next] = this.#waiting;
    if (!next) {
      if (!this.#caughtUp) this.#writer.send(frames.caughtUp(first));
      this.#caughtUp = true;
      return false;
    }
    if (!this.#writer.roomOrStall()) return false;
    const [id, item] = next;
    this.#waiting.delete(id);
    this.#writer.send(frames.execution(item));
    return true;
  }
}
