/**
 * A list in a Durable Object. Lists use the same class as executions, bound as EXECUTIONS
 * (docs/decisions/0012-lists-are-objects-of-the-class-of-executions.md). The object's name decides whether it
 * is an execution or a list. A list need not store its name: after an eviction no stream is open, so its
 * alarm has nothing to poll and does not need the name.
 */
import type { Clock } from '../../core/clock.ts';
import type { Result } from '../../core/errors.ts';
import type { ExecutionStorage } from '../../executions/execution-storage.ts';
import type { RunBounds } from '../../objects/run-bounds.ts';
import { streamAnswer } from '../../objects/stream-answer.ts';
import type { FollowRequest, ListOf, ListPage, ListRequest } from '../lists.ts';
import type { LiveList } from '../live/live-list.ts';
import type { OpenList } from './open-list.ts';

/**
 * The path of requests for a live list. It distinguishes them from requests for the stream of an execution.
 */
export const LIST_STREAM_PATH = '/list';
/** Stored rows are deleted after this long, because the upstream's tokens in them are no longer valid. */
export const LIST_KEPT_MS = 24 * 3_600_000;
/**
 * The storage key of the time when all stored data must be deleted, in clock milliseconds. The time is
 * stored, so that it survives an eviction.
 */
const FORGET_AT = 'forget-list-at';

export interface ListShellOptions {
  readonly storage: ExecutionStorage;
  readonly wake: (atMs: number) => void;
  readonly clock: Clock;
}

export class ListShell {
  readonly #options: ListShellOptions;
  #list: LiveList | undefined;
  #forgetAtMs: number | undefined;

  constructor(options: ListShellOptions) {
    this.#options = options;
  }

  page(openList: OpenList, request: ListRequest): Promise<Result<ListPage>> {
    return this.#open(openList, request.of).page(request);
  }

  async stream(openList: OpenList, request: Request): Promise<Response> {
    // Safety: only `createDurableObjectLists` can call the object, and it sends a FollowRequest.
    const asked = (await request.json()) as FollowRequest;
    return streamAnswer(await this.#open(openList, asked.of).follow(asked, request.signal));
  }

  /**
   * Polls for the open streams, and deletes expired data. Resolves with the time of the next call, in clock
   * milliseconds.
   */
  async run(bounds: RunBounds): Promise<number | undefined> {
    const nextMs = await this.#list?.run(bounds);
    const { storage, clock } = this.#options;
    const stored = await storage.get(FORGET_AT);
    if (typeof stored !== 'number') return nextMs;
    if (stored > clock.now()) return Math.min(stored, nextMs ?? Infinity);
    this.#forgetAtMs = undefined;
    await storage.delete([...(await storage.list('')).keys()]);
    return nextMs;
  }

  #open(openList: OpenList, of: ListOf): LiveList {
    const { wake } = this.#options;
    return (this.#list ??= openList(of, { storage: this.#keptForADay(), wake }));
  }

  #keptForADay(): ExecutionStorage {
    const { storage, wake, clock } = this.#options;
    return {
      ...storage,
      put: async (key, value) => {
        this.#forgetAtMs ??= Number((await storage.get(FORGET_AT)) ?? NaN);
        if (Number.isNaN(this.#forgetAtMs)) {
          this.#forgetAtMs = clock.now() + LIST_KEPT_MS;
          await storage.put(FORGET_AT, this.#forgetAtMs);
          wake(this.#forgetAtMs);
        }
        await storage.put(key, value);
      },
    };
  }
}
