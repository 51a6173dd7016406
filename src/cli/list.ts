/** `flowtap list <flow>`: shows the executions of a flow, newest first, once or as they change. */
import { PAGE_MESSAGES_MAX } from '../messages/page-messages.ts';
import {
  type ExecutionFilter,
  type FlowtapClient,
  type ListedExecution,
  type Status,
} from '../client/client.ts';
import { STATUSES } from '../messages/event-types.ts';
import { duration, readArguments, wholeNumber } from './arguments.ts';
import { type Command, type Terminal, UsageError } from './command.ts';
import { connect } from './connect.ts';
import { executionFields, executionTable } from './execution-table.ts';
import { EXIT } from './exit-code.ts';
import { INCOMPLETE, followList } from './list-follow.ts';
import { namedFlow } from './named-flow.ts';
import { jsonLine, oneLine } from './plain-text.ts';
import { Progress } from './progress.ts';

const SHOWN_DEFAULT = 20;
const SHOWN_MAX = 10_000;

const HELP = `Show the executions of a flow, newest first.

Usage: flowtap list [<flow>] [options]

<flow> is the ARN of a state machine, the id of a Things Graph workflow, or just its name. It is optional if the key
reads only one flow. \`flowtap flows\` shows all of them.

  -n, --last <count>       this many of the newest (1 to ${SHOWN_MAX}; default ${SHOWN_DEFAULT})
      --status <list>      only these, separated by commas: ${STATUSES.join(',')}
      --name-prefix <text> only those whose name begins with this text
      --since <duration>   only those that started within this time (90s, 10m, 24h, 7d)
      --no-flow            in place of <flow>: those whose ids belong to no flow
      --follow             show changes and new ones until Ctrl-C: a terminal redraws the table, a pipe or file gets a line
                           for each
      --json               one execution a line, as JSON
      --give-up-after <duration>
                           with --follow: how long to retry while the service cannot be reached, or AWS fails behind it
                           (90s, 10m, 24h; default 10m; 0: not at all)
      --url <address>      instead of FLOWTAP_URL

In a pipe or file, a line is status, start, duration in milliseconds and id, separated by tabs.

Exit codes: 0 the list was read (it may be empty); 3 the service refused or could not be reached; 130 after Ctrl-C.

Examples:
  flowtap list SecurityFlow
  flowtap list SecurityFlow --status FAILED,ABORTED --since 1d
  flowtap list SecurityFlow --status RUNNING --follow
  flowtap list SecurityFlow --status FAILED -n 1 | cut -f 4 | xargs flowtap get
`;

export const list: Command = {
  summary: 'show the executions of a flow',
  help: HELP,
  async run(words, terminal) {
    const { values, positionals } = readArguments(
      words,
      {
        last: { type: 'string', short: 'n' },
        status: { type: 'string' },
        'name-prefix': { type: 'string' },
        since: { type: 'string' },
        'no-flow': { type: 'boolean' },
        follow: { type: 'boolean' },
        json: { type: 'boolean' },
        'give-up-after': { type: 'string' },
      },
      ['flow?'],
    );
    const { follow = false, json = false } = values;
    const [flow] = positionals;
    const last = wholeNumber('-n', values.last, 1, follow ? PAGE_MESSAGES_MAX : SHOWN_MAX) ?? SHOWN_DEFAULT;
    const since = duration('--since', values.since);
    const giveUpAfter = duration('--give-up-after', values['give-up-after']);
    if (giveUpAfter !== undefined && !follow) throw new UsageError('--give-up-after needs --follow');
    if (values['no-flow'] === true && flow !== undefined) {
      throw new UsageError('--no-flow is in place of <flow>: give one of them');
    }
    const status = statusesOf(values.status);
    const client = connect(terminal, values.url, follow ? 0 : undefined);
    const filter: ExecutionFilter = {
      ...(flow !== undefined && { flow: await namedFlow(client, flow, terminal.signal) }),
      ...(values['no-flow'] === true && { source: 'things-graph' }),
      ...(status && { status }),
      ...(values['name-prefix'] !== undefined && { namePrefix: values['name-prefix'] }),
      ...(since !== undefined && { startedAfter: new Date(terminal.clock.now() - since * 1000) }),
    };
    if (!follow) return showOnce(client, terminal, filter, last, json);
    const giveUp = giveUpAfter === undefined ? {} : { giveUpAfterMs: giveUpAfter * 1000 };
    await followList(client, terminal, { ...filter, ...giveUp, maxResults: last }, json);
    return EXIT.ok;
  },
};

function statusesOf(text: string | undefined): readonly Status[] | undefined {
  if (text === undefined) return undefined;
  return text.split(',').map((word) => {
    const known = STATUSES.find((status) => status === word.trim().toUpperCase());
    if (known) return known;
    throw new UsageError(
      `--status must be one or several of ${STATUSES.join(',')}: it is '${oneLine(text)}'`,
    );
  });
}

async function showOnce(
  client: FlowtapClient,
  { stdout, stderr, clock, signal }: Terminal,
  filter: ExecutionFilter,
  last: number,
  json: boolean,
): Promise<number> {
  const found: ListedExecution[] = [];
  const progress = new Progress(stderr, clock, true);
  let isPartial = false;
  let hasMore = false;
  try {
    const maxResults = Math.min(PAGE_MESSAGES_MAX, last);
    for await (const page of client.executions({ ...filter, maxResults, signal }).pages()) {
      found.push(...page.executions);
      isPartial ||= page.partial === true;
      hasMore = found.length > last || page.nextToken !== undefined;
      if (found.length >= last) break;
      const back = page.searchedBackTo;
      await progress.show(
        () => `${found.length} found${back === undefined ? '' : `, searched back to ${oneLine(back)}`} …`,
      );
    }
  } finally {
    await progress.clear();
  }
  const shown = found.slice(0, last);
  if (json || !stdout.isTerminal) {
    for (const execution of shown) await stdout.line(json ? jsonLine(execution) : executionFields(execution));
  } else if (shown.length > 0) {
    for (const line of executionTable(shown, stdout, clock.now())) await stdout.line(line);
  }
  const note = (text: string) => stderr.line(stderr.style(text, 'dim'));
  if (shown.length === 0) await note('No execution matches.');
  else if (hasMore) await note(`The newest ${shown.length}; -n shows more.`);
  if (isPartial) await note(INCOMPLETE);
  return EXIT.ok;
}
