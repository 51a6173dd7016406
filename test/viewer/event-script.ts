/**
 * Builds Step Functions histories for the emulator. A script states which event happens when, branch by branch.
 */

export interface ScriptedEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly type: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  /** When the event becomes readable, in milliseconds since the epoch. */
  readonly visibleAt: number;
  readonly [details: string]: unknown;
}

interface Planned {
  readonly atMs: number;
  readonly type: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly previous: Planned | undefined;
}

/** A sequence of events in which each event has the one before as its `previousEventId`. */
export class Strand {
  readonly #script: EventScript;
  #last: Planned | undefined;

  constructor(script: EventScript, last?: Planned) {
    this.#script = script;
    this.#last = last;
  }

  /** Adds an event. `atMs` counts from the start of the execution. */
  at(atMs: number, type: string, details: Readonly<Record<string, unknown>> = {}): this {
    this.#last = this.#script.plan({ atMs, type, details, previous: this.#last });
    return this;
  }

  /** Returns a new strand that starts after the last event, for a branch or an iteration. */
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

  /** Adds a call of a Lambda function from `fromMs` to `toMs`. It fails if `failure` is given. */
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
   * Returns the events in order of time. Events later than `untilMs` after the start are left out, so that the
   * execution stays running.
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
