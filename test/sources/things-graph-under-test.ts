/** A Things Graph source on test time, with functions that advance it. */
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
  /** A secret that no pattern recognises: it is redacted only because it is known. */
  sessionToken: 'session.token-that.no-pattern.knows-of',
};

/** Waits longer than this are time-outs; shorter ones are the waits between attempts. */
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
    /** Advances time until the call is over. Each attempt may time out once `inFlight` is true for it. */
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

/** Lets the waits between attempts pass, but no attempt time out. */
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

/** A turn of the event loop in which data of sockets may arrive. */
export const nextTurn = (): Promise<void> => systemClock.sleep(0);

/** Waits for an effect of a real socket. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}
