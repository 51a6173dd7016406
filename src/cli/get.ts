/** `flowtap get <id>`: shows an execution as it is now. The failure comes first, then the messages. */
import { PAGE_MESSAGES_MAX } from '../messages/page-messages.ts';
import { eventTypesOf, executionId, readArguments, wholeNumber } from './arguments.ts';
import type { FlowtapClient, Summary } from '../client/client.ts';
import { FlowtapProblem } from '../client/wire/problem.ts';
import { type Command, type Terminal, UsageError } from './command.ts';
import { connect } from './connect.ts';
import { STATUS_STYLES } from './execution-table.ts';
import { EXIT } from './exit-code.ts';
import { MessageLines } from './message-line.ts';
import { jsonLine, oneLine } from './plain-text.ts';
import { Progress } from './progress.ts';
import { humanCount, summaryLines } from './summary-lines.ts';

/** How many children are shown. A map run can have thousands. */
const CHILDREN_SHOWN = 10;

const HELP = `Show an execution as it is now: its status, what made it fail, the executions that it started, and all its messages.

Usage: flowtap get <id> [options]

      --json               one message a line, as JSON (NDJSON), in the form that \`flowtap import\` takes
      --summary            only the summary, without messages; with --json as one JSON object
  -n, --last <count>       only this many of the newest messages (1 to 250)
      --event-types <list> only these, separated by commas: STEP_FAILED,ACTIVITY_FAILED
      --url <address>      instead of FLOWTAP_URL

Exit codes: 0 if the history was read, however the execution ended; 3 if it could not be read.

Examples:
  flowtap get "$ID"
  flowtap get "$ID" --summary --json | jq -r .status
  flowtap get "$ID" --event-types STEP_FAILED,ACTIVITY_FAILED
  flowtap get "$ID" --json > history.ndjson
  flowtap get "$ID" --json | jq -s 'group_by(.eventType) | map({(.[0].eventType): length}) | add'
`;

export const get: Command = {
  summary: 'show an execution: what made it fail, then its messages',
  help: HELP,
  async run(words, terminal) {
    const { values, positionals } = readArguments(
      words,
      {
        json: { type: 'boolean' },
        summary: { type: 'boolean' },
        last: { type: 'string', short: 'n' },
        'event-types': { type: 'string' },
      },
      ['id'],
    );
    const { stdout, stderr, signal, clock } = terminal;
    if (values.summary === true && (values.last !== undefined || values['event-types'] !== undefined)) {
      throw new UsageError('--summary shows no messages: give it without -n and --event-types');
    }
    const last = wholeNumber('-n', values.last, 1, 250);
    const wish = { ...eventTypesOf(values['event-types']), signal };
    const id = executionId(positionals[0]);
    const client = connect(terminal, values.url);
    if (values.summary === true || values.json !== true) {
      const summary = await client.summary(id, { signal });
      const summaryText = values.json === true ? [jsonLine(summary)] : summaryLines(summary, stdout);
      for (const line of summaryText) await stdout.line(line);
      if (values.json !== true)
        for (const line of await childLines(client, summary, terminal)) await stdout.line(line);
      if (values.summary === true) return EXIT.ok;
      await stdout.line();
    }
    const lines = new MessageLines(stdout);
    const progress = new Progress(stderr, clock, !stdout.isTerminal);
    const pages =
      last === undefined
        ? client.list(id, { ...wish, maxResults: PAGE_MESSAGES_MAX }).pages()
        : [await client.page(id, { ...wish, last })];
    let count = 0;
    try {
      for await (const { messages } of pages) {
        for (const message of messages) {
          if (values.json === true) await stdout.line(jsonLine(message));
          else await lines.print(message);
        }
        count += messages.length;
        await progress.show(() => `${humanCount(count, 'message')} …`);
      }
    } finally {
      await progress.clear();
    }
    return EXIT.ok;
  },
};

/**
 * Returns a line for each execution that the given one has started, or a line that says that they cannot be
 * read. Only histories of Step Functions name child executions.
 */
async function childLines(
  client: FlowtapClient,
  { flowExecutionId, source }: Summary,
  { stdout, signal }: Terminal,
): Promise<string[]> {
  if (source !== 'step-functions') return [];
  try {
    const { value: page } = await client
      .children(flowExecutionId, { maxResults: CHILDREN_SHOWN, signal })
      .pages()
      .next();
    if (!page) return [];
    return [
      ...page.executions.map(({ status, step, flowExecutionId: id }) => {
        const from = step === undefined ? '' : ` in ${oneLine(step)}`;
        return `child ${oneLine(id)}${from}: ${stdout.style(status, ...(STATUS_STYLES[status] ?? []))}`;
      }),
      ...(page.nextToken === undefined ? [] : ['and more children']),
    ];
  } catch (error) {
    // The history can still be read.
    if (error instanceof FlowtapProblem)
      return [stdout.style('Its child executions cannot be read just now.', 'dim')];
    throw error;
  }
}
