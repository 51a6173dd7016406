/** The time axis of the steps: which range of time is shown, and the controls that change it. */
import { type ReactiveControllerHost, type TemplateResult, html, nothing } from 'lit';

import { humanDuration } from '../../core/human-duration.ts';
import { place } from '../grid/place.ts';
import {
  type TimeRange,
  fitsBeforeEnd,
  fractionOf,
  lengthOf,
  movedTo,
  percent,
  ticksOf,
  wholeRange,
  zoomed,
} from './time-range.ts';

const ZOOM_FACTOR = 2;
/** How many positions the slider has. The slider moves a zoomed range. */
const SLIDER_STEPS = 1000;

export class Timeline {
  readonly #host: ReactiveControllerHost;
  #whole: TimeRange = wholeRange(0, 0);
  /** The range that the reader has chosen. If undefined, the whole execution is shown, even while it grows. */
  #chosen: TimeRange | undefined;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
  }

  setWhole(startMs: number, endMs: number): void {
    this.#whole = wholeRange(startMs, endMs);
  }

  get range(): TimeRange {
    return this.#chosen ?? this.#whole;
  }

  fit(): void {
    this.#choose(undefined);
  }

  zoom(factor: number, aroundMs = (this.range.startMs + this.range.endMs) / 2): void {
    const next = zoomed(this.range, factor, aroundMs, this.#whole);
    this.#choose(lengthOf(next) >= lengthOf(this.#whole) ? undefined : next);
  }

  /** Zooms to this range, with some room around it. */
  show(startMs: number, endMs: number): void {
    const room = Math.max(10, (endMs - startMs) * 0.1);
    const range = wholeRange(startMs - room, endMs + room);
    this.#choose(
      lengthOf(range) >= lengthOf(this.#whole) ? undefined : movedTo(range, range.startMs, this.#whole),
    );
  }

  /** Moves a zoomed axis so that this range is in its middle. */
  readonly moveTo = (startMs: number, endMs: number): void => {
    const { range } = this;
    this.#choose(movedTo(range, (startMs + endMs - lengthOf(range)) / 2, this.#whole));
  };

  #choose(range: TimeRange | undefined): void {
    this.#chosen = range;
    this.#host.requestUpdate();
  }

  controls(): TemplateResult {
    const isWhole = this.#chosen === undefined;
    return html`<div class="zoom" role="group" aria-label="Time axis">
      ${isWhole ? nothing : this.#slider()}
      <button
        type="button"
        class="tool"
        title="Zoom out (-)"
        aria-label="Zoom out"
        ?disabled=${isWhole}
        @click=${() => this.zoom(1 / ZOOM_FACTOR)}
      >
        −
      </button>
      <button
        type="button"
        class="tool"
        title="Zoom in (+)"
        aria-label="Zoom in"
        @click=${() => this.zoom(ZOOM_FACTOR)}
      >
        +
      </button>
      <button
        type="button"
        class="tool"
        title="Show the whole execution (0)"
        ?disabled=${isWhole}
        @click=${() => this.fit()}
      >
        Fit
      </button>
    </div>`;
  }

  #slider(): TemplateResult {
    const whole = this.#whole;
    const room = lengthOf(whole) - lengthOf(this.range);
    const at = room <= 0 ? 0 : Math.round(((this.range.startMs - whole.startMs) / room) * SLIDER_STEPS);
    const move = (event: Event): void => {
      // Safety: the listener is on this input.
      const value = Number((event.target as HTMLInputElement).value);
      this.#choose(movedTo(this.range, whole.startMs + (value / SLIDER_STEPS) * room, whole));
    };
    const shown = `${humanDuration(this.range.startMs - whole.startMs)} to ${humanDuration(this.range.endMs - whole.startMs)}`;
    return html`<input
      type="range"
      min="0"
      max=${SLIDER_STEPS}
      .value=${String(at)}
      aria-label="Time that is shown"
      aria-valuetext=${shown}
      @input=${move}
    />`;
  }

  /** Handles the zoom keys of the table of steps. Returns true if it has used the key. */
  readonly onKey = (key: string): boolean => {
    if (key === '+' || key === '=') this.zoom(ZOOM_FACTOR);
    else if (key === '-') this.zoom(1 / ZOOM_FACTOR);
    else if (key === '0') this.fit();
    else return false;
    return true;
  };

  /** Ctrl with the wheel zooms around the pointer. Shift with the wheel, or scrolling sideways, moves a zoomed range. */
  readonly onWheel = (event: WheelEvent): void => {
    const { currentTarget, deltaX, deltaY, clientX } = event;
    if (!(currentTarget instanceof HTMLElement)) return;
    const box = currentTarget.querySelector('.axis')?.getBoundingClientRect();
    if (!box || clientX < box.left) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const { range } = this;
      this.zoom(
        deltaY < 0 ? 1.25 : 0.8,
        range.startMs + ((clientX - box.left) / box.width) * lengthOf(range),
      );
      return;
    }
    const sideways = event.shiftKey ? deltaX || deltaY : deltaX;
    if (this.#chosen === undefined || sideways === 0) return;
    event.preventDefault();
    const { range } = this;
    this.#choose(movedTo(range, range.startMs + (sideways / box.width) * lengthOf(range), this.#whole));
  };

  /** The labels of an axis that is `widthPx` wide. */
  axis(widthPx: number): TemplateResult[] {
    return this.#ticks(widthPx).map(
      (tick) =>
        html`<span
          class="tick ${fitsBeforeEnd(this.range, tick, widthPx) ? '' : 'last'}"
          ${place({ left: this.#percent(tick.ms) })}
          >${tick.label}</span
        >`,
    );
  }

  gridLines(widthPx: number): TemplateResult[] {
    return this.#ticks(widthPx).map(
      ({ ms }) => html`<span class="line" ${place({ left: this.#percent(ms) })}></span>`,
    );
  }

  #ticks(widthPx: number) {
    return ticksOf(this.range, this.#whole.startMs, Math.max(2, Math.floor(widthPx / 90)));
  }

  #percent(ms: number): string {
    return percent(fractionOf(this.range, ms));
  }
}
