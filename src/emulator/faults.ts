/**
 * What can be told to go wrong, as the control API takes it. What the words do to a call is for fault-injector.ts.
 */
import * as z from 'zod/mini';

const RATE = 'must be a number from 0 to 1';
const rate = z.optional(z.number(RATE).check(z.gte(0, RATE), z.lte(1, RATE)));

const DURATION = 'must be a whole number of milliseconds, 0 or more';
const durationMs = z.optional(z.int(DURATION).check(z.gte(0, DURATION)));

const POSITIVE = 'must be a number greater than 0';
const positive = z.number(POSITIVE).check(z.gt(0, POSITIVE));

/** Each call has at most one of these, so that their rates share one whole. */
const EXCLUSIVE_RATES = [
  'throttleRate',
  'internalErrorRate',
  'xmlErrorRate',
  'resetRate',
  'stallRate',
  'truncateRate',
] as const;

export const faultsSchema = z
  .strictObject(
    {
      /** Calls that are answered ThrottlingException (HTTP 400). */
      throttleRate: rate,
      /** Throttles as AWS does: calls take from a bucket that fills up again, whatever the execution. */
      throttleBucket: z.optional(
        z.strictObject({ capacity: positive, refillPerSecond: positive }, 'must be an object'),
      ),
      /** Calls that are answered InternalFailureException (HTTP 500). */
      internalErrorRate: rate,
      /** Calls that are answered HTTP 403 with an XML body. */
      xmlErrorRate: rate,
      /** Calls whose connection is reset without an answer. */
      resetRate: rate,
      /** Calls that get no answer for `stallMs`, or without it, until the caller leaves. */
      stallRate: rate,
      stallMs: durationMs,
      /** Calls whose answer breaks off half-way. */
      truncateRate: rate,
      /** How long each call takes. */
      latencyMs: durationMs,
      /** Page tokens older than this are invalid. Absent: they are good for ever. */
      tokenLifetimeMs: durationMs,
      /** How old the history is that lagging reads see, and how many reads lag (absent: all). */
      lagMs: durationMs,
      lagRate: rate,
      /** Pages that hold fewer messages than were asked for, with a token for the rest. */
      shortPageRate: rate,
      /** Pages without a message, but with a token. */
      emptyPageRate: rate,
      /** Faults befall these executions only; absent: all. */
      executions: z.optional(z.array(z.string('must be a string'), 'must be an array of execution ids')),
      /** Makes a run repeatable: the same seed and the same calls, the same faults. */
      seed: z.optional(z.int('must be a whole number')),
    },
    'must be a JSON object',
  )
  .check(
    z.refine((faults) => EXCLUSIVE_RATES.reduce((sum, name) => sum + (faults[name] ?? 0), 0) <= 1, {
      path: ['throttleRate'],
      error: `must add up to at most 1 with ${EXCLUSIVE_RATES.slice(1).join(', ')}: a call has one of these faults`,
    }),
    z.refine((faults) => faults.lagRate === undefined || faults.lagMs !== undefined, {
      path: ['lagMs'],
      error: 'must be given with lagRate',
    }),
    z.refine((faults) => faults.stallMs === undefined || faults.stallRate !== undefined, {
      path: ['stallRate'],
      error: 'must be given with stallMs',
    }),
  );

export type Faults = Readonly<z.infer<typeof faultsSchema>>;
