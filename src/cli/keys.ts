/** `flowtap keys …`: manages API keys through the admin API. */
import { AdminKeys, type AdminKey, type RevokedKey, type IssuedKey } from './admin-keys.ts';
import { duration, readArguments } from './arguments.ts';
import { type Command, type Terminal, UsageError } from './command.ts';
import { connectAdmin } from './connect.ts';
import { EXIT } from './exit-code.ts';
import { keyIdOf } from './key-id.ts';
import { changeOf, MEMBER_OPTIONS, membersOf, REMOVAL_OPTIONS } from './key-members.ts';
import { jsonLine, oneLine, widthOf } from './plain-text.ts';

const HELP = `Create, list, show, update, rotate and revoke API keys.

Usage: flowtap keys create --name <name> --executions <pattern> --payloads full|names|none [options]
       flowtap keys list
       flowtap keys show <key id>
       flowtap keys update <key id> [options]
       flowtap keys rotate <key id> [--overlap <duration>]
       flowtap keys revoke <key id>

create and rotate print the new key alone on stdout. It cannot be shown again.

create:
      --name <name>        who uses the key, or for what
      --executions <pattern>
                           executions that it may read; * stands for any characters. Can be repeated.
                           '*:Workflow:SecurityFlow_*' matches all of SecurityFlow; without the _ it also
                           matches SecurityFlowAdmin
      --payloads <level>   what it may see: none, names (of steps and errors), or full (also payloads, which may be
                           customers' data)
      --tickets            it may create tickets for browsers
      --tier standard|high 100 or 1,000 requests in 10 s (default standard)
      --stream-limit <n>   open streams and waiting requests of one execution (default 100)
      --total-stream-limit <n>
                           those of all executions together (default 1000)
      --owner <text>
      --expires-in <duration> | --expires-at <time>
                           90d, or 2027-01-31T00:00:00Z; without either it does not expire

update takes the options of create and the following. It changes only the members that are given.
      --no-owner           the key is a tenant of its own again
      --no-expiry          it does not expire
      --no-tickets         it may not create tickets

rotate:
      --overlap <duration> how long the old key keeps working: 0 if it has leaked (default 24h)

\`keys list\` shows each <key id>. If you paste a whole key in its place, only its id is sent.
"last used" is the hour in UTC: the service notes the use of a key at most once an hour.

all:
      --json               the whole answer, as JSON
      --url <address>      instead of FLOWTAP_URL

Needs FLOWTAP_ADMIN_TOKEN: the service's ADMIN_TOKEN.

Examples:
  flowtap keys create --name 'Partner GmbH' --executions '*:Workflow:SecurityFlow_*' --payloads names --expires-in 90d
  export FLOWTAP_API_KEY=$(flowtap keys create --name me --executions '*' --payloads full)
  flowtap keys update 4fK2bQz9 --owner 'Partner GmbH' --stream-limit 20
  flowtap keys rotate 4fK2bQz9 --overlap 0
`;

type Words = readonly string[];
const JSON_OPTION = { json: { type: 'boolean' } } as const;

export const keys: Command = {
  summary: 'create, list, show, update, rotate and revoke API keys',
  help: HELP,
  run([action, ...words], terminal) {
    const known: Readonly<Record<string, (words: Words, terminal: Terminal) => Promise<number>>> = {
      create,
      list,
      show,
      update,
      rotate,
      revoke,
    };
    const run = Object.hasOwn(known, action ?? '') ? known[action ?? ''] : undefined;
    if (run) return run(words, terminal);
    const names = Object.keys(known).join(', ');
    throw new UsageError(
      action === undefined ? `say what to do: ${names}` : `'${action}' is not one of ${names}`,
    );
  },
};

const adminKeys = (terminal: Terminal, url: string | undefined): AdminKeys =>
  new AdminKeys(connectAdmin(terminal, url), terminal.signal);

async function create(words: Words, terminal: Terminal): Promise<number> {
  const { values } = readArguments(words, { ...JSON_OPTION, ...MEMBER_OPTIONS }, []);
  const wish = membersOf(values, terminal.clock.now());
  if (wish.name === undefined) throw new UsageError('--name is missing: who uses the key, or for what');
  if (wish.executions === undefined) {
    throw new UsageError("--executions is missing: what the key may read, '*' for everything");
  }
  if (wish.payloads === undefined) {
    throw new UsageError('--payloads is missing: full, or names or none for a key that may not see payloads');
  }
  const issued = await adminKeys(terminal, values.url).create(wish);
  return printIssued(issued, values.json === true, terminal, []);
}

async function rotate(words: Words, terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(words, { ...JSON_OPTION, overlap: { type: 'string' } }, [
    'key id',
  ]);
  const overlapSeconds = duration('--overlap', values.overlap);
  const wish = overlapSeconds === undefined ? {} : { overlapSeconds };
  const admin = adminKeys(terminal, values.url);
  const issued = await admin.rotate(await keyIdOf(positionals[0] ?? '', terminal), wish);
  const overlap = values.overlap ?? '24h';
  const old =
    overlapSeconds === 0 ? 'The old key no longer works.' : `The old key works for another ${overlap}.`;
  return printIssued(issued, values.json === true, terminal, [old]);
}

