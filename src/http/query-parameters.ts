/**
 * Parses query parameters. Each known parameter may be given once and is checked by its schema. Errors name
 * the parameter. Unknown parameters are ignored, so that newer clients work with this server. A known name
 * followed by brackets is an error. Axios, PHP and Rails write lists that way, and ignoring the parameter
 * would silently return the wrong result.
 */
import * as z from 'zod/mini';

import { type FieldError, type Result, fail, ok } from '../core/errors.ts';
import { THINGS_GRAPH } from '../core/execution-ref.ts';
import { isIsoDate, isIsoTime } from '../core/iso-time.ts';
import { STEP_CHARACTERS_MAX } from '../messages/derive.ts';
import { EVENT_TYPES, STATUSES, UPSTREAM_EVENT_TYPES } from '../messages/event-types.ts';
import { PAGE_MESSAGES_MAX } from '../messages/page-messages.ts';
import { EXECUTION_ID_CHARACTERS_MAX } from '../messages/execution-id.ts';
import { WAIT_SECONDS_MAX } from '../messages/wait-seconds.ts';

/** More than the number of event types, of Flowtap and the upstreams together. */
const EVENT_TYPES_MAX = 100;
/** AWS does not document a default for ListFlowExecutionMessages, but returned 100 messages when observed. */
export const MAX_RESULTS_DEFAULT = 100;

/** The bounds of parameters that are whole numbers. */
export const numbers = {
  maxResults: { minimum: 1, maximum: PAGE_MESSAGES_MAX },
  last: { minimum: 1, maximum: PAGE_MESSAGES_MAX },
  waitTimeSeconds: { minimum: 0, maximum: WAIT_SECONDS_MAX },
  limit: { minimum: 1, maximum: 1_000 },
} as const;

/** The allowed words of parameters that are lists. */
export const lists = {
  eventTypes: { words: [...EVENT_TYPES, ...UPSTREAM_EVENT_TYPES], maxItems: EVENT_TYPES_MAX },
  status: { words: STATUSES, maxItems: STATUSES.length },
} as const;

/** Accepts a whole number in plain digits. Refuses `1e2`, `+5`, `5.0` and an empty text. */
const wholeNumber = ({ minimum, maximum }: { readonly minimum: number; readonly maximum: number }) =>
  z.pipe(
    z
      .string()
      .check(
        z.refine(
          (text) => /^(0|[1-9]\d{0,8})$/.test(text) && Number(text) >= minimum && Number(text) <= maximum,
          { error: `must be a whole number from ${minimum} to ${maximum}.` },
        ),
      ),
    z.transform(Number),
  );

/** Accepts one or more of these words, separated by commas. */
const listOf = <Word extends string>({ words, maxItems }: ListOf<Word>) => {
  const known: ReadonlySet<string> = new Set(words);
  return z.pipe(
    z
      .string()
      .check(
        z.refine(
          (text) => text.split(',').length <= maxItems && text.split(',').every((word) => known.has(word)),
          { error: `must be one or more of these, separated by commas: ${words.join(', ')}.` },
        ),
      ),
    // Sort the words, so that equal filters have the same text in links and caches. Safety: the check above
    // accepts only these words.
    z.transform((text) => [...new Set(text.split(','))].sort() as Word[]),
  );
};

interface ListOf<Word> {
  readonly words: readonly Word[];
  readonly maxItems: number;
}

/**
 * `toISOString` writes the years 0 to 9999 with four digits. The offset of a time can move it to a year
 * outside of this range.
 */
const FOUR_DIGIT_YEAR = /^\d{4}-/;

/** Accepts a date, which means midnight UTC, or a time with an offset. Converts both to ISO 8601 in UTC. */
const time = z.pipe(
  z.string().check(
    z.refine((text) => (isIsoTime(text) || isIsoDate(text)) && FOUR_DIGIT_YEAR.test(isoOf(text)), {
      error:
        'must be ISO 8601: a date (2027-01-31), or a time with Z or an offset (2027-01-31T09:30:00Z). Encode + as %2B.',
    }),
  ),
  z.transform((text) => isoOf(text)),
);

const isoOf = (text: string): string => new Date(text).toISOString();

const notEmpty = z.minLength(1, { error: 'must not be empty.' });
const atMost = (characters: number) =>
  z.maxLength(characters, { error: `must be at most ${characters} characters.` });

