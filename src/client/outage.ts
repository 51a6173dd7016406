/**
 * Measures how long the upstream has failed while the stream itself stays open. The stream's heartbeats
 * report such a failure. Since the stream then delivers no messages, the client gives up after the same time
 * as for a lost connection.
 */
import type { UpstreamState } from '../messages/upstream-state.ts';
import { FlowtapProblem } from './wire/problem.ts';

export class Outage {
  readonly #now: () => number;
  readonly #giveUpAfterMs: number;
  #sinceMs: number | undefined;

  constructor(now: () => number, giveUpAfterMs: number) {
    this.#now = now;
    this.#giveUpAfterMs = giveUpAfterMs;
  }

  /** Takes the upstream's current state. Returns the problem to throw once the outage has lasted too long. */
  after(upstream: UpstreamState): FlowtapProblem | undefined {
    if (upstream === 'ok') {
      this.#sinceMs = undefined;
      return undefined;
    }
    const now = this.#now();
    this.#sinceMs ??= now;
    const lastedMs = now - this.#sinceMs;
    return lastedMs < this.#giveUpAfterMs ? undefined : problemOf(upstream, lastedMs);
  }
}

/** The problem, with the code and status that a request for a page would get during the outage. */
function problemOf(upstream: UpstreamState, lastedMs: number): FlowtapProblem {
  const isThrottled = upstream === 'throttled';
  return new FlowtapProblem({
    status: isThrottled ? 503 : 502,
    code: isThrottled ? 'ThrottlingException' : 'InternalFailureException',
    title: 'The upstream service does not answer',
    detail: isThrottled
      ? `The upstream service has throttled the calls for ${Math.round(lastedMs / 1000)} s.`
      : `The upstream service has been unavailable for ${Math.round(lastedMs / 1000)} s.`,
  });
}
