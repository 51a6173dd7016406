/**
 * An immutable map from small whole numbers to values, stored as a tree with 32 slots per node. `set` copies
 * one path of the tree and shares the rest with the earlier vector. So its cost is logarithmic in the largest
 * index.
 */

const BITS = 5;
const WIDTH = 1 << BITS;
/** Six levels of 5 bits. A seventh level would exceed the 32 bits that bit shifts work on. */
export const INDEX_MAX = 2 ** 30 - 1;

/** The slots of a branch or, at the lowest level, of a leaf. */
type Slots = readonly unknown[];

export class SparseVector<T> {
  readonly #root: Slots;
  /** An index shifted right by this many bits is its slot in the root. */
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

  /** `index` must be from 0 to INDEX_MAX. */
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
