/**
 * An operation of the emulator: its target, its signing name and its handler. Each operation has a file in
 * operations/, and emulator.ts lists them. emulator.ts handles protocol, signature, faults and statistics.
 */
import type { AwsResult } from './aws-answer.ts';
import type { CallConditions } from './fault-injector.ts';
import type { Quota } from './quota.ts';

/**
 * The account and region of the caller. A call is about this account and region, unless its input names
 * others.
 */
export interface Caller {
  readonly region: string;
  readonly account: string;
}

/** A call with valid input. */
export interface PreparedCall {
  /** The execution's id, or the list's ARN. Faults and statistics use it. */
  readonly executionId: string;
  /** Absent if the emulator does not limit this operation. */
  readonly quota?: Quota;
  answer(conditions: CallConditions): AwsResult<object>;
}

export interface Operation {
  /** The value of the X-Amz-Target header: service and operation. */
  readonly target: string;
  /** JSON 1.0 and 1.1 differ only in this content type. A service accepts only its own. */
  readonly contentType: 'application/x-amz-json-1.0' | 'application/x-amz-json-1.1';
  /** The name of the service in the credential scope. */
  readonly signingService: string;
  readonly regions: readonly string[];
  /** Validates `input`, a parsed JSON object. */
  prepare(input: object, caller: Caller): AwsResult<PreparedCall>;
}
