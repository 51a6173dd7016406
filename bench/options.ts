/** The options of `npm run bench`. */
import { parseArgs } from 'node:util';

export const HELP = `npm run bench -- [options]

Compares Flowtap with bare peers in at most 10 minutes, and writes bench/RESULTS.md.
bench/README.md explains what each row measures and how.

  --quick          a short run of about 1 minute, with short rounds and fewer streams. It does not write RESULTS.md
  --rows <list>    measure only these rows of the table, for example --rows 1,3,7. It does not write RESULTS.md
  --out <file>     write the results to this file
  --help           print this text
`;

export interface Options {
  readonly quick: boolean;
  /** If undefined, all rows are measured. */
  readonly rows: ReadonlySet<number> | undefined;
  readonly out: string | undefined;
}

/**
 * Returns 'help' if the caller should only print `HELP`. If an option is wrong, throws an error whose message is meant
 * for the user.
 */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rows: { type: 'string' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const rows = values.rows?.split(',').map(Number);
  if (rows?.some((row) => !Number.isInteger(row) || row < 1 || row > 11)) {
    throw new Error(`--rows must be numbers from 1 to 11, separated by commas: it is '${values.rows}'`);
  }
  return { quick: values.quick, rows: rows && new Set(rows), out: values.out };
}
