/** Runs asynchronous tasks one at a time, in the order in which they were added. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Starts `work` after all earlier work has succeeded or failed. Only the caller of `run` sees a failure of
   * `work`.
   */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all work added so far has ended. Never rejects. */
  get idle(): Promise<unknown> {
    return this.#last;
  }
}
