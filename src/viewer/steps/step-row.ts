/** A row of the table of steps. */
import { type TemplateResult, html, nothing } from 'lit';

import type { Step } from '../../client/client.ts';
import { humanDuration } from '../../core/human-duration.ts';
import { markOfStep } from '../format/mark.ts';
import { markLabel } from '../format/status-mark.ts';
import { stepName } from '../format/step-name.ts';
import { momentText, msOf, timeText } from '../format/times.ts';
import { place } from '../grid/place.ts';
import { type Part, reasonOf } from '../timeline/attempts.ts';
import { bar } from '../timeline/bar.ts';
import type { TimeRange } from '../timeline/time-range.ts';
import type { StepRow } from './step-rows.ts';

export interface StepRowFacts {
  readonly row: StepRow;
  readonly index: number;
  readonly topPx: number;
  readonly isActive: boolean;
  /** True if the reader has selected the step. The list of messages then shows only its messages. */
  readonly isSelected: boolean;
  /** True if the step's failure ended the execution. */
  readonly isCulprit: boolean;
  readonly parts: readonly Part[];
  readonly range: TimeRange;
  readonly zeroMs: number;
  readonly startedAt: string | undefined;
  readonly nowMs: number;
  readonly onClick: () => void;
  readonly onToggle: (event: Event) => void;
  readonly onJump: (startMs: number, endMs: number) => void;
}

export function stepRow(facts: StepRowFacts): TemplateResult {
  const { row, index, topPx, isActive, isSelected, isCulprit, range, zeroMs, parts, nowMs } = facts;
  const { step, level, position, siblings, isExpanded, isHandled } = row;
  const mark = markOfStep(step, isHandled);
  const endMs = msOf(step.endedAt) ?? nowMs;
  const startMs = msOf(step.startedAt);
  const classes = `row step ${isActive ? 'active' : ''} ${isSelected ? 'selected' : ''} ${isCulprit ? 'culprit' : ''}`;
  return html`<div
    role="row"
    id="step-${row.key}"
    class=${classes}
    part="step"
    aria-level=${level}
    aria-posinset=${position}
    aria-setsize=${siblings}
    aria-rowindex=${index + 2}
    aria-selected=${isSelected}
    aria-expanded=${isExpanded ?? nothing}
    data-key=${row.key}
    ${place({ top: `${topPx}px`, '--level': String(level - 1) })}
    @click=${facts.onClick}
  >
    <span role="gridcell" class="name">
      <span class="caret" @click=${isExpanded === undefined ? undefined : facts.onToggle}
        >${caret(isExpanded)}</span
      >
      <span class="label" title=${stepName(step)}>${stepName(step)}</span
      >${kindLabel(row)}${errorLabel(row, parts)}
    </span>
    <span role="gridcell" class="status">${markLabel(mark)}</span>
    <span role="gridcell" class="start" title=${momentText(step.startedAt)}
      >${timeText(step.startedAt, facts.startedAt)}</span
    >
    <span role="gridcell" class="duration"
      >${startMs === undefined ? '' : humanDuration(Math.max(0, endMs - startMs))}</span
    >
    <span role="gridcell" class="attempts ${step.attempts > 1 ? 'many' : ''}">${attempts(step)}</span>
    <span role="gridcell" class="time"
      >${bar({ step, mark, parts, range, zeroMs, endMs, onJump: facts.onJump })}</span
    >
  </div>`;
}

const caret = (isExpanded: boolean | undefined): TemplateResult | typeof nothing =>
  isExpanded === undefined
    ? nothing
    : html`<svg class="icon ${isExpanded ? 'open' : ''}" viewBox="0 0 16 16" aria-hidden="true">
        <path
          d="m6 4 4 4-4 4"
          fill="none"
          stroke="currentColor"
          stroke-width="1.8"
          stroke-linecap="round"
          stroke-linejoin="round"
        />
      </svg>`;

/** Branches and iterations are never retried themselves, so their `1` is not shown. */
const attempts = ({ attempts: count, kind }: Step): TemplateResult | typeof nothing =>
  count === 1 && (kind === 'branch' || kind === 'iteration')
    ? nothing
    : html`<span class="narrow-only">×</span>${count}`;

/**
 * Shows the kind of a step. Plain steps and tasks are too common to need a label, and the names of branches and
 * iterations already show their kind.
 */
function kindLabel({ step: { kind, children } }: StepRow): TemplateResult | typeof nothing {
  if (['step', 'task', 'branch', 'iteration'].includes(kind)) return nothing;
  const count = children.length;
  const word = kind === 'map' || kind === 'parallel' ? ` · ${count}` : '';
  return html`<span class="kind">${kind}${word}</span>`;
}

/** Shows why the step failed or was retried. A failure is red unless it was handled or retried. */
function errorLabel({ step, isHandled }: StepRow, parts: readonly Part[]): TemplateResult | typeof nothing {
  const isOver = step.status === 'FAILED' || step.status === 'ABORTED';
  const reason = reasonOf(step, parts);
  if (reason === undefined) return nothing;
  const text = isOver ? reason : `retried after ${reason}`;
  return html`<span class="error ${isHandled || !isOver ? 'handled' : ''}" title=${text}>${reason}</span>`;
}
