/**
 * The facts about an execution that an archive provides without the messages between the first and the last.
 */
import type { ArchivedHistory } from '../archive/archive.ts';
import type { ArchiveHead } from '../archive/archive-head.ts';
import { type Result, ok } from '../core/errors.ts';
import type { Message } from '../messages/message.ts';

export interface ArchivedDescription {
  /** Absent: the history was archived without one, or imported. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly head: ArchiveHead;
  readonly first: Message;
  readonly last: Message;
}

export async function describeArchived(history: ArchivedHistory): Promise<Result<ArchivedDescription>> {
  const metadata = await history.description();
  if (!metadata.ok) return metadata;
  const first = await history.chunkAt(0);
  if (!first.ok) return first;
  const last = await history.chunkAt(history.head.count - 1);
  if (!last.ok) return last;
  return ok({
    ...(metadata.value && { metadata: metadata.value }),
    head: history.head,
    first: first.value.messages[0] ?? {},
    last: last.value.messages.at(-1) ?? {},
  });
}
