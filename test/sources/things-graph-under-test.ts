/** A Things Graph source with a manual clock, and functions that advance this clock. */
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { staticCredentials } from '../../src/sources/aws/aws-credentials.ts';
import { CALL_MS_MAX, type Fetch } from '../../src/sources/aws/aws-json.ts';
import { createThingsGraphSource } from '../../src/sources/things-graph/things-graph.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { READ } from '../support/call-options.ts';

export const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  /** This secret matches no pattern, so it is redacted only because the service knows it. */
  sessionToken: 'session.token-that.no-pattern.knows-of',
};

/** Waits up to this long are waits between attempts. Longer waits are time-outs. */
const BACKOFF_MS_LONGEST = 1_000;

export function thingsGraphUnderTest(endpoint: URL, options: { fetch?: Fetch; random?: () => number } = {}) {
  const clock = new ManualClock();
  const records: LogRecord[] = [];
  let attempts = 0;
  const source = createThingsGraphSource({
    region: 'us-west-2',
    endpoint,
    credentials: staticCredentials(CREDENTIALS),
    fetch: options.fetch ?? fetch,
    clock,
    random: options.random ?? (() => 0.5),
    log: testLog(records),
  });

  return {
    clock,
    records,
    attempts: () => attempts,
    page: (signal?: AbortSignal, token?: string, id = 'execution-1', limit = 250) =>
      source.page(parseExecutionRef(id), token, limit, {
        ...READ,
        ...(signal && { signal }),
        onAttempt: () => attempts++,
      }),
    throughBackoff: <T>(call: Promise<T>) => letBackoffPass(clock, call),
    /** Advances the clock until the call ends. Lets an attempt time out once `inFlight(attempt)` is true. */
    async throughTimeouts<T>(call: Promise<T>, inFlight: (attempt: number) => boolean): Promise<T> {
      const isOver = watch(call);
      for (let attempt = 1; !isOver(); attempt++) {
        while (!isOver() && !inFlight(attempt)) {
          const next = (clock.nextWakeAt ?? Infinity) - clock.now();
          if (next <= BACKOFF_MS_LONGEST) await clock.advance(next);
          else await nextTurn();
        }
        if (!isOver()) await clock.advance((clock.nextWakeAt ?? clock.now() + CALL_MS_MAX) - clock.now());
      }
      return call;
    },
  };
}

/** Advances the clock through the waits between attempts, without letting an attempt time out. */
export async function letBackoffPass<T>(clock: ManualClock, call: Promise<T>): Promise<T> {
  const isOver = watch(call);
  while (!isOver()) {
    const next = (clock.nextWakeAt ?? Infinity) - clock.now();
    if (next <= BACKOFF_MS_LONGEST) await clock.advance(next);
    else await nextTurn();
  }
  return call;
}

function watch(call: Promise<unknown>): () => boolean {
  let over = false;
  const done = () => {
    over = true;
  };
  call.then(done, done);
  return () => over;
}

/** Waits for one turn of the event loop, so that data from sockets can arrive. */
export const nextTurn = (): Promise<void> => systemClock.sleep(0);

/** Waits in real time for a condition that depends on sockets. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}
