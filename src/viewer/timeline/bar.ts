/** The bar of one step: from its start to its end, with its attempts and pauses. */
import { type TemplateResult, html, nothing } from 'lit';

import type { Step } from '../../client/client.ts';
import { humanDuration } from '../../core/human-duration.ts';
import { type Mark, WORDS } from '../format/mark.ts';
import { momentText, msOf } from '../format/times.ts';
import { place } from '../grid/place.ts';
import type { Part } from './attempts.ts';
import { type TimeRange, fractionOf, lengthOf, percent } from './time-range.ts';

export interface BarFacts {
  readonly step: Step;
  readonly mark: Mark;
  readonly parts: readonly Part[];
  readonly range: TimeRange;
  /** The start of the whole execution. */
  readonly zeroMs: number;
  /** The step's end, or the current time while it is running. */
  readonly endMs: number;
  /** Moves the time axis to this step. */
  readonly onJump: (startMs: number, endMs: number) => void;
}

export function bar({
  step,
  mark,
  parts,
  range,
  zeroMs,
  endMs,
  onJump,
}: BarFacts): TemplateResult | typeof nothing {
  const startMs = msOf(step.startedAt);
  if (startMs === undefined) return nothing;
  const text = spoken(step, mark, parts, startMs - zeroMs, endMs - startMs);
  const isBefore = endMs < range.startMs;
  if (isBefore || startMs > range.endMs) {
    return html`<button
        type="button"
        class="edge ${isBefore ? 'before' : 'after'} ${mark}"
        tabindex="-1"
        aria-hidden="true"
        title="Show when ${step.name} ran"
        @click=${(event: Event) => {
          event.stopPropagation();
          onJump(startMs, endMs);
        }}
      ></button
      ><span class="unseen">${text}</span>`;
  }
  const title = `${momentText(step.startedAt)}\n${text}`;
  return html`<span
      class="bar ${mark} ${shapeOf(step)}"
      part="bar"
      title=${title}
      aria-hidden="true"
      ${place(span(range, startMs, endMs))}
      >${parts.map((part) => partOf(part, startMs, endMs))}</span
    ><span class="unseen">${text}</span>`;
}

/** Steps that contain other steps are drawn thinner and fainter than steps that do the work. */
const shapeOf = ({ kind, children }: Step): string =>
  kind === 'wait' ? 'wait' : children.length > 0 ? 'group' : '';

const span = (range: TimeRange, startMs: number, endMs: number) => ({
  left: percent(fractionOf(range, startMs)),
  width: percent((endMs - startMs) / lengthOf(range)),
});

/** One part, positioned within the bar. */
function partOf({ kind, outcome, ...part }: Part, startMs: number, endMs: number): TemplateResult {
  const whole = { startMs, endMs: Math.max(endMs, startMs + 1) };
  return html`<span class="part ${kind} ${outcome}" ${place(span(whole, part.startMs, part.endMs))}></span>`;
}

/** The bar in words, for screen readers and as a tooltip. */
function spoken(step: Step, mark: Mark, parts: readonly Part[], afterMs: number, lengthMs: number): string {
  const during =
    step.status === 'RUNNING' ? `for ${humanDuration(lengthMs)} so far` : `for ${humanDuration(lengthMs)}`;
  const words = `${WORDS[mark]}: from ${humanDuration(Math.max(0, afterMs))} ${during}`;
  const details = parts.map(({ kind, outcome, attempt, startMs, endMs, error }) =>
    kind === 'pause'
      ? `pause of ${humanDuration(endMs - startMs)}`
      : `attempt ${attempt} ${outcome} after ${humanDuration(endMs - startMs)}${error === undefined ? '' : ` with ${error}`}`,
  );
  return [words, ...details].join('; ');
}
