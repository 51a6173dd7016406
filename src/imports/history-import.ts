/**
 * Imports an exported history into the archive, completely or not at all. exported-history.ts describes the
 * accepted forms.
 */
import type { ArchiveHead } from '../archive/archive-head.ts';
import type { ArchiveWriter } from '../archive/archive-writer.ts';
import type { Clock } from '../core/clock.ts';
import { type Failure, type Result, fail, invalid, ok } from '../core/errors.ts';
import { type BodyDeadlines, timedBody } from '../core/timed-body.ts';
import { statusAfter } from '../messages/event-types.ts';
import { readExportedHistory } from './exported-history.ts';
import { type ImportWarning, ImportWarnings } from './import-warnings.ts';

/**
 * Enough for a history of 25,000 events with large payloads, and the most that Cloudflare accepts in one
 * request.
 */
export const IMPORT_BYTES_MAX = 100 * 1024 * 1024;

/** Deadlines that end stalled uploads. A full import of 100 MiB at 1 Mbit/s takes 14 minutes. */
export const IMPORT_DEADLINES: BodyDeadlines = { silenceMs: 30_000, totalMs: 15 * 60_000 };

const FORGOTTEN: Failure = {
  type: 'conflict',
  detail: 'The execution was deleted while its history was being imported. Import it again.',
};

export interface ImportedHistory {
  readonly head: ArchiveHead;
  readonly warnings: readonly ImportWarning[];
}

export interface ImportOptions {
  readonly writer: ArchiveWriter;
  readonly body: ReadableStream<Uint8Array>;
  readonly clock: Clock;
  /** Aborts when the execution is deleted. The import then ends and keeps nothing. */
  readonly signal: AbortSignal;
  /** Runs `write`, which makes the history visible, and returns the head of its archive. */
  readonly commit: (write: () => Promise<ArchiveHead>) => Promise<ArchiveHead>;
}

/** Imports the history if all of it is valid. Otherwise keeps nothing. */
export async function importHistory(options: ImportOptions): Promise<Result<ImportedHistory>> {
  const { writer, clock, signal, commit } = options;
  const warnings = new ImportWarnings();
  try {
    const body = new TimedChunks(options);
    const read = await addAll(writer, body, warnings);
    const refusal = body.stopped ? fail(body.stopped) : read.ok ? refusalOf(writer) : read;
    if (refusal) {
      await writer.abandon();
      return refusal;
    }
    const head = await commit(async () => {
      // If the execution was deleted while this write waited for its turn, so were the imported pages.
      signal.throwIfAborted();
      return writer.commit({ from: 'import', archivedAt: new Date(clock.now()).toISOString() });
    });
    return ok({ head, warnings: warnings.found });
  } catch (error) {
    await writer.abandon();
    if (signal.aborted) return fail(FORGOTTEN);
    return fail({ type: 'store-unavailable', internal: `import: ${String(error)}` });
  }
}

/** Yields the chunks of a body until it ends, a deadline passes, or the signal aborts. */
class TimedChunks implements AsyncIterable<Uint8Array> {
  readonly #options: ImportOptions;
  /** Why the chunks ended early. Undefined if they did not. */
  stopped: Failure | undefined;

  constructor(options: ImportOptions) {
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    const { body, clock, signal } = this.#options;
    const timed = timedBody(body, clock, IMPORT_DEADLINES);
    const forgotten = new Promise<'forgotten'>((resolve) => {
      signal.addEventListener('abort', () => resolve('forgotten'), { once: true });
      if (signal.aborted) resolve('forgotten');
    });
    try {
      for (;;) {
        const chunk = await Promise.race([forgotten, timed.read()]);
        if (chunk === 'forgotten') this.stopped = FORGOTTEN;
        else if (chunk === 'too-slow') this.stopped = { type: 'body-too-slow' };
        else if (!chunk.done) yield chunk.value;
        else return;
        if (this.stopped) return;
      }
    } finally {
      timed.cancel();
    }
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
    // If the store failed, this cancels the rest of the body.
    await messages.return(ok({ count: 0 }));
  }
}

/**
 * Refuses empty histories, and those of running executions. Only ended executions may be archived (invariant
 * 4), because later messages would never be added.
 */
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
