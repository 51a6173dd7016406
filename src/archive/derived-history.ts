/**
 * Reads an archive that an older version wrote, and derives the members that its messages lack. Needed only
 * until the Execution has upgraded the archive. The first read of a later chunk walks to it from the start of
 * the history. Further reads start from the nearest state that an earlier read has reached.
 */
import { type Result, ok } from '../core/errors.ts';
import { type OpenWalk, WALK_START, deriveAll } from '../messages/derive.ts';
import { type History, endOf } from '../messages/history.ts';
import type { ArchiveHead } from './archive-head.ts';

/** The members of `ArchivedHistory` (archive.ts). */
interface StoredHistory extends History {
  readonly head: ArchiveHead;
  readonly layer: 'memory' | 'kv';
  description(): Promise<Result<Readonly<Record<string, unknown>> | undefined>>;
}

export function derivedHistory(stored: StoredHistory, openWalk: OpenWalk): StoredHistory {
  /** The states of the derivation that were reached, by position. */
  const states = new Map([[0, WALK_START]]);
  return {
    head: stored.head,
    complete: stored.complete,
    description: stored.description,
    get layer() {
      return stored.layer;
    },
    async chunkAt(position) {
      const wanted = await stored.chunkAt(position);
      if (!wanted.ok) return wanted;
      const { start } = wanted.value;
      let at = Math.max(...[...states.keys()].filter((known) => known <= start));
      for (;;) {
        const read = at === start ? wanted : await stored.chunkAt(at);
        if (!read.ok) return read;
        const { messages, state } = deriveAll(openWalk, states.get(at) ?? WALK_START, read.value.messages);
        if (at === start) return ok({ ...read.value, messages });
        at = endOf(read.value);
        states.set(at, state);
      }
    },
  };
}
