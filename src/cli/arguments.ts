/** Parses and checks the arguments of a command, with node:util. Each error is one sentence. */
import { parseArgs, type ParseArgsConfig } from 'node:util';

import { API_KEY_BEGINNING } from '../core/api-key-format.ts';
import { commaSeparated } from '../core/comma-separated.ts';
import { UsageError } from './command.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** Options that every command takes. */
const COMMON = { url: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;

/** `names` lists the positional arguments, in order. A name that ends in `?` is optional. */
export function readArguments<const O extends Options>(
  words: readonly string[],
  options: O,
  names: readonly string[],
) {
  const { values, positionals } = parse({
    args: [...words],
    options: { ...COMMON, ...options },
    allowPositionals: true,
    strict: true,
  });
  const required = names.filter((name) => !name.endsWith('?'));
  const missing = required[positionals.length];
  if (missing !== undefined) throw new UsageError(`<${missing}> is missing`);
  if (positionals.length > names.length) {
    throw new UsageError(`'${positionals[names.length]}' is one argument too many`);
  }
  return { values, positionals };
}

const parse: typeof parseArgs = (config) => {
  try {
    return parseArgs(config);
  } catch (error) {
    // Keeps only the first sentence. The others explain positionals that begin with a dash.
    const message = error instanceof Error ? error.message.split('. To specify')[0] : String(error);
    throw new UsageError(message ?? '');
  }
};

export function wholeNumber(
  name: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d{1,9}$/.test(text) && number >= min && number <= max) return number;
  throw new UsageError(`${name} must be a whole number from ${min} to ${max}: it is '${text}'`);
}

export function oneOf<const T extends string>(
  name: string,
  text: string | undefined,
  known: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const found = known.find((value) => value === text);
  if (found !== undefined) return found;
  throw new UsageError(`${name} must be ${known.join(' or ')}: it is '${text}'`);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
/** A hundred years. A longer duration is a mistake, and may exceed the range of Date. */
const DURATION_DAYS_MAX = 36_500;

/** Parses a duration such as `90s`, `10m`, `24h` or `7d` into seconds. Only 0 needs no unit. */
export function duration(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(text === '0' ? '0s' : text) ?? [];
  if (count === undefined) {
    throw new UsageError(`${name} must be a duration such as 90s, 10m, 24h or 7d: it is '${text}'`);
  }
  const seconds = Number(count) * (UNIT_SECONDS[unit] ?? NaN);
  if (seconds <= DURATION_DAYS_MAX * 86_400) return seconds;
  throw new UsageError(`${name} must be at most ${DURATION_DAYS_MAX}d: it is '${text}'`);
}

/** Checks an id that becomes part of a URL. */
export function executionId(text = ''): string {
  if (text === '.' || text === '..')
    throw new UsageError(`<id> must not be '.' or '..': HTTP clients remove such path segments`);
  // URLs are logged, so a key must not become part of one. The error does not repeat it either.
  if (API_KEY_BEGINNING.test(text)) {
    throw new UsageError('<id> must be the id of an execution, but an API key was given');
  }
  return text;
}

/** Parses `--event-types STEP_FAILED,TaskFailed`. Accepts types in lower case, too. */
export const eventTypesOf = (text: string | undefined): { eventTypes?: readonly string[] } =>
  text === undefined
    ? {}
    : {
        eventTypes: commaSeparated(text).map((type) =>
          /[A-Z].*[a-z]/.test(type) ? type : type.toUpperCase(),
        ),
      };
