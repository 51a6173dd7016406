/**
 * An operation of the emulator: its target, its signing name and its handler. Each has a file beside this one; emulator.ts lists
 * them. The caller handles protocol, signature, faults and statistics.
 */
import type { AwsResult } from '../aws-answer.ts';
import type { CallConditions } from '../fault-injector.ts';

/** A call with valid input. */
export interface PreparedCall {
  /** The execution's id, for faults and statistics. */
  readonly executionId: string;
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
  prepare(input: object): AwsResult<PreparedCall>;
}
