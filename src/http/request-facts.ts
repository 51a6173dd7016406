/** What the request log tells of one request besides its method and status. Filled in on the way; never a secret. */
export interface RequestFacts {
  readonly requestId: string;
  route?: string;
  keyId?: string;
  execution?: string;
  source?: string;
  upstreamCalls?: number;
  /** The failure's type, and the operator's text of it. */
  failure?: string;
  reason?: string;
}
