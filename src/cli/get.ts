/** `flowtap get <id>`: an execution as it is now. The failure first, then the messages. */
import { eventTypesOf, executionId, readArguments, wholeNumber } from './arguments.ts';
import { type Command, UsageError } from './command.ts';
import { connect } from './connect.ts';
import { EXIT } from './exit-code.ts';
import { MessageLines } from './message-line.ts';
import { jsonLine } from './plain-text.ts';
import { Progress } from './progress.ts';
import { humanCount, summaryLines } from './summary-lines.ts';

/** The service's largest page: fewest requests. */
const PAGE_MESSAGES = 250;

const HELP = `Show an execution as it is now: its status, what made it fail, and all its messages.

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
      if (values.summary === true) return EXIT.ok;
      await stdout.line();
    }
    const lines = new MessageLines(stdout);
    const progress = new Progress(stderr, clock, !stdout.isTerminal);
    const pages =
      last === undefined
        ? client.list(id, { ...wish, maxResults: PAGE_MESSAGES }).pages()
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
