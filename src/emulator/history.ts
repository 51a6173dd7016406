/**
 * An execution inside the emulator: a history as a function of time. Histories come from scenarios/ (by id)
 * and from scripted-histories.ts (by the control API). operations/ cuts them into pages.
 */

/** A message as ListFlowExecutionMessages writes it; every member is optional in AWS's model. */
export interface WireMessage {
  readonly messageId?: string;
  readonly eventType?: string;
  /** Epoch seconds with a fraction. */
  readonly timestamp?: number;
  readonly payload?: string;
}

/** An event of Step Functions, without its time. Its details are in a member named after its type. */
export interface UntimedEvent {
  readonly type: string;
  /** From 1, dense. */
  readonly id: number;
  readonly previousEventId: number;
  readonly [details: string]: unknown;
}

/** An event as GetExecutionHistory writes it. */
export interface WireEvent extends UntimedEvent {
  /** Epoch seconds with a fraction. */
  readonly timestamp: number;
}

/** A history at one moment. Messages are made on demand, so a history may be larger than memory. */
export interface View<Entry = WireMessage> {
  readonly count: number;
  /** The message at a position from 0 to `count - 1`. */
  message(position: number): Entry;
}

export interface History<Entry = WireMessage> {
  /**
   * The history at that time (milliseconds since the epoch); undefined while the execution does not exist.
   */
  at(nowMs: number): View<Entry> | undefined;
}