/** Prints only the key on stdout, for a shell variable. Notes about the key go to stderr. */
async function printIssued(
  issued: IssuedKey,
  json: boolean,
  { stdout, stderr }: Terminal,
  notes: readonly string[],
) {
  if (json) {
    await stdout.line(jsonLine(issued));
    return EXIT.ok;
  }
  await stdout.line(oneLine(issued.key));
  const about = `Key ${oneLine(issued.id)} (${oneLine(issued.name)}), for ${issued.executions.map(oneLine).join(', ') || 'no execution'}.`;
  await stderr.line([about, ...notes, 'Store the key now: it cannot be shown again.'].join(' '));
  return EXIT.ok;
}

async function show(words: Words, terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(words, JSON_OPTION, ['key id']);
  const admin = adminKeys(terminal, values.url);
  const key = await admin.show(await keyIdOf(positionals[0] ?? '', terminal));
  return printKey(key, values.json === true, terminal);
}

async function update(words: Words, terminal: Terminal): Promise<number> {
  const options = { ...JSON_OPTION, ...MEMBER_OPTIONS, ...REMOVAL_OPTIONS };
  const { values, positionals } = readArguments(words, options, ['key id']);
  const change = changeOf(values, terminal.clock.now());
  const admin = adminKeys(terminal, values.url);
  const key = await admin.update(await keyIdOf(positionals[0] ?? '', terminal), change);
  return printKey(key, values.json === true, terminal);
}

async function revoke(words: Words, terminal: Terminal): Promise<number> {
  const { values, positionals } = readArguments(words, JSON_OPTION, ['key id']);
  const admin = adminKeys(terminal, values.url);
  const key = await admin.revoke(await keyIdOf(positionals[0] ?? '', terminal));
  if (values.json === true) return printKey(key, true, terminal);
  await terminal.stdout.line(
    `Revoked ${oneLine(key.id)}${key.name === undefined ? '' : ` (${oneLine(key.name)})`}. Within a minute it stops working, and its streams close.`,
  );
  return EXIT.ok;
}

async function printKey(key: RevokedKey, json: boolean, { stdout }: Terminal): Promise<number> {
  if (json) {
    await stdout.line(jsonLine(key));
    return EXIT.ok;
  }
  for (const [name, given] of Object.entries(key)) {
    const value = name === 'lastUsedAt' && typeof given === 'string' ? hourOf(given) : given;
    const text = Array.isArray(value) ? value.map((item) => textOf(item)).join('\n') : textOf(value);
    for (const [index, line] of text.split('\n').entries()) {
      await stdout.line(`${(index === 0 ? oneLine(name) : '').padEnd(12)}  ${line}`);
    }
  }
  return EXIT.ok;
}

/** Formats a member's value. A credential is an object, shown as its id and times in a row. */
const textOf = (value: unknown): string => {
  if (typeof value === 'string') return oneLine(value);
  const isObject = typeof value === 'object' && value !== null;
  return oneLine(isObject ? Object.values(value).map(String).join('  ') : JSON.stringify(value));
};

const COLUMNS = ['id', 'status', 'name', 'payloads', 'tier', 'last used', 'expires', 'executions'] as const;

async function list(words: Words, terminal: Terminal): Promise<number> {
  const { values } = readArguments(words, JSON_OPTION, []);
  const { stdout, stderr } = terminal;
  const rows: string[][] = [];
  for await (const key of adminKeys(terminal, values.url).list()) {
    if (values.json === true) await stdout.line(jsonLine(key));
    else rows.push(rowOf(key));
  }
  if (values.json === true) return EXIT.ok;
  if (rows.length === 0) {
    await stderr.line('No keys exist yet. `flowtap keys create --help` shows how to make one.');
    return EXIT.ok;
  }
  const widths = COLUMNS.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => widthOf(row[index] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell)))
      .join('  ')
      .trimEnd();
  await stdout.line(stdout.style(line(COLUMNS), 'bold'));
  for (const row of rows)
    await stdout.line(stdout.style(line(row), ...(row[1] === 'active' ? [] : (['dim'] as const))));
  return EXIT.ok;
}

/**
 * `2026-11-22T16Z`. The service records the use of a key at most once an hour, so minutes would be
 * misleading.
 */
const hourOf = (time: string): string => `${time.slice(0, 13)}Z`;

const rowOf = (key: AdminKey): string[] =>
  [
    key.id,
    key.status,
    key.name,
    key.payloads,
    key.tier,
    key.lastUsedAt === undefined ? '-' : hourOf(key.lastUsedAt),
    key.expiresAt?.slice(0, 10) ?? 'never',
    key.executions.join(' '),
  ].map(oneLine);
