/**
 * The state of an execution for views, without any framework. `subscribe` and `getSnapshot` fit React's
 * useSyncExternalStore. The store reads while it has subscribers. After a lost connection, and after a time in a hidden
 * tab or without subscribers, it resumes from its cursor, so that no message is lost or repeated.
 */
import {
  type FlowMessage,
  FlowtapConnectionError,
  FlowtapProblem,
  type Status,
  type StepsState,
  stepsReducer,
} from '../../client/client.ts';
import type { Fetch } from '../../client/http.ts';
import { FOLLOW_GIVE_UP_MS, RetryPolicy } from '../../client/retry-policy.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { statusAfter } from '../../messages/event-types.ts';
import { type PageVisibility, documentVisibility, untilVisible } from './page-visibility.ts';
import { finalPhaseOf, passingPhaseOf, reasonOf } from './phase-of-error.ts';
import { type FailedAttempt, type Reading, readExecution } from './read-execution.ts';
import { type Session, type SessionOptions, openSession } from './session.ts';
import { EMPTY_SNAPSHOT, type ExecutionSnapshot, type Phase, type ShownFailure } from './snapshot.ts';
import { type StreamSlots, slotsFor } from './stream-slots.ts';

export interface ExecutionStoreOptions extends SessionOptions {
  /** Replaces parts of the platform in tests. Default: the platform itself. */
  readonly ports?: Partial<ExecutionStorePorts>;
}

export interface ExecutionStorePorts {
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Returns 0 to 1, to spread retries. */
  readonly random: () => number;
  readonly visibility: PageVisibility;
  readonly slotsFor: (origin: string) => StreamSlots;
}

/** The shortest time between two notifications of subscribers. */
const NOTIFY_MS_MIN = 50;
/** Like NOTIFY_MS_MIN, but while a history is being loaded. Thousands of messages can then arrive in a second. */
const NOTIFY_LOADING_MS_MIN = 250;

/** Smaller changes of the clocks' measured difference are ignored, because they might be network delay. */
const CLOCKS_DIFFER_MS = 2_000;

export class ExecutionStore {
  readonly #options: ExecutionStoreOptions;
  readonly #ports: ExecutionStorePorts;
  readonly #listeners = new Set<() => void>();
  #snapshot: ExecutionSnapshot = EMPTY_SNAPSHOT;
  #running: AbortController | undefined;
  #session: Session | undefined;

