/** AWS's limits of calls. */

/** AWS's limit of an operation's calls: a token bucket for each account and region. */
export interface Quota {
  /** Of the bucket: the operation and the place. */
  readonly name: string;
  readonly capacity: number;
  readonly refillPerSecond: number;
}
