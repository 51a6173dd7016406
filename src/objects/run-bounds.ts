/** How much an object may do in one go. */

/** Bounds of one `run`: platforms bound an invocation's time and its outgoing requests. */
export interface RunBounds {
  readonly forMs: number;
  /** Requests that polls may send upstream. */
  readonly callsMax: number;
}
