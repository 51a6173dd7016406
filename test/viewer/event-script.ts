/** Histories of Step Functions for the emulator, written as what happens when, branch by branch. */

export interface ScriptedEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly type: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  /** Milliseconds since the epoch: when it can be read. */
  readonly visibleAt: number;
  readonly [details: string]: unknown;
}

interface Planned {
  readonly atMs: number;
  readonly type: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly previous: Planned | undefined;
}

/** One strand of events, each led to by the one before. */
export class Strand {
  readonly #script: EventScript;
  #last: Planned | undefined;

  constructor(script: EventScript, last?: Planned) {
    this.#script = script;
    this.#last = last;
  }

  /** `atMs`: since the start of the execution. */
  at(atMs: number, type: string, details: Readonly<Record<string, unknown>> = {}): this {
    this.#last = this.#script.plan({ atMs, type, details, previous: this.#last });
    return this;
  }

  /** A strand that begins here: a branch, an iteration. */
  fork(): Strand {
    return new Strand(this.#script, this.#last);
  }

  enter(atMs: number, kind: string, name: string, input: unknown = {}): this {
    return this.at(atMs, `${kind}StateEntered`, {
      stateEnteredEventDetails: { name, input: JSON.stringify(input) },
    });
  }

  exit(atMs: number, kind: string, name: string, output: unknown = {}): this {
    return this.at(atMs, `${kind}StateExited`, {
      stateExitedEventDetails: { name, output: JSON.stringify(output) },
    });
  }

  /** A Lambda function from `fromMs` to `toMs`, which succeeds, or fails with an error. */
  lambda(fromMs: number, toMs: number, failure?: { readonly error: string; readonly cause: string }): this {
    const resource = 'arn:aws:lambda:us-west-2:123456789012:function:orders';
    this.at(fromMs, 'LambdaFunctionScheduled', {
      lambdaFunctionScheduledEventDetails: { resource, input: '{}' },
    });
    this.at(fromMs + 20, 'LambdaFunctionStarted');
    return failure
      ? this.at(toMs, 'LambdaFunctionFailed', { lambdaFunctionFailedEventDetails: failure })
      : this.at(toMs, 'LambdaFunctionSucceeded', {
          lambdaFunctionSucceededEventDetails: { output: '{"ok":true}' },
        });
  }

  task(fromMs: number, toMs: number, name: string, input: unknown = {}): this {
    return this.enter(fromMs, 'Task', name, input)
      .lambda(fromMs + 10, toMs - 10)
      .exit(toMs, 'Task', name, { done: name });
  }
}

export class EventScript {
  readonly #planned: Planned[] = [];

  begin(input: unknown = {}): Strand {
    return new Strand(this).at(0, 'ExecutionStarted', {
      executionStartedEventDetails: {
        input: JSON.stringify(input),
        roleArn: 'arn:aws:iam::123456789012:role/orders',
      },
    });
  }

  plan(event: Planned): Planned {
    this.#planned.push(event);
    return event;
  }

  /**
   * In order of time. Only what happens until `untilMs` after the start, as of an execution that runs no
   * further.
   */
  events(startMs: number, untilMs = Number.POSITIVE_INFINITY): ScriptedEvent[] {
    const inOrder = this.#planned
      .filter(({ atMs }) => atMs <= untilMs)
      .toSorted((one, other) => one.atMs - other.atMs);
    const ids = new Map(inOrder.map((event, index) => [event, index + 1]));
    return inOrder.map((event, index) => ({
      ...event.details,
      id: index + 1,
      previousEventId: (event.previous && ids.get(event.previous)) ?? 0,
      type: event.type,
      timestamp: (startMs + event.atMs) / 1000,
      visibleAt: startMs + event.atMs,
    }));
  }
}
