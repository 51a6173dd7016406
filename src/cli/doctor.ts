/** `flowtap doctor`: runs the checks of doctor-checks.ts and prints them, for people or as JSON. */
import { executionId, readArguments } from './arguments.ts';
import type { Check, Level } from './check.ts';
import type { Command } from './command.ts';
import { doctorChecks } from './doctor-checks.ts';
import { EXIT } from './exit-code.ts';
import type { Output, Style } from './output.ts';
import { jsonLine, oneLine } from './plain-text.ts';

const HELP = `Find out why Flowtap does not work.

Usage: flowtap doctor [id] [options]

Checks FLOWTAP_URL, whether the service answers, the clocks, and FLOWTAP_API_KEY. With an id, also whether the key may
read that execution, and whether the service can. With FLOWTAP_ADMIN_TOKEN, also whether the service can use its AWS
credentials and its store: it makes one call to each source. Prints what was found, and what to do.

      --json               {"checks": [{"name", "level", "detail", "remedy"}]}; a check that is ok has no remedy
      --url <address>      instead of FLOWTAP_URL

A check is ok, warn (it works, but needs attention), or fail (also if it could not be made).
Ends with 1 if any check has failed, else 0.

Examples:
  flowtap doctor "$ID"
  flowtap doctor --json | jq -r '.checks[] | select(.level != "ok") | .detail'
`;

export const doctor: Command = {
  summary: 'find out why Flowtap does not work',
  help: HELP,
  async run(words, terminal) {
    const { values, positionals } = readArguments(words, { json: { type: 'boolean' } }, ['id?']);
    const { stdout } = terminal;
    const id = positionals[0] === undefined ? undefined : executionId(positionals[0]);
    const checks: Check[] = [];
    for await (const check of doctorChecks(terminal, values.url, id)) {
      checks.push(check);
      if (values.json !== true) await print(check, stdout);
    }
    if (values.json === true) await stdout.line(jsonLine({ checks }));
    return checks.some(({ level }) => level === 'fail') ? EXIT.failed : EXIT.ok;
  },
};

const STYLES: Readonly<Record<Level, readonly Style[]>> = {
  ok: ['green'],
  warn: ['yellow', 'bold'],
  fail: ['red', 'bold'],
};
const LEVEL_COLUMNS = 4;
const NAME_COLUMNS = 'step-functions'.length;

async function print({ level, name, detail, remedy }: Check, stdout: Output): Promise<void> {
  const label = stdout.style(level.padEnd(LEVEL_COLUMNS), ...STYLES[level]);
  // Checks quote the answers of services, which can contain control characters.
  await stdout.line(`${label}  ${oneLine(name).padEnd(NAME_COLUMNS)}  ${oneLine(detail)}`);
  if (remedy !== undefined)
    await stdout.line(`${' '.repeat(LEVEL_COLUMNS + NAME_COLUMNS + 4)}→ ${oneLine(remedy)}`);
}
