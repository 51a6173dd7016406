/**
 * Parses the request bodies of create, change and rotate. Unknown members are refused. Otherwise the typo
 * `execution` would create a key that can read nothing, and the typo `expireAt` a key that never expires.
 */
import { CONTROL_CHARACTER } from '../../core/control-character.ts';
import * as z from 'zod/mini';

import { invalid, ok, type Result } from '../../core/errors.ts';
import { PAYLOAD_ACCESS, type PayloadAccess } from '../../messages/payload-access.ts';
import { containsApiKey } from '../../core/api-key-format.ts';
import { isIsoTime } from '../../core/iso-time.ts';
import { parseBody } from '../../core/parse-body.ts';
import { RATE_TIERS } from '../limits/rate-limit.ts';
import type { RateTier } from '../../core/rate-tier.ts';
import { EXECUTION_PATTERNS_MAX, executionPatternProblem } from './execution-pattern.ts';
import { TOTAL_STREAM_LIMIT_DEFAULT } from './key-record.ts';

const NAME_CHARACTERS_MAX = 100;
/** The default for how many streams and waiting requests a key may have open for one execution. */
export const STREAM_LIMIT_DEFAULT = 100;
/** One execution accepts this many listeners in total, so a higher limit would have no effect. */
export const STREAM_LIMIT_MAX = 1000;
/**
 * The maximum for all executions together, in one isolate or process. A higher number would limit nothing:
 * the queues of this many streams (64 KiB each) can take 6 GiB, more than an isolate or process usually has.
 */
export const TOTAL_STREAM_LIMIT_MAX = 100_000;
/**
 * How long older credentials stay valid after a rotation. The default allows a day to roll out the new key.
 * If a key has leaked, rotate it with an overlap of 0.
 */
export const OVERLAP_SECONDS_DEFAULT = 24 * 60 * 60;
export const OVERLAP_SECONDS_MAX = 30 * 24 * 60 * 60;

/**
 * Stored times have four-digit years. A time with an offset can fall in the year 10000 in UTC, which
 * `toISOString` writes with six digits.
 */
const TIME_MS_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

export interface NewKey {
  readonly name: string;
  readonly owner?: string;
  /** ISO 8601, UTC. */
  readonly expiresAt?: string;
  readonly executions: readonly string[];
  readonly payloads: PayloadAccess;
  readonly tickets: boolean;
  readonly tier: RateTier;
  /** How many streams and waiting requests may be open at once, for one execution and for all executions. */
  readonly streamLimit: number;
  readonly totalStreamLimit: number;
}

/** Absent members stay unchanged. Null removes an optional member. */
export type KeyChange = {
  readonly [Member in keyof NewKey]?: Member extends 'owner' | 'expiresAt'
    ? NewKey[Member] | null
    : NewKey[Member];
};

export interface Rotation {
  readonly overlapSeconds: number;
}

const label = z.string({ error: 'must be text' }).check(
  z.minLength(1, { error: 'must not be empty' }),
  z.maxLength(NAME_CHARACTERS_MAX, { error: `must be at most ${NAME_CHARACTERS_MAX} characters` }),
  z.refine((text) => !CONTROL_CHARACTER.test(text), { error: 'must not contain control characters' }),
  z.refine((text) => text.isWellFormed(), { error: 'must be well-formed Unicode' }),
  z.refine((text) => !containsApiKey(text), { error: 'must not contain an API key' }),
);

const isoTime = z.stringFormat('date-time', isIsoTime, {
  error: 'must be a time such as 2027-01-31T00:00:00Z',
  abort: true,
});

const futureTime = (nowMs: number) =>
  z.pipe(
    isoTime.check(
      z.refine((text) => Date.parse(text) > nowMs, { error: 'must be in the future' }),
      z.refine((text) => Date.parse(text) <= TIME_MS_MAX, { error: 'must be before the year 10000, in UTC' }),
    ),
    z.transform((text) => new Date(text).toISOString()),
  );

const pattern = z.string({ error: 'must be text' }).check((context) => {
  const problem = executionPatternProblem(context.value);
  if (problem !== undefined) context.issues.push({ code: 'custom', message: problem, input: context.value });
});

