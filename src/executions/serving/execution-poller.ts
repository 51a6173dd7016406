/**
 * Polls the newest page of an execution's history while there are listeners. After each read of that page,
 * notifies the listeners of changes and schedules the next poll.
 */
import type { Failure } from '../../core/errors.ts';
import { type ExecutionRef, logNames } from '../../core/execution-ref.ts';
import type { Source } from '../../sources/source.ts';
import type { HistoryView } from './history-view.ts';
import { type ReadTrace, WALK_PAGES_MAX, newWalk } from '../upstream/read-terms.ts';
import type { HeadReading } from '../upstream/upstream-history.ts';
import { Poller, type PollTerms, type PollerOptions } from '../following/poller.ts';

export interface ExecutionPollerOptions extends PollerOptions {
  readonly ref: ExecutionRef;
  readonly source: Source;
  readonly history: HistoryView;
}

export class ExecutionPoller extends Poller {
  readonly #options: ExecutionPollerOptions;

  constructor(options: ExecutionPollerOptions) {
    const { ref, history } = options;
    super({
      ...options,
      names: logNames(ref),
      logLines: { pollFailed: 'poll-failed', runFailed: 'run-failed' },
      tasks: [history.archivist, history.endLook],
      load: () => history.load(),
      idle: () => Promise.all([history.archivist.idle, history.endLook.idle]),
    });
    this.#options = options;
  }

  /** The interval between two polls. Undefined if there are no listeners. */
  get intervalMs(): number | undefined {
    return this.#options.listeners.count > 0 ? this.state.pollIntervalMs : undefined;
  }

  /** Called after each read of the newest page, by a poll or for a reader. */
  headRead({ atMs, previous, end, failure }: HeadReading): void {
    const { history, listeners } = this.#options;
    if (failure) this.noteOutcome(failure, atMs);
    else {
      const grew = previous?.position !== end?.position || previous?.fingerprint !== end?.fingerprint;
      // After an outage, notify streams even without new messages: they might still have older messages to
      // read.
      const recovered = this.state.upstream !== 'ok';
      this.noteOutcome(grew ? 'news' : 'nothing-new', atMs);
      history.archivist.endSeen(end);
      if (grew || recovered) listeners.notify();
      else listeners.headRead();
    }
    this.arrange();
  }

  protected override get isWanted(): boolean {
    const { history, listeners } = this.#options;
    if (history.settled) return false;
    // Requests that wait for an execution to exist look for it themselves (waiting.ts).
    return listeners.streams > 0 || history.upstream.isKnown;
  }

  protected override paced(wantedMs: number): number {
    const { source, ref, listeners } = this.#options;
    return source.pace?.(ref, wantedMs, listeners.tenants) ?? wantedMs;
  }

  /** Reads the newest page. The history passes the result to `headRead`. */
  protected override async poll({ due, further, signal }: PollTerms): Promise<Failure | undefined> {
    const { history, clock } = this.#options;
    // Do not read again what was just read for a reader.
    const lastNotBeforeMs = clock.now() - this.state.pollIntervalMs / 2;
    const read = (trace: ReadTrace, pagesMax: number) =>
      history.upstream.chunkAt(
        Number.MAX_SAFE_INTEGER,
        { lastNotBeforeMs },
        trace,
        newWalk(signal, pagesMax),
      );
    const first = await read(due, 1);
    // If the first call did not reach the newest page, walk on through the pages not read yet.
    const isWalk = !first.ok && first.failure.type === 'upstream-unfinished' && !signal.aborted;
    const newest = isWalk ? await read(further, WALK_PAGES_MAX - 1) : first;
    return newest.ok ? undefined : newest.failure;
  }
}