  #cursor: string | undefined;
  #messages: FlowMessage[] = [];
  #steps: StepsState | undefined;
  #caughtUp = false;
  /** Changes that are not in the snapshot yet, if any. */
  #changes: Partial<ExecutionSnapshot> | undefined;
  #notifiedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ExecutionStoreOptions) {
    this.#options = options;
    this.#ports = {
      fetch: (address, init) => globalThis.fetch(address, init),
      clock: systemClock,
      random: Math.random,
      visibility: documentVisibility,
      slotsFor,
      ...options.ports,
    };
  }

  /** Returns the same object until subscribers are notified of a change. */
  readonly getSnapshot = (): ExecutionSnapshot => this.#snapshot;

  /** Reads while there are subscribers. Returns the function that unsubscribes. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (!this.#running) {
      this.#running = new AbortController();
      void this.#run(this.#running);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#running?.abort();
      this.#running = undefined;
    };
  };

  /** Never rejects. */
  async #run(controller: AbortController): Promise<void> {
    const { signal } = controller;
    let hadTicket = this.#session !== undefined;
    try {
      const session = (this.#session ??= await this.#openSession(controller));
      hadTicket = true;
      this.#change({ executionId: session.executionId });
      void session.payloads().then(
        (payloads) => this.#change({ payloads }),
        () => {},
      );
      if (this.#snapshot.status === undefined) void this.#readFailureFirst(session, signal);
      await this.#readWhileVisible(session, signal);
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      const isUnsubscribed = signal.aborted && !(reason instanceof FlowtapProblem);
      if (!isUnsubscribed && !this.#hasEnded())
        this.#change({ phase: finalPhaseOf(reason, hadTicket), error: shownError(reason) });
    }
  }

  async #openSession(controller: AbortController): Promise<Session> {
    const { clock, random, fetch } = this.#ports;
    const { signal } = controller;
    const retryPolicy = new RetryPolicy({ now: () => clock.now(), random, giveUpAfterMs: FOLLOW_GIVE_UP_MS });
    for (;;) {
      try {
        return await openSession(this.#options, {
          fetch,
          clock,
          random,
          onRefused: (problem) => controller.abort(problem),
        });
      } catch (error) {
        signal.throwIfAborted();
        const retryAfterMs = retryPolicy.afterFailure(error);
        this.#onPhase(passingPhaseOf(error), { error, retryAfterMs });
        await clock.sleep(retryAfterMs, signal);
        signal.throwIfAborted();
      }
    }
  }

  async #readWhileVisible(session: Session, signal: AbortSignal): Promise<void> {
    const { visibility } = this.#ports;
    for (;;) {
      if (visibility.isHidden()) {
        this.#onPhase('paused');
        await untilVisible(visibility, signal);
      }
      signal.throwIfAborted();
      const shown = new AbortController();
      const stopListening = visibility.onChange(() => {
        if (visibility.isHidden()) shown.abort();
      });
      try {
        await readExecution(session, this.#reading(AbortSignal.any([signal, shown.signal])));
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!shown.signal.aborted) throw error;
      } finally {
        stopListening();
      }
    }
  }

  #reading(signal: AbortSignal): Reading {
    const { clock, slotsFor: slots } = this.#ports;
    this.#caughtUp = false;
    return {
      clock,
      signal,
      slotsFor: slots,
      cursor: () => this.#cursor,
      onMessage: (message, cursor) => {
        this.#cursor = cursor;
        this.#addMessage(message);
      },
      onCaughtUp: (status, cursor) => {
        this.#cursor = cursor;
        this.#caughtUp = true;
        this.#change({ hasCaughtUp: true });
        this.#onStatus(status);
      },
      onReset: (cursor) => this.#reset(cursor),
      onServerTime: (timestamp) => this.#onServerTime(Date.parse(timestamp) - clock.now()),
      onPhase: (phase, failed) => this.#onPhase(phase, failed),
    };
  }

  #reset(cursor: string | undefined): void {
    this.#cursor = cursor;
    this.#messages = [];
    this.#steps = undefined;
    this.#caughtUp = false;
    this.#change({ phase: 'replaying', status: undefined, failure: undefined, hasCaughtUp: false });
  }

  #addMessage(message: FlowMessage): void {
    this.#messages.push(message);
    this.#steps = stepsReducer(this.#steps, message);
    if (this.#caughtUp) this.#onStatus(statusAfter(message.eventType));
    else this.#change({ phase: 'replaying' });
  }

  /** Sets the status, and the phase that follows from the status. */
  #onStatus(status: Status): void {
    const before = this.#changes?.status ?? this.#snapshot.status;
    const isOver = status !== 'RUNNING';
    this.#change({ status, phase: isOver ? 'ended' : 'live', error: undefined });
    if (status === 'RUNNING' || status === 'SUCCEEDED') this.#change({ failure: undefined });
    else if (before !== status) void this.#readFailure(status);
  }

  #onPhase(wanted: Phase, failed?: FailedAttempt): void {
    if (this.#hasEnded()) return;
    if (!failed) {
      this.#change({ phase: wanted === 'live' && !this.#caughtUp ? 'replaying' : wanted, error: undefined });
      return;
    }
    // Before the first answer, there was no connection that could be lost.
    const phase = wanted === 'reconnecting' && this.#cursor === undefined ? 'connecting' : wanted;
    const retryAtMs = this.#ports.clock.now() + failed.retryAfterMs;
    this.#change({ phase, error: shownError(reasonOf(failed.error)), retryAtMs });
  }

  #onServerTime(aheadMs: number): void {
    const isNews = Math.abs(aheadMs - this.#snapshot.serverAheadMs) > CLOCKS_DIFFER_MS;
    if (isNews) this.#change({ serverAheadMs: aheadMs });
  }

  /** True after the end. All messages are then shown, so errors are ignored while the history settles. */
  #hasEnded(): boolean {
    return (this.#changes?.phase ?? this.#snapshot.phase) === 'ended';
  }

  /** Shows the failure of an ended execution before its history, which can take long to read. Never rejects. */
  async #readFailureFirst({ client, executionId }: Session, signal: AbortSignal): Promise<void> {
    try {
      const { status, failure } = await client.summary(executionId, { signal });
      const known = this.#changes?.status ?? this.#snapshot.status;
      if (known === undefined && failure) this.#change({ status, failure });
    } catch {
      // The failure is requested again at the end of the history.
    }
  }

  /** Requests the failure from the service, because the format of its cause depends on the source. */
  async #readFailure(status: Status): Promise<void> {
    const session = this.#session;
    const signal = this.#running?.signal;
    if (!session || !signal) return;
    try {
      const { failure } = await session.client.wait(session.executionId, { signal });
      this.#showFailure(status, failure);
    } catch {
      // Use the last message with an error instead.
      const { step, error, messageId } =
        this.#messages.filter(({ error }) => error !== undefined).at(-1) ?? {};
      if (error === undefined) return;
      this.#showFailure(status, {
        error,
        ...(step !== undefined && { step }),
        ...(messageId !== undefined && { messageId }),
      });
    }
  }

  #showFailure(status: Status, failure: ShownFailure | undefined): void {
    const { status: current } = { ...this.#snapshot, ...this.#changes };
    if (current === status) this.#change({ failure });
  }

  #change(changes: Partial<ExecutionSnapshot>): void {
    const isScheduled = this.#changes !== undefined;
    // A new phase also clears the time of a planned retry.
    this.#changes = { ...this.#changes, ...(changes.phase && { retryAtMs: undefined }), ...changes };
    if (isScheduled) return;
    const { clock } = this.#ports;
    const isLoading = this.#snapshot.phase === 'replaying' && this.#changes.phase === 'replaying';
    const waitMs = this.#notifiedAtMs + (isLoading ? NOTIFY_LOADING_MS_MIN : NOTIFY_MS_MIN) - clock.now();
    void (waitMs > 0 ? clock.sleep(waitMs) : Promise.resolve()).then(() => this.#notify());
  }

  #notify(): void {
    this.#notifiedAtMs = this.#ports.clock.now();
    const { messages } = this.#snapshot;
    const isSame = messages.length === this.#messages.length && messages[0] === this.#messages[0];
    this.#snapshot = Object.freeze({
      ...this.#snapshot,
      ...this.#changes,
      steps: this.#steps?.execution,
      messages: isSame ? messages : Object.freeze([...this.#messages]),
    });
    this.#changes = undefined;
    // Iterate over a copy. Otherwise, a listener that unsubscribes and subscribes again would be called endlessly.
    const listeners = Array.from(this.#listeners);
    for (const listener of listeners) listener();
  }
}

const shownError = (error: unknown): FlowtapProblem | FlowtapConnectionError =>
  error instanceof FlowtapProblem || error instanceof FlowtapConnectionError
    ? error
    : new FlowtapConnectionError(error instanceof Error ? error.message : String(error), { cause: error });
