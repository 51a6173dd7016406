/**
 * An operation of the emulator: its target, its signing name and its handler. Each has a file beside this
 * one; emulator.ts lists them. The caller handles protocol, signature, faults and statistics.
 */
import type { AwsResult } from './aws-answer.ts';
import type { CallConditions } from './fault-injector.ts';
import type { Quota } from './quota.ts';

/** The account and region that a call is about if its input does not name them. */
export interface Caller {
  readonly region: string;
  readonly account: string;
}

/** A call with valid input. */
export interface PreparedCall {
  /** The execution's id, or the list's ARN: for faults and statistics. */
  readonly executionId: string;
  /** Absent: the emulator does not limit this operation. */
  readonly quota?: Quota;
  answer(conditions: CallConditions): AwsResult<object>;
}

export interface Operation {
  /** The X-Amz-Target header: service and operation. */
  readonly target: string;
  /** JSON 1.0 and 1.1 differ only in this name, and a service accepts only its own. */
  readonly contentType: 'application/x-amz-json-1.0' | 'application/x-amz-json-1.1';
  /** The service in the credential scope. */
  readonly signingService: string;
  readonly regions: readonly string[];
  /** `input` is parsed JSON, an object. */
  prepare(input: object, caller: Caller): AwsResult<PreparedCall>;
}
