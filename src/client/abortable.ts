/** Waits that end when a signal says so, also where the thing waited for knows nothing of signals. */

/** The promise, or a rejection with the signal's reason as soon as it aborts. What the promise becomes then is ignored. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const abort = new Promise<never>((_resolve, reject) => {
    // Safety: fetch rejects with the signal's reason too, whatever that is.
    onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, abort]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
