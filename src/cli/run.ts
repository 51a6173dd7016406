/** The command line: chooses the command, prints help, and turns errors into texts and exit codes. */
import { type Command, Interrupted, LocalError, type Terminal, UsageError } from './command.ts';
import { doctor } from './doctor.ts';
import { EXIT } from './exit-code.ts';
import { explain } from './explain.ts';
import { flows } from './flows.ts';
import { get } from './get.ts';
import { importHistory } from './import.ts';
import { keys } from './keys.ts';
import { link } from './link.ts';
import { list } from './list.ts';
import { ClosedPipe } from './output.ts';
import { tail } from './tail.ts';
import { wait } from './wait.ts';

export const COMMANDS: Readonly<Record<string, Command>> = {
  tail,
  wait,
  get,
  list,
  flows,
  link,
  import: importHistory,
  keys,
  doctor,
};

/** Commands that send the admin token. */
const ADMIN_COMMANDS: ReadonlySet<string> = new Set(['import', 'keys']);

const HELP = `flowtap: read and follow workflow executions, without AWS credentials.

Usage: flowtap <command> [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  .join('\n')}

Settings, from the environment:
  FLOWTAP_URL          the service's address: https://flowtap.example.com
  FLOWTAP_API_KEY      the key to read with
  FLOWTAP_ADMIN_TOKEN  for import and keys: the service's ADMIN_TOKEN
  NO_COLOR             any value: no colour on terminals

A first look:
  export FLOWTAP_URL=https://flowtap.example.com FLOWTAP_API_KEY=ftk_...
  flowtap doctor
  flowtap list SecurityFlow
  flowtap tail 'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_...'

flowtap <command> --help shows all options and examples.
`;

/** Resolves with the exit code, after everything has been written. */
export async function run(words: readonly string[], terminal: Terminal, version: string): Promise<number> {
  try {
    return await dispatch(words, terminal, version);
  } catch (error) {
    if (error instanceof ClosedPipe) return EXIT.ok;
    try {
      return await tell(error, words[0], terminal);
    } catch (second) {
      // stderr is closed too.
      if (second instanceof ClosedPipe) return EXIT.gaveUp;
      throw second;
    }
  }
}

async function dispatch(
  [name, ...words]: readonly string[],
  terminal: Terminal,
  version: string,
): Promise<number> {
  const { stdout, stderr } = terminal;
  if (name === undefined) {
    await stderr.write(HELP);
    return EXIT.usage;
  }
  if (name === 'help' || name === '--help' || name === '-h') {
    const about = words[0] === undefined ? undefined : commandNamed(words[0]);
    await stdout.write(about?.help ?? HELP);
    return EXIT.ok;
  }
  if (name === '--version') {
    await stdout.line(version);
    return EXIT.ok;
  }
  const command = commandNamed(name);
  const ownWords = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined);
  if (ownWords.some((word) => word === '--help' || word === '-h')) {
    await stdout.write(command.help);
    return EXIT.ok;
  }
  return command.run(words, terminal);
}

function commandNamed(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command) return command;
  throw new UsageError(`'${name}' is not a command. The commands are ${Object.keys(COMMANDS).join(', ')}`);
}

async function tell(error: unknown, name: string | undefined, { stderr, signal }: Terminal): Promise<number> {
  const reason: unknown = error instanceof Interrupted ? error : signal.reason;
  if (reason instanceof Interrupted) {
    // The terminal has printed ^C at the cursor, so begin a new line.
    await stderr.line(stderr.isTerminal ? '\nStopped.' : 'Stopped.');
    if (reason.hint !== undefined) await stderr.line(stderr.style(reason.hint, 'dim'));
    return reason.exitCode;
  }
  if (error instanceof UsageError) {
    const about = name !== undefined && Object.hasOwn(COMMANDS, name) ? ` ${name}` : '';
    await stderr.line(`flowtap${about}: ${error.message}`);
    await stderr.line(`flowtap${about} --help shows the usage.`);
    return EXIT.usage;
  }
  const credential =
    name !== undefined && ADMIN_COMMANDS.has(name) ? 'FLOWTAP_ADMIN_TOKEN' : 'FLOWTAP_API_KEY';
  const explained =
    error instanceof LocalError
      ? { lines: [error.message], remedies: [], doctorHelps: false }
      : explain(error, credential);
  // A bug: show its stack.
  if (!explained) throw error;
  const [first = '', ...more] = [...explained.lines, ...explained.remedies];
  await stderr.line(`${stderr.style('flowtap:', 'red', 'bold')} ${first}`);
  for (const line of more) await stderr.line(line);
  if (explained.doctorHelps) await stderr.line('`flowtap doctor` finds out more.');
  return EXIT.gaveUp;
}
