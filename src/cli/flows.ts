/** `flowtap flows`: shows the flows whose executions the key may read, all or some of them. */
import { readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { connect } from './connect.ts';
import { EXIT } from './exit-code.ts';
import { column, jsonLine, oneLine, widthOf } from './plain-text.ts';

const NAME_COLUMNS_MAX = 40;

const HELP = `Show the flows whose executions the key may read: state machines, and Things Graph workflows.

Usage: flowtap flows [options]

      --json               one flow a line, as JSON
      --url <address>      instead of FLOWTAP_URL

In a pipe or file, a line is the flow and its name, separated by a tab.

Exit codes: 0 the flows were read (there may be no flow); 3 the service refused or could not be reached.

Examples:
  flowtap flows
  flowtap flows --json | jq -r .name
`;

export const flows: Command = {
  summary: 'show the flows that the key may read',
  help: HELP,
  async run(words, terminal) {
    const { values } = readArguments(words, { json: { type: 'boolean' } }, []);
    const { stdout, stderr, signal } = terminal;
    const found = await connect(terminal, values.url).flows({ signal });
    const columns = Math.min(
      NAME_COLUMNS_MAX,
      Math.max(0, ...found.map(({ name }) => widthOf(oneLine(name)))),
    );
    for (const flow of found) {
      if (values.json === true) await stdout.line(jsonLine(flow));
      else if (!stdout.isTerminal) await stdout.line(`${oneLine(flow.flow)}\t${oneLine(flow.name)}`);
      else {
        const name = stdout.style(column(oneLine(flow.name), columns), 'bold');
        await stdout.line(`${name}  ${stdout.style(oneLine(flow.flow), 'dim')}`);
      }
    }
    if (found.length === 0) await stderr.line('No flow is listed for this key.');
    return EXIT.ok;
  },
};
