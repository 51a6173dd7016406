/**
 * Keyboard navigation between rows, by the treegrid pattern of the ARIA Authoring Practices. The grid itself keeps
 * the focus, and names the active row in `aria-activedescendant`. A row could not keep the focus, because rows
 * outside of the view are not in the document. https://www.w3.org/WAI/ARIA/apg/patterns/treegrid/
 */

export interface RowCursorOptions {
  readonly count: () => number;
  /** Must scroll to the row and render it. */
  readonly onMove: (index: number) => void;
  /** Called for Enter and Space. */
  readonly onActivate: (index: number) => void;
  /** Called for the right arrow key: opens the row, or moves to the first row inside it. */
  readonly onOpen: (index: number) => void;
  /** Called for the left arrow key: closes the row, or moves to its parent row. */
  readonly onClose: (index: number) => void;
  /** Handles all keys that this class does not use. Returns true if it has used the key. */
  readonly onKey?: (key: string, index: number) => boolean;
}

/** How many rows PageUp and PageDown move. */
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
