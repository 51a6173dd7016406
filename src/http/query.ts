/**
 * Query parameters. Each known one may be given once and is checked by its schema; errors name it. Unknown ones are ignored, so
 * that newer clients work with this server. A known one followed by brackets, as axios, PHP and Rails write lists, is an
 * error: ignoring it would return a different result than the client wants.
 */
import * as z from 'zod/mini';

import { type FieldError, type Result, fail, ok } from '../core/errors.ts';
import { STEP_CHARACTERS_MAX } from '../messages/derive.ts';
import { EVENT_TYPES, UPSTREAM_EVENT_TYPES } from '../messages/event-types.ts';
import { PAGE_MESSAGES_MAX } from '../executions/cut-page.ts';

/** More than the event types of both vocabularies. */
const EVENT_TYPES_MAX = 100;
/** Below a minute, after which proxies and AWS SDKs close silent connections. */
export const WAIT_SECONDS_MAX = 50;

/** The JSON Schema of the value that a parameter's text stands for: for the OpenAPI document. */
export const parameterShapes = z.registry<{ readonly shape: Readonly<Record<string, unknown>> }>();

/** A whole number in plain digits: not `1e2`, `+5`, `5.0` or an empty text. */
const wholeNumber = (min: number, max: number) => {
  const schema = z.pipe(
    z.string().check(
      z.refine((text) => /^(0|[1-9]\d{0,8})$/.test(text) && Number(text) >= min && Number(text) <= max, {
        error: `must be a whole number from ${min} to ${max}.`,
      }),
    ),
    z.transform(Number),
  );
  parameterShapes.add(schema, { shape: { type: 'integer', minimum: min, maximum: max } });
  return schema;
};

const EITHER_VOCABULARY = [...EVENT_TYPES, ...UPSTREAM_EVENT_TYPES];
const KNOWN: ReadonlySet<string> = new Set(EITHER_VOCABULARY);

const eventTypes = z.pipe(
  z.string().check(
    z.refine(
      (text) => text.split(',').length <= EVENT_TYPES_MAX && text.split(',').every((type) => KNOWN.has(type)),
      {
        error: `must be one or more of these, separated by commas: ${EITHER_VOCABULARY.join(', ')}.`,
      },
    ),
  ),
  // Sorted, so that equal filters are the same text in links and memories.
  z.transform((text) => [...new Set(text.split(','))].sort()),
);

parameterShapes.add(eventTypes, {
  shape: {
    type: 'array',
    items: { type: 'string', enum: EITHER_VOCABULARY },
    minItems: 1,
    maxItems: EVENT_TYPES_MAX,
  },
});

const cursorText = z
  .string()
  .check(z.minLength(1, { error: 'must not be empty; leave it out to start at the beginning.' }));

/** The schema of each parameter; also the source of the OpenAPI document. */
export const parameters = {
  maxResults: wholeNumber(1, PAGE_MESSAGES_MAX),
  last: wholeNumber(1, PAGE_MESSAGES_MAX),
  waitTimeSeconds: wholeNumber(0, WAIT_SECONDS_MAX),
  eventTypes,
  step: z
    .string()
    .check(
      z.minLength(1, { error: 'must not be empty.' }),
      z.maxLength(STEP_CHARACTERS_MAX, { error: `must be at most ${STEP_CHARACTERS_MAX} characters.` }),
    ),
  /** Like the header Last-Event-ID: any text; an empty one counts as absent. */
  lastEventId: z.string(),
  cursor: cursorText,
  nextToken: cursorText,
  from: z.enum(['start', 'now'], { error: 'must be start or now.' }),
  status: z.enum(['SUCCEEDED', 'FAILED', 'ABORTED'], { error: 'must be SUCCEEDED, FAILED or ABORTED.' }),
  limit: wholeNumber(1, 1_000),
  flowExecutionId: z.string(),
} as const;

export type ParameterName = keyof typeof parameters;
export type Query<N extends ParameterName> = { readonly [K in N]?: z.infer<(typeof parameters)[K]> };

/** Reads these parameters. A failure names every invalid one. */
export function readQuery<N extends ParameterName>(
  all: readonly (readonly [string, string])[],
  names: readonly N[],
): Result<Query<N>> {
  const errors: FieldError[] = [];
  const query: { [K in N]?: unknown } = {};
  if (all.length === 0) return ok({});
  for (const name of names) {
    if (all.some(([given]) => isListOf(name, given))) errors.push(asList(name));
    const given = all.flatMap(([key, value]) => (key === name ? [value] : []));
    if (given.length === 0) continue;
    if (given.length > 1) {
      errors.push({ in: 'query', name, detail: 'must be given once.' });
      continue;
    }
    const parsed = z.safeParse(parameters[name], given[0]);
    if (parsed.success) query[name] = parsed.data;
    else errors.push({ in: 'query', name, detail: parsed.error.issues[0]?.message ?? 'is not valid.' });
  }
  if (errors.length > 0) return fail({ type: 'invalid-input', errors });
  // Safety: each member was parsed by its own schema above.
  return ok(query as Query<N>);
}

/** `name[]`, `name[0]`, `name[a][]`. */
const isListOf = (name: string, given: string): boolean =>
  given.startsWith(`${name}[`) && given.endsWith(']');

const asList = (name: ParameterName): FieldError => ({
  in: 'query',
  name: `${name}[]`,
  detail:
    name === 'eventTypes'
      ? 'must be sent without brackets, once, with commas between the values: eventTypes=STEP_FAILED,STEP_STARTED.'
      : `must be sent without brackets: ${name}=value.`,
});
