/** Runs asynchronous work one piece at a time, in the order of its arrival. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Starts when all earlier work has ended, whether or not it failed. A failure reaches this caller only. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all work so far has ended. Never rejects. */
  get idle(): Promise<unknown> {
    return this.#last;
  }
}
