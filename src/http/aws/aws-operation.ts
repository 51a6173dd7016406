/**
 * An operation of an AWS service, as protocol.ts calls it: for an authenticated caller, with the body's JSON.
 */
import type { Caller } from '../../access/caller.ts';
import type { Clock } from '../../core/clock.ts';
import type { Message } from '../../messages/message.ts';
import type { Lists } from '../../lists/lists.ts';
import type { AuthenticationPorts } from '../authenticate-request.ts';
import type { ReadingPorts } from '../reading-ports.ts';
import type { Exchange } from '../routing.ts';
import type { AwsException } from '../../problems/aws-exceptions.ts';
import type { AwsDialect, AwsResult } from './aws-answer.ts';

export interface AwsPorts extends ReadingPorts, AuthenticationPorts {
  readonly clock: Clock;
  readonly lists: Pick<Lists, 'flows' | 'page'>;
  /** The event of Step Functions that a message was made of; undefined if it was made of something else. */
  readonly eventOfMessage: (message: Message) => Readonly<Record<string, unknown>> | undefined;
}

export interface AwsCall {
  readonly ports: AwsPorts;
  readonly exchange: Exchange;
  readonly caller: Caller;
  /** Any JSON. */
  readonly body: unknown;
}

/** Returns the members of the answer. */
export type AwsOperation = (call: AwsCall) => Promise<AwsResult<object>>;

export interface AwsService {
  /** The part of the X-Amz-Target header before the dot. */
  readonly prefix: string;
  readonly dialect: AwsDialect;
  readonly operations: ReadonlyMap<string, AwsOperation>;
  /** For an operation of AWS's that this service leaves out; undefined: it is unknown. */
  leftOut?(operation: string): AwsException | undefined;
}
