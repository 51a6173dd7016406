/**
 * Reads an execution to its end. It uses a stream as soon as this page has a free stream slot. Before that, it polls
 * for new messages every 5 s. The caller keeps the cursor and the messages.
 */
import { PAGE_MESSAGES_MAX } from '../../messages/page-messages.ts';
import { FlowtapProblem, type FlowMessage, type Status } from '../../client/client.ts';
import { isTransient } from '../../client/retry-policy.ts';
import type { Clock } from '../../core/clock.ts';
import { passingPhaseOf } from './phase-of-error.ts';
import type { Session } from './session.ts';
import type { Phase } from './snapshot.ts';
import type { SlotRequest, StreamSlots } from './stream-slots.ts';

export const POLL_MS = 5_000;

export interface FailedAttempt {
  readonly error: unknown;
  /** The time until the next attempt. */
  readonly retryAfterMs: number;
}

export interface Reading {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly slotsFor: (origin: string) => StreamSlots;
  /** Returns the position after the newest message that `onMessage` was called with. */
  readonly cursor: () => string | undefined;
  readonly onMessage: (message: FlowMessage, cursor: string) => void;
  readonly onCaughtUp: (status: Status, cursor: string) => void;
  /** Called when the caller must discard all messages, because they are sent again from the first. */
  readonly onReset: (cursor: string | undefined) => void;
  /** Called with the current time of the service's clock. */
  readonly onServerTime: (timestamp: string) => void;
  readonly onPhase: (phase: Phase, failed?: FailedAttempt) => void;
}

/** Returns when no more messages can follow. Throws errors that cannot be retried, and the signal's reason. */
export async function readExecution(session: Session, reading: Reading): Promise<void> {
  const slot = reading.slotsFor(session.origin).request();
  try {
    for (;;) {
      const hadCursor = reading.cursor() !== undefined;
      try {
        if (!slot.isGranted && (await poll(session, reading, slot)) === 'ended') return;
        await stream(session, reading);
        return;
      } catch (error) {
        if (!hadCursor || !isCursorRefusal(error)) throw error;
        reading.onReset(undefined);
      }
    }
  } finally {
    slot.release();
  }
}

/** True if the service refuses the cursor of a page request. A stream gets a `reset` event instead of this error. */
const isCursorRefusal = (error: unknown): boolean =>
  error instanceof FlowtapProblem && (error.code === 'HistoryChanged' || error.status === 400);

async function stream({ client, executionId }: Session, reading: Reading): Promise<void> {
  const { signal } = reading;
  const cursor = reading.cursor();
  const events = client.followEvents(executionId, {
    until: 'settled',
    giveUpAfterMs: Number.POSITIVE_INFINITY,
    signal,
    ...(cursor !== undefined && { cursor }),
  });
  reading.onPhase('connecting');
  for await (const event of events) {
    // After an abort, skip the events that have already arrived. They are sent again when reading resumes.
    signal.throwIfAborted();
    switch (event.type) {
      case 'message':
        reading.onMessage(event.message, event.cursor);
        break;
      case 'caught-up':
      case 'end':
        reading.onCaughtUp(event.status, event.cursor);
        break;
      case 'reset':
        reading.onReset(event.cursor);
        break;
      case 'heartbeat':
        reading.onServerTime(event.timestamp);
        reading.onPhase(event.upstream === 'ok' ? 'live' : event.upstream);
        break;
      case 'reconnecting':
        if (event.error)
          reading.onPhase(passingPhaseOf(event.error), { error: event.error, retryAfterMs: event.afterMs });
    }
  }
}

/** Polls until the slot is granted, or the execution has ended and was read completely. */
async function poll(session: Session, reading: Reading, slot: SlotRequest): Promise<'ended' | 'granted'> {
  const { signal, clock } = reading;
  reading.onPhase('waiting-for-slot');
  for (;;) {
    let pauseMs = POLL_MS;
    try {
      if ((await readPages(session, reading)) !== 'RUNNING') return 'ended';
      reading.onPhase('waiting-for-slot');
    } catch (error) {
      signal.throwIfAborted();
      if (!isTransient(error)) throw error;
      if (error instanceof FlowtapProblem) pauseMs = Math.max(POLL_MS, (error.retryAfterSeconds ?? 0) * 1000);
      reading.onPhase(passingPhaseOf(error), { error, retryAfterMs: pauseMs });
    }
    const pause = new AbortController();
    void slot.granted.then(() => pause.abort());
    await clock.sleep(pauseMs, AbortSignal.any([signal, pause.signal]));
    signal.throwIfAborted();
    if (slot.isGranted) return 'granted';
  }
}

/** Reads pages up to the newest message. Returns the execution's status. */
async function readPages({ client, executionId }: Session, reading: Reading): Promise<Status> {
  const { signal } = reading;
  for (;;) {
    const cursor = reading.cursor();
    const page = await client.page(executionId, {
      maxResults: PAGE_MESSAGES_MAX,
      signal,
      ...(cursor !== undefined && { cursor }),
    });
    for (const message of page.messages) reading.onMessage(message, page.cursor);
    if (page.nextToken !== undefined) continue;
    const { status = 'RUNNING' } = page;
    reading.onCaughtUp(status, page.cursor);
    return status;
  }
}
