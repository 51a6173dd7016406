/**
 * The rows of a long list that are in view, as a controller of a Lit element. Only these are in the document.
 * Well-known virtualizers do more than these lists need, and take a fifth of the module's budget.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';

import { RowPlaces } from './row-places.ts';

export interface VirtualRowsOptions {
  readonly scroller: () => HTMLElement | null;
  /** The height of a row that is not open, as the style sheet has it. */
  readonly rowPx: () => number;
  /** The height of the sticky head. */
  readonly headPx: () => number;
  /**
   * The reader has scrolled, by whatever means: wheel, touch, scrollbar. Not called for scrolls of this
   * object.
   */
  readonly onReaderScroll?: (direction: 'up' | 'down') => void;
}

/** Rows rendered outside of the view, on each side. */
const OVERSCAN = 8;
/** The assumed extra height of an open row that was not measured yet. */
const EXTRA_PX_GUESS = 240;
/** The assumed height of the scroller until it is measured. */
const VIEW_PX_GUESS = 600;
/** Zoomed pages round positions. */
const END_TOLERANCE_PX = 2;

export interface VirtualRow {
  readonly index: number;
  readonly topPx: number;
}

/** For Lit's `repeat`: a row keeps its element while it is in view, and with it focus and selection. */
export const keyOfRow = ({ index }: VirtualRow): number => index;

export class VirtualRows implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #options: VirtualRowsOptions;
  readonly #extraPx = new Map<string, number>();
  /** What is open in which element. */
  readonly #keys = new WeakMap<Element, string>();
  #places = new RowPlaces(0, 1);
  #scroller: HTMLElement | null = null;
  #resizes: ResizeObserver | undefined;
  #viewPx = VIEW_PX_GUESS;
  #topPx = 0;
  /** A row that was revealed before its height was known. */
  #revealed: number | undefined;
  #hasShrunk = false;

  constructor(host: ReactiveControllerHost, options: VirtualRowsOptions) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  /** Call this before rows are read. `open`: the opened rows, in order. */
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

  /** The places of the first and the last row in view, from 1. */
  get shown(): { readonly first: number; readonly last: number } {
    const endPx = this.#topPx + this.#viewPx - this.#options.headPx() - 1;
    return { first: this.#places.indexAt(this.#topPx) + 1, last: this.#places.indexAt(endPx) + 1 };
  }

  /** The part of an open row that makes it higher. */
  readonly measure = (element: Element | undefined, key: string): void => {
    if (!element) return;
    this.#keys.set(element, key);
    this.#resizes?.observe(element);
  };

  /** Scrolls as little as possible, or so that the row is in the middle or at the top. */
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

  /** The top of the row at `px`, so that no row is cut there. */
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

  /** Reports a scroll of the reader whose event was not delivered yet. */
  readonly noticeReader = (): void => {
    const beforePx = this.#topPx;
    this.#readView();
    // Scrolls of this object have already been read.
    if (this.#topPx !== beforePx) this.#options.onReaderScroll?.(this.#topPx < beforePx ? 'up' : 'down');
  };

  hostUpdated(): void {
    // The browser moves the view of a list that became shorter. The reader has not scrolled.
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
      // An element that has left the document.
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
