/**
 * The shape of the catalogue: what callers get for each type of failure, in all protocols, and how its code
 * is documented. A new failure does not compile until it has all of these parts. The entries are in the files
 * named `…-problems.ts`.
 */
import type { Failure } from '../core/errors.ts';
import type { StepFunctionsException, ThingsGraphException } from './aws-exceptions.ts';
import type { ServiceProblemCode } from './problem-codes.ts';

export type FailureType = Failure['type'];
export type FailureOf<T extends FailureType> = Extract<Failure, { readonly type: T }>;

/** A value that is fixed, or one that depends on the failure. */
type From<F, V> = V | ((failure: F) => V);

/**
 * What callers get for one type of failure. Never any text of the upstream (invariant 7); of a caller's, only
 * an id that was checked, and the scheme of a header.
 */
export interface ProblemEntry<F extends Failure = Failure> {
  /** Also decides the status (problem-codes.ts). */
  readonly code: ServiceProblemCode;
  readonly title: From<F, string>;
  /** A sentence for people: what is wrong, then what to do. */
  readonly detail: From<F, string>;
  readonly headers?: From<F, Readonly<Record<string, string>>>;
  /**
   * Present if retrying helps: only then an event stream is refused with a `problem` event instead of a
   * status.
   */
  readonly retryAfterSeconds?: From<F, number>;
  /**
   * AWS clients retry ThrottlingException and anything with status 500 (InternalFailureException), nothing
   * else. So a failure has one of these two if and only if retrying helps or the fault is ours.
   */
  readonly exception: ThingsGraphException;
  /**
   * For AWS clients, if `detail` does not help them. AWS clients don't read Retry-After: name the seconds.
   */
  readonly awsMessage?: From<F, string>;
  /**
   * What is different in the protocol of Step Functions, besides names that always differ
   * (aws-exceptions.ts).
   */
  readonly stepFunctions?: From<F, StepFunctionsRefusal>;
}

export interface StepFunctionsRefusal {
  readonly exception?: StepFunctionsException;
  readonly message?: string;
}

export type ProblemEntries<T extends FailureType = FailureType> = {
  readonly [K in T]: ProblemEntry<FailureOf<K>>;
};

/**
 * The paragraph of a code on /docs/problems, and its examples in the OpenAPI document. Not part of the
 * Worker.
 */
export interface ProblemDocumentation {
  readonly meaning: string;
  readonly cause: string;
  readonly action: string;
  /** One for each failure that has this code. The first one is shown. */
  readonly examples: Readonly<Record<string, Failure>>;
  /** Shown instead in the admin API, if it has its own texts. */
  readonly adminExample?: Failure;
}

type CodeOf<Entry> = Entry extends { readonly code: infer Code extends ServiceProblemCode } ? Code : never;

/**
 * The documentation that a group of entries needs: each code once, with an example of each failure that has
 * it.
 */
export type DocumentationOf<Entries extends Partial<ProblemEntries>> = {
  readonly [Code in CodeOf<Entries[keyof Entries]>]: ProblemDocumentation & {
    readonly examples: {
      readonly [
        T in keyof Entries & FailureType as CodeOf<Entries[T]> extends Code ? T : never
      ]: FailureOf<T>;
    };
  };
};

/** `value` for this failure. */
export const resolve = <F, V extends string | number | object>(value: From<F, V>, failure: F): V =>
  typeof value === 'function' ? value(failure) : value;
