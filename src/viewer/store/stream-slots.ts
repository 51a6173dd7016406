/**
 * Limits how many event streams a page has open to one service. Over HTTP/1.1 a browser opens at most six connections
 * to a host, so too many streams would block all other requests. The element and the React hook may come from
 * different bundles, so all copies of this module on a page share one count.
 */

/** Leaves two of the six connections for other requests. */
export const STREAMS_MAX = 4;

export interface SlotRequest {
  readonly isGranted: boolean;
  /** Resolves when the slot is granted. Never rejects, and never resolves after `release`. */
  readonly granted: Promise<void>;
  /** Gives the slot back, or leaves the queue. Safe to call twice. */
  release(): void;
}

export class StreamSlots {
  #free = STREAMS_MAX;
  readonly #waiting: (() => void)[] = [];

  /** First come, first served. */
  request(): SlotRequest {
    let state: 'waiting' | 'granted' | 'released' = 'waiting';
    let resolve: () => void = () => {};
    const granted = new Promise<void>((done) => (resolve = done));
    const grant = (): void => {
      state = 'granted';
      resolve();
    };
    if (this.#free > 0) {
      this.#free--;
      grant();
    } else {
      this.#waiting.push(grant);
    }
    return {
      get isGranted() {
        return state === 'granted';
      },
      granted,
      release: () => {
        if (state === 'waiting') this.#waiting.splice(this.#waiting.indexOf(grant), 1);
        if (state === 'granted') this.#passOn();
        state = 'released';
      },
    };
  }

  #passOn(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}

const REGISTRY = Symbol.for('flowtap.stream-slots.1');

/** The slots of this page for the service at `origin`. */
export function slotsFor(origin: string): StreamSlots {
  // Safety: only this file uses the symbol. A version with another type must use another symbol.
  const page = globalThis as { [REGISTRY]?: Map<string, StreamSlots> };
  const registry = (page[REGISTRY] ??= new Map());
  const slots = registry.get(origin) ?? new StreamSlots();
  registry.set(origin, slots);
  return slots;
}
