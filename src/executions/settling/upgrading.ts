/**
 * Upgrades an archive that an older version wrote: writes it again as a new generation, with the derived
 * members added. Apart from that, messages stay the same. The old generation stays readable until the new one
 * is complete, even after a crash.
 */
import { isUpgraded } from '../../archive/archive-head.ts';
import type { ArchiveHead } from '../../archive/archive-head.ts';
import type { ArchivedHistory } from '../../archive/archive.ts';
import type { ArchiveWriter } from '../../archive/archive-writer.ts';
import { internalText } from '../../core/errors.ts';
import { endOf } from '../../messages/history.ts';

export interface UpgradeOptions {
  readonly archived: ArchivedHistory;
  readonly writer: ArchiveWriter;
  /** The source's description of the execution, if the source still knows it. */
  readonly describe: () => Promise<ArchiveDescription | undefined>;
  /** Makes the generation visible. Throws if the archive was replaced meanwhile. */
  readonly commit: (write: () => Promise<ArchiveHead>) => Promise<ArchiveHead>;
}

type ArchiveDescription = Readonly<Record<string, unknown>>;

export const needsUpgrade = (archived: ArchivedHistory | undefined): archived is ArchivedHistory =>
  archived !== undefined && !isUpgraded(archived.head);

/** Throws if the archive cannot be read or written. The old archive then stays in use. */
export async function upgradeArchive({ archived, writer, describe, commit }: UpgradeOptions): Promise<void> {
  const { count, archivedAt, from, finalAt } = archived.head;
  try {
    for (let position = 0; position < count;) {
      const read = await archived.chunkAt(position);
      if (!read.ok) throw new Error(internalText(read.failure) ?? read.failure.type);
      for (const message of read.value.messages.slice(position - read.value.start)) await writer.add(message);
      position = endOf(read.value);
    }
    const description = from === 'source' ? await describe() : undefined;
    const facts = { archivedAt, from, ...(finalAt !== undefined && { finalAt }) };
    await commit(() => writer.commit(facts, description));
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
