/**
 * The state of an execution that views show. Each state is an immutable value, so views compare states with `===`.
 */
import type {
  Failure,
  FlowMessage,
  FlowtapConnectionError,
  FlowtapProblem,
  Status,
  Step,
} from '../../client/client.ts';
import type { PayloadAccess } from '../../messages/payload-access.ts';

/**
 * What the store is doing. After `ended` it still reads until the history has settled. The phases from `ticket-expired`
 * on are final: nothing more is read.
 *
 * - `connecting`: no answer yet.
 * - `replaying`: earlier messages are arriving.
 * - `live`: everything up to now was received, and new messages arrive as they happen.
 * - `reconnecting`: the connection was lost and is being opened again. Before the first answer, the phase is
 *   `connecting` with an `error` instead.
 * - `busy`: the service, or the page's endpoint for tickets, temporarily refuses requests. `error` says why.
 * - `throttled`, `unavailable`: the connection is open, but the service cannot read the upstream at the moment.
 * - `waiting-for-slot`: this page has four streams of the service open. The execution is polled until one of them
 *   closes. If `error` is set, the reason is instead that the service has no stream left for this reader.
 * - `paused`: the tab is hidden, so the stream is closed. Reading resumes when the tab is shown.
 * - `stopped`: an error that a retry cannot fix.
 */
export type Phase =
  | 'connecting'
  | 'replaying'
  | 'live'
  | 'reconnecting'
  | 'busy'
  | 'throttled'
  | 'unavailable'
  | 'waiting-for-slot'
  | 'paused'
  | 'ended'
  | 'ticket-expired'
  | 'not-allowed'
  | 'not-found'
  | 'stopped';

/** A failure. It has no `cursor` if it was derived from messages instead of read from the service. */
export type ShownFailure = Omit<Failure, 'cursor'> & Partial<Pick<Failure, 'cursor'>>;

export interface ExecutionSnapshot {
  /** Absent until it is known. If the caller gave no id, the ticket names the execution. */
  readonly executionId: string | undefined;
  readonly phase: Phase;
  /** The execution's status. Absent until the first answer. */
  readonly status: Status | undefined;
  /** The execution as a step; its `children` are the steps. Absent before the first message. */
  readonly steps: Step | undefined;
  /** In the order of the history. */
  readonly messages: readonly FlowMessage[];
  /** The failure that ended the execution. Absent unless the execution has failed or was aborted. */
  readonly failure: ShownFailure | undefined;
  /** The credential's access to payloads. Absent while unknown. */
  readonly payloads: PayloadAccess | undefined;
  /** How far the service's clock is ahead of this device's clock. */
  readonly serverAheadMs: number;
  /** True once the messages that existed when reading began have been received. */
  readonly hasCaughtUp: boolean;
  /**
   * When the next attempt is made, in milliseconds since the epoch by this device's clock. Absent while none is
   * planned.
   */
  readonly retryAtMs: number | undefined;
  /** The error that caused the phase, if any. */
  readonly error: FlowtapProblem | FlowtapConnectionError | undefined;
}

export const EMPTY_SNAPSHOT: ExecutionSnapshot = Object.freeze({
  executionId: undefined,
  phase: 'connecting',
  status: undefined,
  steps: undefined,
  messages: Object.freeze([]),
  failure: undefined,
  payloads: undefined,
  serverAheadMs: 0,
  hasCaughtUp: false,
  retryAtMs: undefined,
  error: undefined,
});
