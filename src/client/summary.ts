/** Reads an execution's summary, either as it is now or as soon as the execution has ended. */
import { WAIT_SECONDS_MAX } from '../messages/wait-seconds.ts';
import { executionPath } from './execution-path.ts';
import type { Http } from './http.ts';
import { FOLLOW_GIVE_UP_MS } from './retry-policy.ts';
import { type Summary, readBody } from './wire/wire.ts';

/** The shortest time between two requests, in case a service answers "still running" without waiting. */
const PAUSE_MS_MIN = 1_000;

export interface SummaryOptions {
  /**
   * The longest time that the service waits for the execution to end before it answers. 0 to 50. Default: 0.
   */
  readonly waitTimeSeconds?: number;
  readonly signal?: AbortSignal;
}

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Throws after failing for this long without a success. Default: 10 minutes. */
  readonly giveUpAfterMs?: number;
}

export async function readSummary(
  http: Http,
  executionId: string,
  { waitTimeSeconds, signal, giveUpAfterMs }: SummaryOptions & WaitOptions = {},
): Promise<Summary> {
  const text = await http.text({
    path: executionPath(executionId),
    query: { waitTimeSeconds },
    signal,
    waitMs: (waitTimeSeconds ?? 0) * 1000,
    ...(giveUpAfterMs !== undefined && { giveUpAfterMs }),
  });
  return readBody<Summary>(text, { flowExecutionId: 'string', status: 'string' });
}

/** Repeats the request until the execution is no longer running. */
export async function waitForEnd(
  http: Http,
  executionId: string,
  { signal, giveUpAfterMs = FOLLOW_GIVE_UP_MS }: WaitOptions = {},
): Promise<Summary> {
  const { clock } = http;
  for (;;) {
    const askedAtMs = clock.now();
    const summary = await readSummary(http, executionId, {
      waitTimeSeconds: WAIT_SECONDS_MAX,
      giveUpAfterMs,
      ...(signal && { signal }),
    });
    if (summary.status !== 'RUNNING') return summary;
    await clock.sleep(PAUSE_MS_MIN - (clock.now() - askedAtMs), signal);
    signal?.throwIfAborted();
  }
}
