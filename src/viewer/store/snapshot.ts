/** What a view of an execution shows: one immutable value. It never changes, so views compare with `===`. */
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
 * What the store is doing. After `ended` it continues to read until the history has settled. After the last
 * four phases nothing is read any more.
 *
 * - `connecting`: no answer yet.
 * - `replaying`: earlier messages are arriving.
 * - `live`: everything up to now was received, and new messages arrive as they happen.
 * - `reconnecting`: the connection was lost. It is opened again. Before the first answer, this is
 *   `connecting` with an `error`.
 * - `busy`: the service, or the page's endpoint for tickets, refuses for now. `error` says why.
 * - `throttled`, `unavailable`: the connection is open, but the service cannot read the upstream at the
 *   moment.
 * - `waiting-for-slot`: this page has four streams of the service open. The execution is polled until one is
 *   free. With an `error`, the service has no stream left for this reader.
 * - `paused`: the tab is hidden, so the stream is closed. It resumes when the tab is shown.
 * - `stopped`: an error that no retry can help.
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

/** Has no `cursor` if it was derived from messages and not read from the service. */
export type ShownFailure = Omit<Failure, 'cursor'> & Partial<Pick<Failure, 'cursor'>>;

export interface ExecutionSnapshot {
  /** Absent until it is known: a ticket names its execution. */
  readonly executionId: string | undefined;
  readonly phase: Phase;
  /** The execution's status. Absent until the first answer. */
  readonly status: Status | undefined;
  /** The execution as a step; its `children` are the steps. Absent before the first message. */
  readonly steps: Step | undefined;
  /** In the order of the history. */
  readonly messages: readonly FlowMessage[];
  /** What ended the execution. Only after it has failed or was aborted. */
  readonly failure: ShownFailure | undefined;
  /** The credential's access to payloads. Absent while unknown. */
  readonly payloads: PayloadAccess | undefined;
  /** How far the service's clock is ahead of this one's. */
  readonly serverAheadMs: number;
  /** All messages up to some moment were received. */
  readonly hasCaughtUp: boolean;
  /**
   * When the next attempt follows, by this clock, in milliseconds since the epoch. Absent while none is
   * planned.
   */
  readonly retryAtMs: number | undefined;
  /** The error behind the phase, if there is one. */
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
