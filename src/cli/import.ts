/** `flowtap import <id> <file|->`: puts an exported history into the service's archive. */
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';

import { parseObject } from '../client/wire/problem.ts';
import { executionId, readArguments } from './arguments.ts';
import { type Command, LocalError, type Terminal } from './command.ts';
import { connectAdmin } from './connect.ts';
import { EXIT } from './exit-code.ts';
import { oneLine } from './plain-text.ts';
import { Progress } from './progress.ts';
import { humanCount } from './summary-lines.ts';

/** Enough for 100 MiB, the maximum, over a slow connection. */
const UPLOAD_MS_MAX = 60 * 60_000;

const HELP = `Put an exported history into the service's archive, so that it can be read after AWS has deleted it.

Usage: flowtap import <id> <file>

The file holds one message a line, or one or several documents {"messages": [...]} as boto3 and the AWS CLI print
them; - reads stdin. The last message must be the one that ended the execution. If a line is wrong, nothing is imported
and each wrong line is named. An earlier archive of the execution is replaced.

      --url <address>      instead of FLOWTAP_URL

Needs FLOWTAP_ADMIN_TOKEN. At most 100 MiB.

Examples:
  flowtap import "$ID" history.ndjson
  aws iotthingsgraph list-flow-execution-messages --flow-execution-id "$ID" | flowtap import "$ID" -
  flowtap get "$ID" --json | FLOWTAP_URL=https://other.example.com flowtap import "$ID" -
`;

export const importHistory: Command = {
  summary: 'put an exported history into the archive',
  help: HELP,
  async run(words, terminal) {
    const { values, positionals } = readArguments(words, {}, ['id', 'file']);
    const [, file = ''] = positionals;
    const id = executionId(positionals[0]);
    const http = connectAdmin(terminal, values.url);
    const input = await openInput(file, terminal);
    // Makes a wrong token fail here, before a hundred megabytes are sent.
    await http.text({ path: 'v1/admin/keys', query: { limit: 1 }, signal: terminal.signal });
    const progress = new Progress(terminal.stderr, terminal.clock, true);
    try {
      const text = await http.text({
        method: 'PUT',
        path: `v1/admin/executions/${encodeURIComponent(id)}/messages`,
        headers: { 'Content-Type': 'application/x-ndjson' },
        body: () => counted(input, progress),
        signal: terminal.signal,
        waitMs: UPLOAD_MS_MAX,
        // A pipe cannot be read a second time.
        giveUpAfterMs: 0,
      });
      await progress.clear();
      const { status, messageCount, warnings } = parseObject(text) ?? {};
      for (const line of warningLines(warnings)) await terminal.stderr.line(line);
      await terminal.stdout.line(
        `Archived: ${oneLine(String(status))}, ${humanCount(Number(messageCount), 'message')}.`,
      );
    } catch (error) {
      const { errored } = input.bytes;
      throw errored ? new LocalError(`Cannot read ${file}: ${errored.message}`) : error;
    } finally {
      await progress.clear();
      input.bytes.destroy();
    }
    return EXIT.ok;
  },
};

/** The texts of warnings, by code. The history was imported in spite of them. */
const WARNINGS: ReadonlyMap<unknown, string> = new Map([
  ['DuplicateMessageId', 'an earlier message has the same messageId'],
  ['EndBeforeStart', 'the last message is older than the first'],
]);

function warningLines(warnings: unknown): readonly string[] {
  if (!Array.isArray(warnings)) return [];
  // Safety: the API documents this shape. Members of any other type are printed as text.
  return (warnings as readonly { code?: unknown; line?: unknown }[]).map(({ code, line }) =>
    oneLine(`Warning: line ${String(line)}: ${WARNINGS.get(code) ?? String(code)}.`),
  );
}

interface Input {
  readonly bytes: Readable;
  /** Absent for a pipe. */
  readonly size?: number;
}

async function openInput(file: string, { stdin }: Terminal): Promise<Input> {
  if (file === '-') return { bytes: stdin };
  try {
    const handle = await open(file);
    const stat = await handle.stat();
    const bytes = handle.createReadStream();
    // Without a listener, Node would throw the error. The request's body fails with the same error, and `run`
    // reports it to the user.
    bytes.on('error', () => {});
    return { bytes, ...(stat.isFile() && { size: stat.size }) };
  } catch (error) {
    throw new LocalError(`Cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Wraps the input as a request body that reports its progress. */
function counted({ bytes, size }: Input, progress: Progress): ReadableStream<Uint8Array> {
  let sent = 0;
  const count = new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      sent += chunk.byteLength;
      controller.enqueue(chunk);
      await progress.show(
        () => `${mebibytes(sent)}${size === undefined ? '' : ` of ${mebibytes(size)}`} MiB sent …`,
      );
    },
  });
  // Safety: both types are the same web stream, declared once by Node and once by the platform.
  return (Readable.toWeb(bytes) as unknown as ReadableStream<Uint8Array>).pipeThrough(count);
}

const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
