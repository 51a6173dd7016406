/**
 * The history of an execution in the emulator, as a function of time. scenarios/ derive histories from ids, and
 * scripted-histories.ts has those that the control API defines. operations/ divide them into pages.
 */

/** A message as ListFlowExecutionMessages returns it. Every member is optional in AWS's model. */
export interface WireMessage {
  readonly messageId?: string;
  readonly eventType?: string;
  /** Epoch seconds with a fraction. */
  readonly timestamp?: number;
  readonly payload?: string;
}

/**
 * An event of Step Functions without its timestamp. Its details are in a member that is named after its type.
 */
export interface UntimedEvent {
  readonly type: string;
  /** Consecutive, from 1. */
  readonly id: number;
  readonly previousEventId: number;
  readonly [details: string]: unknown;
}

/** An event as GetExecutionHistory returns it. */
export interface WireEvent extends UntimedEvent {
  /** Epoch seconds with a fraction. */
  readonly timestamp: number;
}

/** A history at a certain time. Messages are created on demand, so a history can be larger than memory. */
export interface View<Entry = WireMessage> {
  readonly count: number;
  /** The message at a position from 0 to `count - 1`. */
  message(position: number): Entry;
}

export interface History<Entry = WireMessage> {
  /**
   * Returns the history at `nowMs` (milliseconds since the epoch). Undefined if the execution does not exist
   * yet.
   */
  at(nowMs: number): View<Entry> | undefined;
}
