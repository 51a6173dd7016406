/**
 * Splits the time of a step into its attempts and the pauses before retries. A step has only the number of its
 * attempts, so their times are derived from its messages. Pure.
 */
import type { FlowMessage, Step } from '../../client/client.ts';
import { msOf } from '../format/times.ts';

export interface Part {
  readonly kind: 'attempt' | 'pause';
  readonly outcome: 'succeeded' | 'failed' | 'running';
  /** From 1. A pause has the number of the attempt before it. */
  readonly attempt: number;
  readonly startMs: number;
  readonly endMs: number;
  /** The error of an attempt that failed, if its message names one. */
  readonly error?: string;
}

const BEGINS = /^(?:ACTIVITY_SCHEDULED|THING_ACTION_TASK|ParallelStateStarted|MapStateStarted)$/;
const FAILS = /^(?:ACTIVITY_FAILED|THING_ACTION_TASK_FAILED)$/;

/**
 * Returns no parts for a step with one attempt, because its bar needs none. `endMs` is the step's end, or the current
 * time while it is running.
 */
export function partsOf(
  step: Step,
  messageOf: (messageId: string) => FlowMessage | undefined,
  endMs: number,
): readonly Part[] {
  const startMs = msOf(step.startedAt);
  if (step.attempts < 2 || startMs === undefined) return [];
  const parts: Part[] = [];
  let open: { startMs: number; attempt: number } | undefined = { startMs, attempt: 1 };
  let hasBegun = false;
  const fail = (atMs: number, error?: string): void => {
    const reason = error === undefined ? {} : { error };
    if (open) parts.push({ kind: 'attempt', outcome: 'failed', ...open, endMs: atMs, ...reason });
    open = undefined;
  };
  for (const id of step.messageIds) {
    const message = messageOf(id);
    const atMs = msOf(message?.timestamp);
    if (!message || atMs === undefined) continue;
    const { eventType = '', upstreamType = '', error } = message;
    if (BEGINS.test(eventType) || BEGINS.test(upstreamType)) {
      // A new attempt begins, so the open attempt has failed. In a parallel state or map, the open attempt ended with
      // its last child.
      if (open && hasBegun) fail(lastEndBefore(step, atMs) ?? atMs);
      if (!open) {
        const before = parts.at(-1);
        const attempt = (before?.attempt ?? 0) + 1;
        if (before) {
          parts.push({
            kind: 'pause',
            outcome: 'failed',
            attempt: before.attempt,
            startMs: before.endMs,
            endMs: atMs,
          });
        }
        open = { startMs: atMs, attempt };
      }
      hasBegun = true;
    } else if (FAILS.test(eventType)) {
      fail(atMs, error);
    }
  }
  if (open) parts.push({ kind: 'attempt', outcome: outcomeOf(step), ...open, endMs });
  else if (step.status === 'RUNNING') parts.push(nextPause(parts, endMs));
  return parts;
}

/** The error that the step ended with. If the step has not failed, the error of its last failed attempt. */
export function reasonOf({ status, error }: Step, parts: readonly Part[]): string | undefined {
  if (status === 'FAILED' || status === 'ABORTED') return error;
  const retried = parts.findLast((part) => part.error !== undefined)?.error;
  return status === 'RUNNING' ? (error ?? retried) : retried;
}

const outcomeOf = ({ status }: Step): Part['outcome'] =>
  status === 'SUCCEEDED' ? 'succeeded' : status === 'RUNNING' ? 'running' : 'failed';

/** The pause between the last attempt, which has failed, and the next one, which has not begun. */
function nextPause(parts: readonly Part[], endMs: number): Part {
  const { attempt = 1, endMs: startMs = endMs } = parts.at(-1) ?? {};
  return { kind: 'pause', outcome: 'running', attempt, startMs, endMs };
}

/** The latest end of a step inside `step`, ignoring ends after `ms`. */
function lastEndBefore(step: Step, ms: number): number | undefined {
  let last: number | undefined;
  for (const child of step.children) {
    for (const end of [msOf(child.endedAt), lastEndBefore(child, ms)]) {
      if (end !== undefined && end <= ms && end >= (last ?? end)) last = end;
    }
  }
  return last;
}
