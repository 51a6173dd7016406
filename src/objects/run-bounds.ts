/** Limits one `run` of an object. */

/** Platforms limit the time of an invocation and its outgoing requests. */
export interface RunBounds {
  readonly forMs: number;
  /** How many requests the polls of this run may send upstream. */
  readonly callsMax: number;
}
