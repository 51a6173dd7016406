/**
 * An immutable map from small whole numbers to values. `set` shares all but one path with the vector before
 * it, so each costs the logarithm of the largest index (base 32).
 */

const BITS = 5;
const WIDTH = 1 << BITS;
/** Shifts work on 32 bits. */
export const INDEX_MAX = 2 ** 30 - 1;

/** A branch, or a leaf at the lowest level. */
type Slots = readonly unknown[];

export class SparseVector<T> {
  readonly #root: Slots;
  /** How far an index is shifted for its slot in the root. */
  readonly #shift: number;

  constructor(root: Slots = [], shift = 0) {
    this.#root = root;
    this.#shift = shift;
  }

  get(index: number): T | undefined {
    if (index >>> this.#shift >= WIDTH) return undefined;
    let slots: Slots | undefined = this.#root;
    for (let shift = this.#shift; shift > 0; shift -= BITS) {
      // Safety: above the lowest level, each slot holds a branch.
      slots = slots?.[(index >>> shift) & (WIDTH - 1)] as Slots | undefined;
    }
    // Safety: `set` puts only values of T into the lowest level.
    return slots?.[index & (WIDTH - 1)] as T | undefined;
  }

  /** `index`: 0 to INDEX_MAX. */
  set(index: number, value: T): SparseVector<T> {
    let root = this.#root;
    let shift = this.#shift;
    for (; index >>> shift >= WIDTH; shift += BITS) root = [root];
    return new SparseVector(withValue(root, shift, index, value), shift);
  }
}

function withValue(slots: Slots, shift: number, index: number, value: unknown): Slots {
  const copy = slots.slice();
  const slot = (index >>> shift) & (WIDTH - 1);
  // Safety: above the lowest level, each slot holds a branch.
  const branch = (copy[slot] ?? []) as Slots;
  copy[slot] = shift === 0 ? value : withValue(branch, shift - BITS, index, value);
  return copy;
}
