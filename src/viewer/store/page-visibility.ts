/** Tells whether the reader can see the page. Without a document, as in tests on Node, the page is always visible. */

export interface PageVisibility {
  isHidden(): boolean;
  /** Returns a function that stops listening. */
  onChange(listener: () => void): () => void;
}

export const documentVisibility: PageVisibility = {
  isHidden: () => globalThis.document?.visibilityState === 'hidden',
  onChange: (listener) => {
    globalThis.document?.addEventListener('visibilitychange', listener);
    return () => globalThis.document?.removeEventListener('visibilitychange', listener);
  },
};

/** Resolves once the page is visible, or when `signal` aborts. */
export function untilVisible(visibility: PageVisibility, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (visibility.isHidden() && !signal.aborted) return;
      stop();
      signal.removeEventListener('abort', check);
      resolve();
    };
    const stop = visibility.onChange(check);
    signal.addEventListener('abort', check);
    check();
  });
}
