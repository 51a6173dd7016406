/**
 * Caches encoded pages of executions that are not archived, for all Executions of an isolate. A page depends
 * only on the request and on the chunks that it was cut from. So each request reads the chunks again, which
 * ensures that they are fresh. If they are the same as before, the cached page is returned.
 */
import type { Clock } from '../../core/clock.ts';
import { type Result, ok } from '../../core/errors.ts';
import { type ExecutionRef, executionName } from '../../core/execution-ref.ts';
import { LruMap } from '../../core/lru-map.ts';
import { type EncodePage, type EncodedPage, encodedPageBytes } from '../../messages/encoded-page.ts';
import type { Status } from '../../messages/event-types.ts';
import type { Chunk, History } from '../../messages/history.ts';
import { type PageQuery, cutPage } from '../cut-page.ts';
import { pageKey } from './page-key.ts';

/** Small, because pages change with every message and readers share only a few at any moment. */
export const ENCODED_PAGES_BYTES_MAX = 4 * 1024 * 1024;

export interface CutAndEncoded {
  readonly page: EncodedPage;
  readonly isEmpty: boolean;
  /** See `PageAnswer`. */
  readonly full: boolean;
}

interface Read {
  readonly position: number;
  readonly chunk: Result<Chunk>;
}

interface Known extends CutAndEncoded {
  /** The reads that made the page, in order, each with its position and the number of its chunk. */
  readonly reads: readonly { readonly position: number; readonly chunk: number }[];
  readonly complete: boolean;
  readonly status: Status | undefined;
}

export class RunningPages {
  readonly #encode: EncodePage;
  readonly #clock: Pick<Clock, 'turn'>;
  readonly #known = new LruMap<string, Known>({
    maxSize: ENCODED_PAGES_BYTES_MAX,
    sizeOf: ({ page }) => encodedPageBytes(page),
  });
  /**
   * Gives each chunk a number. Pages refer to chunks by number, so that the page memory can free the chunks
   * that it evicts.
   */
  readonly #numbers = new WeakMap<Chunk, number>();
  #lastNumber = 0;

  constructor(encode: EncodePage, clock: Pick<Clock, 'turn'>) {
    this.#encode = encode;
    this.#clock = clock;
  }

  /**
   * Returns the page, cached or newly encoded. `statusOf` is called after the history was read, because the
   * read can change the status.
   */
  async page(
    ref: ExecutionRef,
    history: History,
    query: PageQuery,
    statusOf: () => Status | undefined,
  ): Promise<Result<CutAndEncoded>> {
    const { page, filter } = pageKey(query);
    const key = `${executionName(ref)}\n${page}?${filter}`;
    const known = this.#known.get(key);
    const reads = known?.complete === history.complete ? await this.#readAgain(known, history) : [];
    if (known && reads === 'same' && known.status === statusOf()) return ok(known);
    const recorded = recording(history, reads === 'same' ? [] : reads);
    const cut = await cutPage(recorded.history, query, this.#clock);
    if (!cut.ok) return cut;
    const status = statusOf();
    const encoded = this.#encode(ref, { ...cut.value, ...(status && { status }) });
    const { messages, more } = cut.value;
    const full = more && messages.length === query.maxResults;
    const result = { page: encoded, isEmpty: messages.length === 0, full };
    const numbered = recorded.reads.flatMap(({ position, chunk }) =>
      chunk.ok ? [{ position, chunk: this.#numberOf(chunk.value) }] : [],
    );
    // Failed reads are not cached.
    if (numbered.length === recorded.reads.length) {
      this.#known.set(key, { ...result, reads: numbered, complete: history.complete, status });
    }
    return ok(result);
  }

  /**
   * Reads the chunks of a cached page again. Returns `same` if none has changed, otherwise the reads up to
   * the first changed chunk. It reads no more chunks than the scan that made the page (scan.ts), and calls
   * the source only as far as the request's walk allows.
   */
  async #readAgain({ reads }: Known, history: History): Promise<'same' | Read[]> {
    const read: Read[] = [];
    for (const { position, chunk: number } of reads) {
      const chunk = await history.chunkAt(position);
      read.push({ position, chunk });
      if (!chunk.ok || this.#numbers.get(chunk.value) !== number) return read;
    }
    return 'same';
  }

  #numberOf(chunk: Chunk): number {
    const number = this.#numbers.get(chunk) ?? ++this.#lastNumber;
    this.#numbers.set(chunk, number);
    return number;
  }
}

/**
 * Wraps the history and records each read. `readBefore`: the reads that `#readAgain` has just made. They are
 * reused, because each read can cost an upstream call.
 */
function recording(history: History, readBefore: readonly Read[]): { history: History; reads: Read[] } {
  const reads: Read[] = [];
  const chunkAt = async (position: number) => {
    const before = readBefore[reads.length];
    const chunk = before?.position === position ? before.chunk : await history.chunkAt(position);
    reads.push({ position, chunk });
    return chunk;
  };
  return { history: { complete: history.complete, chunkAt }, reads };
}
