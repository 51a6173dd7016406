/**
 * A state machine that fulfils an order. It has three parallel branches, one of them with a map, retries in two
 * of them, and an error that is caught. It runs for more than two minutes, so that it can be watched. The
 * events have the same members as AWS's.
 */
import type { UntimedEvent } from '../history.ts';

/** An event that has no id yet. `previous` is the event that led to it. */
interface Draft {
  readonly afterMs: number;
  readonly type: string;
  readonly details: object;
  readonly previous: Draft | undefined;
}

const FUNCTION = 'arn:aws:lambda:us-west-2:123456789012:function';
const TASK = { resource: 'invoke', resourceType: 'lambda' };
const ORDER = '{"order":4711,"items":["lamp","cable","bracket"],"total":"129.00 EUR"}';

/** One attempt of a task. */
interface Attempt {
  readonly takesMs: number;
  readonly failure?: { readonly error: string; readonly cause: string };
  /** The pause before the next attempt, after a failure. */
  readonly waitMs?: number;
}

class Timeline {
  readonly #drafts: Draft[] = [];

  add(afterMs: number, type: string, previous?: Draft, details: object = {}): Draft {
    const draft = { afterMs, type, previous, details };
    this.#drafts.push(draft);
    return draft;
  }

  /**
   * Adds a task state that calls a function once or several times. Returns its exit event, or the last failure
   * if no attempt succeeds.
   */
  task(name: string, startMs: number, previous: Draft, attempts: readonly Attempt[], output = '{}'): Draft {
    let last = this.add(startMs, 'TaskStateEntered', previous, {
      stateEnteredEventDetails: { name, input: ORDER },
    });
    let atMs = startMs + 15;
    for (const { takesMs, failure, waitMs = 0 } of attempts) {
      last = this.add(atMs, 'TaskScheduled', last, {
        taskScheduledEventDetails: {
          ...TASK,
          region: 'us-west-2',
          parameters: `{"FunctionName":"${FUNCTION}:${name}"}`,
        },
      });
      last = this.add(atMs + 40, 'TaskStarted', last, { taskStartedEventDetails: TASK });
      atMs += takesMs;
      if (failure) {
        last = this.add(atMs, 'TaskFailed', last, { taskFailedEventDetails: { ...TASK, ...failure } });
        atMs += waitMs;
      } else {
        last = this.add(atMs, 'TaskSucceeded', last, { taskSucceededEventDetails: { ...TASK, output } });
        last = this.add(atMs + 20, 'TaskStateExited', last, { stateExitedEventDetails: { name, output } });
      }
    }
    return last;
  }

  /** Returns all events in chronological order, with ids. All times are multiplied by `factor`. */
  beats(factor: number): { readonly afterMs: number; readonly event: UntimedEvent }[] {
    const sorted = this.#drafts.toSorted((one, other) => one.afterMs - other.afterMs);
    const idOf = new Map(sorted.map((draft, index) => [draft, index + 1]));
    return sorted.map((draft) => {
      const { afterMs, type, previous, details } = draft;
      const previousEventId = previous === undefined ? 0 : (idOf.get(previous) ?? 0);
      return {
        afterMs: Math.round(afterMs * factor),
        event: { type, id: idOf.get(draft) ?? 0, previousEventId, ...details },
      };
    });
  }
}

const TIMEOUT = {
  error: 'PaymentGateway.Timeout',
  cause: '{"errorMessage":"The gateway did not answer within 10 s","gateway":"acquirer-eu-2"}',
};
const NO_STOCK_SERVICE = {
  error: 'StockService.Busy',
  cause: '{"errorMessage":"429 Too Many Requests: retry in 4 s"}',
};
const NO_COURIER = {
  error: 'Courier.NoSlot',
  cause: '{"errorMessage":"No courier has a free slot before 18:00","zone":"10115"}',
};

/**
 * Adds a map over three items, which start one after another. The second item needs two attempts. Returns the
 * exit event of the map.
 */