const cursorText = z
  .string()
  .check(z.minLength(1, { error: 'must not be empty; leave it out to start at the beginning.' }));

/**
 * The schema of each parameter. The OpenAPI document is generated from these schemas, `numbers` and `lists`.
 */
export const parameters = {
  maxResults: wholeNumber(numbers.maxResults),
  last: wholeNumber(numbers.last),
  waitTimeSeconds: wholeNumber(numbers.waitTimeSeconds),
  eventTypes: listOf(lists.eventTypes),
  step: z.string().check(notEmpty, atMost(STEP_CHARACTERS_MAX)),
  /** Like the header Last-Event-ID, may be any text. An empty text counts as absent. */
  lastEventId: z.string(),
  cursor: cursorText,
  nextToken: cursorText,
  from: z.enum(['start', 'now'], { error: 'must be start or now.' }),
  status: listOf(lists.status),
  /** The name of a flow. list-query.ts validates it. */
  flow: z.string(),
  source: z.enum([THINGS_GRAPH], {
    error: `must be ${THINGS_GRAPH}, to list executions that belong to no flow. Otherwise, give flow.`,
  }),
  namePrefix: z.string().check(notEmpty, atMost(EXECUTION_ID_CHARACTERS_MAX)),
  startedAfter: time,
  startedBefore: time,
  limit: wholeNumber(numbers.limit),
  flowExecutionId: z.string(),
} as const;

/** Both names of the cursor parameter. */
export const CURSOR_PARAMETERS = ['cursor', 'nextToken'] as const;
/** The parameters of a page of messages. */
export const PAGE_PARAMETERS = [
  'maxResults',
  ...CURSOR_PARAMETERS,
  'last',
  'eventTypes',
  'step',
  'waitTimeSeconds',
] as const;
/** The parameters of a stream of messages. */
export const STREAM_PARAMETERS = ['lastEventId', ...CURSOR_PARAMETERS, 'from', 'eventTypes', 'step'] as const;

export type ParameterName = keyof typeof parameters;
export const isParameterName = (name: string): name is ParameterName => Object.hasOwn(parameters, name);
export type Query<N extends ParameterName> = { readonly [K in N]?: z.infer<(typeof parameters)[K]> };

/** A parsed query with the cursor under either name. */
export type CursorQuery = Query<(typeof CURSOR_PARAMETERS)[number]>;

/** Parses the parameters in `names`. A failure names every invalid one. */
export function readQuery<N extends ParameterName>(
  all: readonly (readonly [string, string])[],
  names: readonly N[],
): Result<Query<N>> {
  const errors: FieldError[] = [];
  const query: { [K in N]?: unknown } = {};
  if (all.length === 0) return ok({});
  // Names such as `name[]`, `name[0]`, `name[a][]`. Most requests have none.
  const lists = all.filter(([given]) => given.endsWith(']'));
  for (const name of names) {
    if (lists.some(([given]) => given.startsWith(`${name}[`))) errors.push(asList(name));
    const given = all.filter(([key]) => key === name);
    const [first] = given;
    if (first === undefined) continue;
    if (given.length > 1) {
      errors.push({ in: 'query', name, detail: 'must be given once.' });
      continue;
    }
    const parsed = z.safeParse(parameters[name], first[1]);
    if (parsed.success) query[name] = parsed.data;
    else errors.push({ in: 'query', name, detail: parsed.error.issues[0]?.message ?? 'is not valid.' });
  }
  if (errors.length > 0) return fail({ type: 'invalid-input', errors });
  // Safety: each member was parsed by its own schema above.
  return ok(query as Query<N>);
}

/** How long the caller wants to wait. HEAD requests never wait. */
export const waitMsOf = (
  { method }: Pick<Request, 'method'>,
  { waitTimeSeconds = 0 }: Query<'waitTimeSeconds'>,
): number => (method === 'HEAD' ? 0 : waitTimeSeconds * 1000);

const LIST_EXAMPLES: { readonly [K in ParameterName]?: string } = {
  eventTypes: 'STEP_FAILED,STEP_STARTED',
  status: 'RUNNING,FAILED',
};

const asList = (name: ParameterName): FieldError => ({
  in: 'query',
  name: `${name}[]`,
  detail:
    name in LIST_EXAMPLES
      ? `must be sent without brackets, once, with commas between the values: ${name}=${LIST_EXAMPLES[name]}.`
      : `must be sent without brackets: ${name}=value.`,
});
