/**
 * The log record of a request. routing.ts makes it and completes it with the answer, and handlers add what
 * they learn. Never contains a secret.
 */
import type { LogRecord } from '../core/log.ts';

export interface RequestFacts extends LogRecord {
  readonly event: 'request';
  level: 'info' | 'error';
  readonly requestId: string;
  readonly method: string;
  /** 0 until the request is answered, as is `ms`. */
  status: number;
  ms: number;
  route?: string;
  keyId?: string;
  execution?: string;
  /** Whose executions are listed. */
  flow?: string;
  source?: string;
  upstreamCalls?: number;
  /** The failure's type, and its internal text for the operator. */
  failure?: string;
  reason?: string;
}
