/** Writes an exported history into the archive, all or nothing. What an export may look like: exported-history.ts. */
import type { ArchiveHead } from '../archive/archive-head.ts';
import type { ArchiveWriter } from '../archive/archive-writer.ts';
import type { Clock } from '../core/clock.ts';
import { type Result, fail, invalid, ok } from '../core/errors.ts';
import { statusAfter } from '../messages/event-types.ts';
import { readExportedHistory } from './exported-history.ts';
import { type ImportWarning, ImportWarnings } from './import-warnings.ts';

/** More than a history of 25,000 events with large payloads, and as much as Cloudflare accepts in one request. */
export const IMPORT_BYTES_MAX = 100 * 1024 * 1024;

export interface ImportedHistory {
  readonly head: ArchiveHead;
  readonly warnings: readonly ImportWarning[];
}

/** Makes the history visible if every line of it is good. Otherwise nothing of it is kept. */
export async function importHistory(
  writer: ArchiveWriter,
  body: AsyncIterable<Uint8Array>,
  clock: Clock,
): Promise<Result<ImportedHistory>> {
  const warnings = new ImportWarnings();
  try {
    const read = await addAll(writer, body, warnings);
    const refusal = read.ok ? refusalOf(writer) : read;
    if (refusal) {
      await writer.abandon();
      return refusal;
    }
    const archivedAt = new Date(clock.now()).toISOString();
    const head = await writer.commit({ from: 'import', archivedAt });
    return ok({ head, warnings: warnings.found });
  } catch (error) {
    await writer.abandon();
    return fail({ type: 'store-unavailable', internal: `import: ${String(error)}` });
  }
}

async function addAll(
  writer: ArchiveWriter,
  body: AsyncIterable<Uint8Array>,
  warnings: ImportWarnings,
): Promise<Result<unknown>> {
  const messages = readExportedHistory(body, { maxBytes: IMPORT_BYTES_MAX });
  try {
    for (;;) {
      const next = await messages.next();
      if (next.done) return next.value;
      const { message, line } = next.value;
      warnings.add(message, line);
      await writer.add(message);
    }
  } finally {
    // Cancels the rest of the body if the store failed.
    await messages.return(ok({ count: 0 }));
  }
}

/** Only ended executions are archived (invariant 4): the rest of a running one would never be added. */
function refusalOf(writer: ArchiveWriter) {
  if (writer.last === undefined) return invalid('body', 'messages', 'The history has no messages.');
  if (statusAfter(writer.last.eventType) !== 'RUNNING') return undefined;
  return invalid(
    'body',
    'messages',
    `The last message must be EXECUTION_SUCCEEDED, EXECUTION_FAILED or EXECUTION_ABORTED: it is ` +
      `${JSON.stringify(writer.last.eventType ?? null)}. Export all pages of an execution that has ended, in their order.`,
  );
}
