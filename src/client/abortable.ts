/** Waits that end when a signal aborts, also for promises that do not support signals. */

/**
 * The promise's result, or a rejection with the signal's reason as soon as it aborts. The promise's later
 * result is ignored.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const abort = new Promise<never>((_resolve, reject) => {
    // Safety: fetch, too, rejects with the signal's reason, of any type.
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
