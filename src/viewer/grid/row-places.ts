/**
 * The position of each row of a long list. All rows have the same height, except for the few that a reader
 * has opened. So a position is a multiplication and a short sum, for any number of rows. Pure.
 */

export interface TallRow {
  readonly index: number;
  /** How much higher it is than the others. */
  readonly extraPx: number;
}

export class RowPlaces {
  readonly count: number;
  readonly #rowPx: number;
  readonly #tall: readonly TallRow[];

  /** `tall`: in the order of their indexes. */
  constructor(count: number, rowPx: number, tall: readonly TallRow[] = []) {
    this.count = count;
    this.#rowPx = rowPx;
    this.#tall = tall;
  }

  get heightPx(): number {
    return this.topOf(this.count);
  }

  topOf(index: number): number {
    let top = index * this.#rowPx;
    for (const { index: tall, extraPx } of this.#tall) {
      if (tall >= index) break;
      top += extraPx;
    }
    return top;
  }

  /** The row at this place, or the nearest one. */
  indexAt(px: number): number {
    let above = 0;
    for (const { index, extraPx } of this.#tall) {
      const top = index * this.#rowPx + above;
      if (px < top + this.#rowPx) break;
      if (px < top + this.#rowPx + extraPx) return index;
      above += extraPx;
    }
    return Math.max(0, Math.min(this.count - 1, Math.floor((px - above) / this.#rowPx)));
  }
}
