/**
 * The calls about one execution: one at a time, of all operations together (invariant 3). All who wait for such a call, for its
 * answer or behind it, hurry the one that waits for the budget: a tenant with few calls, or a poll, must not wait as long as a
 * tenant with many.
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
      for (const wanted of this.#wanted) this.#source.hurry?.(this.#ref, wanted.origin);
      return answer;
    });
    this.wait(origin, made);
    return made;
  }

  /** A request of this origin waits for a call that another one caused. */
  wait(origin: CallOrigin, call: Promise<unknown>): void {
    const wanted = { origin };
    this.#wanted.add(wanted);
    this.#source.hurry?.(this.#ref, origin);
    const over = () => this.#wanted.delete(wanted);
    void call.then(over, over);
  }
}
