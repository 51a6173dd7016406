/**
 * The position of each row of a long list. All rows have the same height, except for the few that a reader has
 * opened. So computing a position takes a multiplication and a short sum, however many rows there are. Pure.
 */

export interface TallRow {
  readonly index: number;
  /** How much higher this row is than a closed row. */
  readonly extraPx: number;
}

export class RowPlaces {
  readonly count: number;
  readonly #rowPx: number;
  readonly #tall: readonly TallRow[];

  /** `tall` must be ordered by index. */
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

  /** The index of the row at `px`, or of the nearest row. */
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
