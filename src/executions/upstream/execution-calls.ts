/**
 * Makes the calls about one execution one at a time, whatever their operation (invariant 3). A caller waits
 * for the call in progress, or for its own call after it. In the budget's queue, the call in progress gets
 * the highest priority that any waiting caller has. So a poll, or a tenant with few calls, never waits as
 * long as a tenant with many.
 */
import type { ExecutionRef } from '../../core/execution-ref.ts';
import { SerialQueue } from '../../core/serial-queue.ts';
import type { CallOrigin, Source } from '../../sources/source.ts';

export class ExecutionCalls {
  readonly #source: Source;
  readonly #ref: ExecutionRef;
  readonly #queue = new SerialQueue();
  readonly #wanted = new Set<{ readonly origin: CallOrigin }>();

  constructor(source: Source, ref: ExecutionRef) {
    this.#source = source;
    this.#ref = ref;
  }

  /** Makes the call when all earlier ones have ended. */
  run<T>(origin: CallOrigin, call: () => Promise<T>): Promise<T> {
    const made = this.#queue.run(() => {
      const answer = call();
      for (const wanted of this.#wanted) this.#source.raisePriority?.(this.#ref, wanted.origin);
      return answer;
    });
    this.wait(origin, made);
    return made;
  }

  /** Until `call` has settled, calls about this execution have at least the priority of this origin. */
  wait(origin: CallOrigin, call: Promise<unknown>): void {
    const wanted = { origin };
    this.#wanted.add(wanted);
    this.#source.raisePriority?.(this.#ref, origin);
    const over = () => this.#wanted.delete(wanted);
    void call.then(over, over);
  }
}
