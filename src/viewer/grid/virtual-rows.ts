/**
 * A Lit controller that knows which rows of a long list are in view. Only these rows are in the document. Well-known
 * virtualizer libraries do more than these lists need, and would take a fifth of the module's size budget.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';

import { RowPlaces } from './row-places.ts';

export interface VirtualRowsOptions {
  readonly scroller: () => HTMLElement | null;
  /** The height that the style sheet gives a closed row. */
  readonly rowPx: () => number;
  /** The height of the sticky head. */
  readonly headPx: () => number;
  /** Called when the reader has scrolled, by wheel, touch or scrollbar. Not called when this object scrolls. */
  readonly onReaderScroll?: (direction: 'up' | 'down') => void;
}

/** How many rows are rendered above the view, and how many below the view. */
const OVERSCAN = 8;
/** The assumed extra height of an open row that was not measured yet. */
const EXTRA_PX_GUESS = 240;
/** The assumed height of the scroller until it is measured. */
const VIEW_PX_GUESS = 600;
/** The view is at the end if at most this much is below it, because browsers round positions on zoomed pages. */
const END_TOLERANCE_PX = 2;

export interface VirtualRow {
  readonly index: number;
  readonly topPx: number;
}

/** The key for Lit's `repeat`. A row keeps its element while it is in view, so focus and selection are not lost. */
export const keyOfRow = ({ index }: VirtualRow): number => index;

export class VirtualRows implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #options: VirtualRowsOptions;
  readonly #extraPx = new Map<string, number>();
  /** The key of the open row that each measured element belongs to. */
  readonly #keys = new WeakMap<Element, string>();
  #places = new RowPlaces(0, 1);
  #scroller: HTMLElement | null = null;
  #resizes: ResizeObserver | undefined;
  #viewPx = VIEW_PX_GUESS;
  #topPx = 0;
  /** The row last revealed at the top. It is revealed again when a newly measured height has moved the rows. */
  #revealed: number | undefined;
  #hasShrunk = false;

  constructor(host: ReactiveControllerHost, options: VirtualRowsOptions) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  /** Call this before you read `rows`. `open` lists the open rows, ordered by index. */
  setRows(count: number, open: readonly { readonly index: number; readonly key: string }[] = []): void {
    const tall = open.map(({ index, key }) => ({ index, extraPx: this.#extraPx.get(key) ?? EXTRA_PX_GUESS }));
    const beforePx = this.heightPx;
    this.#places = new RowPlaces(count, this.#options.rowPx(), tall);
    this.#hasShrunk ||= this.heightPx < beforePx;
  }

  get heightPx(): number {
    return this.#places.heightPx;
  }

  get rows(): VirtualRow[] {
    const { count } = this.#places;
    if (count === 0) return [];
    const first = Math.max(0, this.#places.indexAt(this.#topPx) - OVERSCAN);
    const last = Math.min(count - 1, this.#places.indexAt(this.#topPx + this.#viewPx) + OVERSCAN);
    return Array.from({ length: last - first + 1 }, (_, offset) => {
      const index = first + offset;
      return { index, topPx: this.#places.topOf(index) };
    });
  }

  /** The numbers of the first and the last row in view, counted from 1. */
  get shown(): { readonly first: number; readonly last: number } {
    const endPx = this.#topPx + this.#viewPx - this.#options.headPx() - 1;
    return { first: this.#places.indexAt(this.#topPx) + 1, last: this.#places.indexAt(endPx) + 1 };
  }

  /** Measures `element`, which is the part of an open row that makes it higher. */
  readonly measure = (element: Element | undefined, key: string): void => {
    if (!element) return;
    this.#keys.set(element, key);
    this.#resizes?.observe(element);
  };

  /** Scrolls to the row: as little as possible, or so that the row is in the middle or at the top. */
  reveal(index: number, align: 'nearest' | 'center' | 'start' = 'nearest'): void {
    const viewPx = this.#viewPx - this.#options.headPx();
    const top = this.#places.topOf(index);
    const bottom = this.#places.topOf(index + 1);
    const shownTop = this.#scroller?.scrollTop ?? 0;
    this.#revealed = align === 'start' ? index : undefined;
    if (align === 'start') this.#scrollTo(top);
    else if (align === 'center') this.#scrollTo(this.#rowStart(top - (viewPx - (bottom - top)) / 2));
    else if (top < shownTop || bottom - top > viewPx) this.#scrollTo(top);
    else if (bottom > shownTop + viewPx) this.#scrollTo(bottom - viewPx);
  }

  /** Rounds `px` down to the top of a row, so that the view does not cut a row in two. */
  #rowStart(px: number): number {
    return px <= 0 ? 0 : this.#places.topOf(this.#places.indexAt(px));
  }

  revealEnd(): void {
    this.#scrollTo(this.heightPx);
  }

  get isAtEnd(): boolean {
    const contentPx = this.#options.headPx() + this.heightPx;
    return this.#topPx + this.#viewPx >= contentPx - END_TOLERANCE_PX;
  }

  #scrollTo(px: number): void {
    if (this.#scroller) this.#scroller.scrollTop = px;
    this.#readView();
  }

  /**
   * Checks whether the reader has scrolled, and reports it. Can be called before the browser delivers the scroll event.
   */
  readonly noticeReader = (): void => {
    const beforePx = this.#topPx;
    this.#readView();
    // When this object scrolls, it updates #topPx immediately. So a difference means that the reader has scrolled.
    if (this.#topPx !== beforePx) this.#options.onReaderScroll?.(this.#topPx < beforePx ? 'up' : 'down');
  };

  hostUpdated(): void {
    // The browser scrolls a list that became too short. Read that position now, so that it does not count as the
    // reader's scroll.
    if (this.#hasShrunk) this.#readView();
    this.#hasShrunk = false;
    const scroller = this.#options.scroller();
    if (scroller === this.#scroller) return;
    this.hostDisconnected();
    if (!scroller) return;
    this.#scroller = scroller;
    this.#readView();
    scroller.addEventListener('scroll', this.noticeReader, { passive: true });
    this.#resizes = new ResizeObserver((entries) => this.#onResize(entries));
    this.#resizes.observe(scroller);
  }

  hostDisconnected(): void {
    this.#resizes?.disconnect();
    this.#scroller?.removeEventListener('scroll', this.noticeReader);
    this.#scroller = null;
  }

  readonly #readView = (): void => {
    const { scrollTop = 0, clientHeight = VIEW_PX_GUESS } = this.#scroller ?? {};
    if (scrollTop === this.#topPx && clientHeight === this.#viewPx) return;
    this.#topPx = scrollTop;
    this.#viewPx = clientHeight;
    this.#host.requestUpdate();
  };

  #onResize(entries: readonly ResizeObserverEntry[]): void {
    for (const { target, borderBoxSize } of entries) {
      const key = this.#keys.get(target);
      const px = borderBoxSize[0]?.blockSize ?? 0;
      // The height is 0 if the element has left the document.
      if (key === undefined || px === 0 || this.#extraPx.get(key) === px) continue;
      this.#extraPx.set(key, px);
      this.#host.requestUpdate();
      const revealed = this.#revealed;
      this.#revealed = undefined;
      if (revealed !== undefined)
        void this.#host.updateComplete.then(() => this.#scrollTo(this.#places.topOf(revealed)));
    }
    this.#readView();
  }
}
