/** AWS's limit of an operation's calls: a token bucket for each account and region. */
export interface Quota {
  /** Names the bucket: the operation, account and region. */
  readonly name: string;
  readonly capacity: number;
  readonly refillPerSecond: number;
}
