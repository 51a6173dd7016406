/** Makes any promise abortable, even if its producer ignores signals. */

/**
 * Settles like the promise, or rejects with the signal's reason as soon as the signal aborts. The promise's
 * own result is ignored after that.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const abort = new Promise<never>((_resolve, reject) => {
    // Safety: fetch also rejects with the signal's reason, whatever its type.
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