function reserveStock(timeline: Timeline, startMs: number, previous: Draft): Draft {
  const name = 'ReserveStock';
  const entered = timeline.add(startMs, 'MapStateEntered', previous, {
    stateEnteredEventDetails: { name, input: ORDER },
  });
  const started = timeline.add(startMs + 5, 'MapStateStarted', entered, {
    mapStateStartedEventDetails: { length: 3 },
  });
  const attempts: readonly (readonly Attempt[])[] = [
    [{ takesMs: 9_200 }],
    [{ takesMs: 3_100, failure: NO_STOCK_SERVICE, waitMs: 4_000 }, { takesMs: 11_400 }],
    [{ takesMs: 15_800 }],
  ];
  let last = started;
  attempts.forEach((ofItem, index) => {
    const iteration = { name, index };
    const atMs = startMs + 10 + index * 1_500;
    const begun = timeline.add(atMs, 'MapIterationStarted', started, {
      mapIterationStartedEventDetails: iteration,
    });
    const done = timeline.task('ReserveItem', atMs + 10, begun, ofItem, '{"reserved":true}');
    const ended = timeline.add(done.afterMs + 10, 'MapIterationSucceeded', done, {
      mapIterationSucceededEventDetails: iteration,
    });
    if (ended.afterMs > last.afterMs) last = ended;
  });
  const output = '[{"reserved":true},{"reserved":true},{"reserved":true}]';
  const succeeded = timeline.add(last.afterMs + 10, 'MapStateSucceeded', last);
  return timeline.add(succeeded.afterMs + 5, 'MapStateExited', succeeded, {
    stateExitedEventDetails: { name, output },
  });
}

export function orderBeats(factor = 1): ReturnType<Timeline['beats']> {
  const timeline = new Timeline();
  const start = timeline.add(0, 'ExecutionStarted', undefined, {
    executionStartedEventDetails: { input: ORDER, roleArn: 'arn:aws:iam::123456789012:role/orders' },
  });
  const validated = timeline.task('ValidateOrder', 20, start, [{ takesMs: 1_900 }], ORDER);

  const entered = timeline.add(validated.afterMs + 20, 'ParallelStateEntered', validated, {
    stateEnteredEventDetails: { name: 'PrepareOrder', input: ORDER },
  });
  const forked = timeline.add(entered.afterMs + 5, 'ParallelStateStarted', entered);
  const forkedMs = forked.afterMs;
  const stock = reserveStock(timeline, forkedMs + 10, forked);
  const charged = timeline.task(
    'ChargeCard',
    forkedMs + 11,
    forked,
    [
      { takesMs: 10_000, failure: TIMEOUT, waitMs: 5_000 },
      { takesMs: 10_000, failure: TIMEOUT, waitMs: 10_000 },
      { takesMs: 6_300 },
    ],
    '{"charge":"ch_7Qm2","captured":true}',
  );
  const screened = timeline.task(
    'ScreenForFraud',
    forkedMs + 12,
    forked,
    [{ takesMs: 24_000 }],
    '{"score":7}',
  );
  const joined = [stock, charged, screened].reduce((one, other) =>
    other.afterMs > one.afterMs ? other : one,
  );
  const prepared = timeline.add(joined.afterMs + 15, 'ParallelStateSucceeded', joined);
  const exited = timeline.add(prepared.afterMs + 5, 'ParallelStateExited', prepared, {
    stateExitedEventDetails: { name: 'PrepareOrder', output: '[{},{"captured":true},{"score":7}]' },
  });

  const refused = timeline.task('BookCourier', exited.afterMs + 20, exited, [
    { takesMs: 4_800, failure: NO_COURIER },
  ]);
  const caught = timeline.add(refused.afterMs + 20, 'TaskStateExited', refused, {
    stateExitedEventDetails: { name: 'BookCourier', output: `{"caught":"${NO_COURIER.error}"}` },
  });
  const waiting = timeline.add(caught.afterMs + 20, 'WaitStateEntered', caught, {
    stateEnteredEventDetails: { name: 'WaitForEvening', input: ORDER },
  });
  const waited = timeline.add(waiting.afterMs + 30_000, 'WaitStateExited', waiting, {
    stateExitedEventDetails: { name: 'WaitForEvening', output: ORDER },
  });
  const shipped = timeline.task(
    'ShipOvernight',
    waited.afterMs + 20,
    waited,
    [{ takesMs: 58_000 }],
    '{"tracking":"JD014600003"}',
  );
  const notified = timeline.task('NotifyCustomer', shipped.afterMs + 20, shipped, [{ takesMs: 2_400 }]);
  timeline.add(notified.afterMs + 20, 'ExecutionSucceeded', notified, {
    executionSucceededEventDetails: { output: '{"order":4711,"tracking":"JD014600003"}' },
  });
  return timeline.beats(factor);
}
