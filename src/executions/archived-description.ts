/** Describes an archived execution from its stored description, its head, and its first and last messages. */
import type { ArchivedHistory } from '../archive/archive.ts';
import type { ArchiveHead } from '../archive/archive-head.ts';
import { type Result, ok } from '../core/errors.ts';
import type { Message } from '../messages/message.ts';

export interface ArchivedDescription {
  /** The source's description. Absent if the history was imported, or archived without a description. */
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
