/**
 * The log record of a request. routing.ts creates it and adds the result at the end. Handlers add facts in
 * between. It must never contain a secret.
 */
import type { LogRecord } from '../core/log.ts';

export interface RequestFacts extends LogRecord {
  readonly event: 'request';
  level: 'info' | 'error';
  readonly requestId: string;
  readonly method: string;
  /** `status` and `ms` are 0 until the request is answered. */
  status: number;
  ms: number;
  route?: string;
  keyId?: string;
  execution?: string;
  /** The flow whose executions are listed. */
  flow?: string;
  source?: string;
  upstreamCalls?: number;
  /** `failure` is the failure's type. `reason` is its internal text, for the operator. */
  failure?: string;
  reason?: string;
}
