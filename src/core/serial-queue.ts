/**
 * Calls about one execution take turns, whichever operation they are: at most one is in flight (invariant 3). In what order
 * pages are asked for is upstream-history.ts's.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Makes the call when all that came before it are over, whatever became of them. */
  take<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(call);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
