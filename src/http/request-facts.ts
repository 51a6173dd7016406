/** The members of a request's log record, except method and status. Handlers fill it in. Never contains a secret. */
export interface RequestFacts {
  readonly requestId: string;
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
