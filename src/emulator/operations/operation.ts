/**
 * What an operation is to the emulator: how it is addressed and signed, and how it answers. One file each beside this one;
 * emulator.ts lists them. Protocol, signature, faults and counting are done before and around them.
 */
import type { AwsResult } from '../aws-answer.ts';
import type { CallConditions } from '../fault-injector.ts';

/** A call whose input is good. */
export interface PreparedCall {
  /** What faults and statistics go by. */
  readonly executionId: string;
  answer(conditions: CallConditions): AwsResult<object>;
}

export interface Operation {
  /** The X-Amz-Target header: service and operation. */
  readonly target: string;
  /** JSON 1.0 and 1.1 differ in nothing but this name, and a service takes only its own. */
  readonly contentType: 'application/x-amz-json-1.0' | 'application/x-amz-json-1.1';
  /** The service in the credential scope. */
  readonly signingService: string;
  readonly regions: readonly string[];
  /** `input` is parsed JSON, an object. */
  prepare(input: object): AwsResult<PreparedCall>;
}