const countUpTo = (max: number) =>
  z
    .int({ error: 'must be a whole number' })
    .check(z.gte(1, { error: 'must be at least 1' }), z.lte(max, { error: `must be at most ${max}` }));

const members = (nowMs: number) => ({
  name: label,
  owner: label,
  expiresAt: futureTime(nowMs),
  executions: z
    .array(pattern, { error: 'must be a list of patterns' })
    .check(
      z.maxLength(EXECUTION_PATTERNS_MAX, { error: `must be at most ${EXECUTION_PATTERNS_MAX} patterns` }),
    ),
  payloads: z.enum(PAYLOAD_ACCESS, { error: 'must be "full", "names" or "none"' }),
  tickets: z.boolean({ error: 'must be true or false' }),
  // Safety: the type of the constant names all its keys.
  tier: z.enum(Object.keys(RATE_TIERS) as RateTier[], { error: 'must be "standard" or "high"' }),
  streamLimit: countUpTo(STREAM_LIMIT_MAX),
  totalStreamLimit: countUpTo(TOTAL_STREAM_LIMIT_MAX),
});

/** `payloads` has no default: payloads hold customers' data, so the admin has to choose. */
export function newKeySchema(nowMs: number) {
  const { name, owner, expiresAt, executions, payloads, tickets, tier, streamLimit, totalStreamLimit } =
    members(nowMs);
  return z.strictObject({
    name,
    owner: z.optional(owner),
    expiresAt: z.optional(expiresAt),
    executions: z.optional(executions),
    payloads,
    tickets: z.optional(tickets),
    tier: z.optional(tier),
    streamLimit: z.optional(streamLimit),
    totalStreamLimit: z.optional(totalStreamLimit),
  });
}

export function parseNewKey(body: unknown, nowMs: number): Result<NewKey> {
  const parsed = parseBody(newKeySchema(nowMs), body);
  if (!parsed.ok) return parsed;
  const defaults = {
    executions: [],
    tickets: false,
    tier: 'standard',
    streamLimit: STREAM_LIMIT_DEFAULT,
    totalStreamLimit: TOTAL_STREAM_LIMIT_DEFAULT,
  } as const;
  return ok({ ...defaults, ...withoutUndefined(parsed.value) });
}

export function keyChangeSchema(nowMs: number) {
  const all = members(nowMs);
  return z.strictObject({
    name: z.optional(all.name),
    owner: z.optional(z.nullable(all.owner)),
    expiresAt: z.optional(z.nullable(all.expiresAt)),
    executions: z.optional(all.executions),
    payloads: z.optional(all.payloads),
    tickets: z.optional(all.tickets),
    tier: z.optional(all.tier),
    streamLimit: z.optional(all.streamLimit),
    totalStreamLimit: z.optional(all.totalStreamLimit),
  });
}

export function parseKeyChange(body: unknown, nowMs: number): Result<KeyChange> {
  const parsed = parseBody(keyChangeSchema(nowMs), body);
  if (!parsed.ok) return parsed;
  const change = withoutUndefined(parsed.value);
  if (Object.keys(change).length > 0) return ok(change);
  return invalid('body', 'body', 'must name at least one member to change.');
}

export const rotationSchema = z.strictObject({
  overlapSeconds: z.optional(
    z
      .int({ error: 'must be a whole number of seconds' })
      .check(
        z.gte(0, { error: 'must not be negative' }),
        z.lte(OVERLAP_SECONDS_MAX, { error: `must be at most ${OVERLAP_SECONDS_MAX} (30 days)` }),
      ),
  ),
});

/** Treats a missing body as an empty object. */
export function parseRotation(body: unknown): Result<Rotation> {
  const parsed = parseBody(rotationSchema, body ?? {});
  return parsed.ok ? ok({ overlapSeconds: parsed.value.overlapSeconds ?? OVERLAP_SECONDS_DEFAULT }) : parsed;
}

/** Removes members that are undefined, as exactOptionalPropertyTypes requires. */
type WithoutUndefined<T> = { [Member in keyof T]: Exclude<T[Member], undefined> };
const withoutUndefined = <T extends object>(value: T): WithoutUndefined<T> =>
  // Safety: only members that are undefined were removed.
  Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined),
  ) as WithoutUndefined<T>;
