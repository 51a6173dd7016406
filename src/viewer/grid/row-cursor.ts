/**
 * The row that the keyboard is on, by the treegrid pattern of the ARIA Authoring Practices. The grid itself
 * has the focus and names the row by `aria-activedescendant`: rows outside of the view are not in the
 * document, so they could not have the focus. https://www.w3.org/WAI/ARIA/apg/patterns/treegrid/
 */

export interface RowCursorOptions {
  readonly count: () => number;
  /** Shows the row: scrolls, and renders. */
  readonly onMove: (index: number) => void;
  /** Enter or Space. */
  readonly onActivate: (index: number) => void;
  /** Right: opens the row, or goes to the first one inside. Left: closes it, or goes to the one around it. */
  readonly onOpen: (index: number) => void;
  readonly onClose: (index: number) => void;
  /** Other keys of the grid. True if the key is used. */
  readonly onKey?: (key: string, index: number) => boolean;
}

/** Rows that PageUp and PageDown pass over. */
const PAGE_ROWS = 10;

export class RowCursor {
  readonly #options: RowCursorOptions;
  #index = 0;

  constructor(options: RowCursorOptions) {
    this.#options = options;
  }

  get index(): number {
    return Math.max(0, Math.min(this.#index, this.#options.count() - 1));
  }

  /** Moves the cursor without revealing the row. */
  set(index: number): void {
    this.#index = index;
  }

  move(index: number): void {
    this.#index = Math.max(0, Math.min(index, this.#options.count() - 1));
    this.#options.onMove(this.#index);
  }

  readonly onKeyDown = (event: KeyboardEvent): void => {
    // Fields and buttons inside a row handle their own keys.
    if (event.target !== event.currentTarget || event.altKey || event.ctrlKey || event.metaKey) return;
    if (this.#options.count() > 0 && this.#use(event.key)) event.preventDefault();
  };

  #use(key: string): boolean {
    const { index } = this;
    const { count, onActivate, onOpen, onClose, onKey } = this.#options;
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + PAGE_ROWS,
      PageUp: index - PAGE_ROWS,
      Home: 0,
      End: count() - 1,
    };
    const target = targets[key];
    if (target !== undefined) this.move(target);
    else if (key === 'Enter' || key === ' ') onActivate(index);
    else if (key === 'ArrowRight') onOpen(index);
    else if (key === 'ArrowLeft') onClose(index);
    else return onKey?.(key, index) ?? false;
    return true;
  }
}
