/** AWS's limit for calls of an operation: a token bucket for each account and region. */
export interface Quota {
  /** The name of the bucket: operation, region and account. */
  readonly name: string;
  readonly capacity: number;
  readonly refillPerSecond: number;
}
