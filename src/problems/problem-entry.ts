/**
 * The types of the catalogue: what callers get for each type of failure, in all protocols, and how its code
 * is documented. A new type of failure does not compile until all these parts exist. The entries are in the
 * files named `…-problems.ts`.
 */
import type { Failure } from '../core/errors.ts';
import type { StepFunctionsException, ThingsGraphException } from './aws-exceptions.ts';
import type { ServiceProblemCode } from './problem-codes.ts';

export type FailureType = Failure['type'];
export type FailureOf<T extends FailureType> = Extract<Failure, { readonly type: T }>;

/** Either a fixed value or a function of the failure. */
type From<F, V> = V | ((failure: F) => V);

/**
 * What callers get for one type of failure. It never contains text from the upstream (invariant 7). Of the
 * caller's own text, it may contain only a validated id and the scheme of a header.
 */
export interface ProblemEntry<F extends Failure = Failure> {
  /** The code also determines the status (problem-codes.ts). */
  readonly code: ServiceProblemCode;
  readonly title: From<F, string>;
  /** Text for people: what is wrong, then what to do. */
  readonly detail: From<F, string>;
  readonly headers?: From<F, Readonly<Record<string, string>>>;
  /**
   * Present if a retry helps. Only then is an event stream refused with a `problem` event instead of an error
   * status.
   */
  readonly retryAfterSeconds?: From<F, number>;
  /**
   * The exception for AWS clients. They retry only ThrottlingException and InternalFailureException (status
   * 500). Use one of these two if a retry helps or the fault is ours, and never otherwise.
   */
  readonly exception: ThingsGraphException;
  /**
   * Replaces `detail` for AWS clients, if `detail` does not help them. They don't read Retry-After, so the
   * text must name the seconds.
   */
  readonly awsMessage?: From<F, string>;
  /**
   * Overrides the exception or message in the protocol of Step Functions, for this failure only.
   * aws-exceptions.ts maps names that always differ.
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
 * The section about a code on /docs/problems, and its examples in the OpenAPI document. Not part of the
 * Worker.
 */
export interface ProblemDocumentation {
  readonly meaning: string;
  readonly cause: string;
  readonly action: string;
  /** One example for each type of failure with this code. Documents show the first. */
  readonly examples: Readonly<Record<string, Failure>>;
  /** The example for the admin API, if the text differs there. */
  readonly adminExample?: Failure;
}

type CodeOf<Entry> = Entry extends { readonly code: infer Code extends ServiceProblemCode } ? Code : never;

/**
 * The documentation that a group of entries must have: each code once, with an example of each failure with
 * that code.
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

/** Computes `value` for this failure. */
export const resolve = <F, V extends string | number | object>(value: From<F, V>, failure: F): V =>
  typeof value === 'function' ? value(failure) : value;
