/** The fault settings that the control API accepts. fault-injector.ts applies them. */
import * as z from 'zod/mini';

const RATE = 'must be a number from 0 to 1';
const rate = z.optional(z.number(RATE).check(z.gte(0, RATE), z.lte(1, RATE)));

const DURATION = 'must be a whole number of milliseconds, 0 or more';
const durationMs = z.optional(z.int(DURATION).check(z.gte(0, DURATION)));

const POSITIVE = 'must be a number greater than 0';
const positive = z.number(POSITIVE).check(z.gt(0, POSITIVE));

/** Each call has at most one of these faults, so the rates must add up to at most 1. */
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
      /** The share of calls that get a ThrottlingException (HTTP 400). */
      throttleRate: rate,
      /** Throttles like AWS, with a token bucket that all calls share. */
      throttleBucket: z.optional(
        z.strictObject({ capacity: positive, refillPerSecond: positive }, 'must be an object'),
      ),
      /**
       * The quota of ListExecutions and of ListStateMachines in each account and region. Default: AWS's quota.
       */
      listQuota: z.optional(
        z.strictObject({ capacity: positive, refillPerSecond: positive }, 'must be an object'),
      ),
      /** Operations for which the caller has no permission, such as `ListExecutions`. */
      denied: z.optional(z.array(z.string('must be a string'), 'must be an array of operations')),
      /** The share of calls that get an InternalFailureException (HTTP 500). */
      internalErrorRate: rate,
      /** The share of calls that get HTTP 403 with an XML body. */
      xmlErrorRate: rate,
      /** The share of calls whose connection is reset without an answer. */
      resetRate: rate,
      /**
       * The share of calls that get no answer for `stallMs`. Without `stallMs`, they wait until the caller
       * leaves.
       */
      stallRate: rate,
      stallMs: durationMs,
      /** The share of calls whose answer is truncated half-way. */
      truncateRate: rate,
      /** The delay before each call is answered. */
      latencyMs: durationMs,
      /** Page tokens older than this are invalid. If absent, tokens never expire. */
      tokenLifetimeMs: durationMs,
      /**
       * `lagMs` is how far lagging reads are behind. `lagRate` is the share of reads that lag. Default: all
       * reads.
       */
      lagMs: durationMs,
      lagRate: rate,
      /** The share of pages that contain fewer messages than requested, with a token for the rest. */
      shortPageRate: rate,
      /** The share of pages without messages, but with a token. */
      emptyPageRate: rate,
      /** Limits the faults to these executions. Default: all executions. */
      executions: z.optional(z.array(z.string('must be a string'), 'must be an array of execution ids')),
      /** The seed of the random generator. The same seed and calls result in the same faults. */
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
