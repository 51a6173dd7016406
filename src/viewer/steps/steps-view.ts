/** The table of an execution's steps. The first column shows them as a tree, the last one as bars over time. */
import { type LitElement, type TemplateResult, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

import type { Step } from '../../client/client.ts';
import { timeZone } from '../../core/local-time.ts';
import { msOf, zoneText } from '../format/times.ts';
import { NARROW_PX } from '../grid/narrow.ts';
import { place } from '../grid/place.ts';
import { RowCursor } from '../grid/row-cursor.ts';
import { VirtualRows, keyOfRow } from '../grid/virtual-rows.ts';
import type { MessageFacts } from '../store/message-facts.ts';
import type { ExecutionSnapshot } from '../store/snapshot.ts';
import { partsOf } from '../timeline/attempts.ts';
import { Timeline } from '../timeline/timeline.ts';
import { barLegend } from './bar-legend.ts';
import { stepRow } from './step-row.ts';
import { type StepRow, type StepTally, pathToMessage, stepRows, tallyOf } from './step-rows.ts';
import { tallyText } from './tally-text.ts';

export interface StepsViewOptions {
  readonly facts: MessageFacts;
  /** Called when the reader has selected a step. `step` is undefined if they have cleared the selection. */
  readonly onSelect: (step: Step | undefined, key: string | undefined) => void;
  /** The current time by the service's clock. */
  readonly nowMs: () => number;
}

/** The heights that the style sheet gives rows and the head. */
const ROW_PX = 34;
const NARROW_ROW_PX = 48;
const HEAD_PX = 30;
/** With up to this many rows, the table has no scrollbar of its own, and the page scrolls instead. */
const PAGE_ROWS_MAX = 40;

export class StepsView {
  readonly timeline: Timeline;
  readonly #host: LitElement;
  readonly #options: StepsViewOptions;
  readonly #virtual: VirtualRows;
  readonly #cursor: RowCursor;
  readonly #chosen = new Map<string, boolean>();
  #rows: readonly StepRow[] = [];
  #tally: StepTally | undefined;
  #rowsOf: Step | undefined;
  #selectedKey: string | undefined;
  #culprit: {
    readonly execution?: Step | undefined;
    readonly messageId?: string | undefined;
    readonly key?: string | undefined;
  } = {};
  /** The key of a row to reveal once the row exists. */
  #wanted: string | undefined;

  constructor(host: LitElement, options: StepsViewOptions) {
    this.#host = host;
    this.#options = options;
    this.timeline = new Timeline(host);
    this.#virtual = new VirtualRows(host, {
      scroller: () => this.#scroller,
      rowPx: () => (this.#isNarrow ? NARROW_ROW_PX : ROW_PX),
      headPx: () => HEAD_PX,
    });
    this.#cursor = new RowCursor({
      count: () => this.#rows.length,
      onMove: (index) => {
        this.#virtual.reveal(index);
        host.requestUpdate();
      },
      onActivate: (index) => this.#select(this.#rows[index]),
      onOpen: (index) => this.#open(index),
      onClose: (index) => this.#close(index),
      onKey: (key, index) => this.#onKey(key, index),
    });
  }

  get #scroller(): HTMLElement | null {
    return this.#host.renderRoot?.querySelector<HTMLElement>('.steps-grid') ?? null;
  }

  get #isNarrow(): boolean {
    return this.#host.clientWidth < NARROW_PX;
  }

  /** Reveals the row of the step that this message is about. Opens all steps that contain this step. */
  reveal(execution: Step, messageId: string): void {
    const path = pathToMessage(execution, messageId);
    for (const key of path.slice(0, -1)) this.#chosen.set(key, true);
    this.#rowsOf = undefined;
    this.#wanted = path.at(-1);
    this.timeline.fit();
    this.#host.requestUpdate();
  }

  /** Clears the view's state, because another execution is shown from now on. */
  reset(): void {
    this.#chosen.clear();
    this.#selectedKey = undefined;
    this.#cursor.set(0);
    this.timeline.fit();
  }

  /** Clears the selection. */
  clear(): void {
    this.#selectedKey = undefined;
  }

  render({ steps, failure }: ExecutionSnapshot): TemplateResult {
    this.#find(steps, failure?.messageId);
    this.#update(steps);
    const isEmpty = steps === undefined || steps.children.length === 0;
    return html`<section class="steps" part="steps" aria-labelledby="steps-title">
      <div class="bar-of-tools">
        <h3 id="steps-title">Steps ${this.#tally ? tallyText(this.#tally) : nothing}</h3>
        ${this.#tally && !isEmpty ? barLegend(this.#tally) : nothing}
        ${this.#isShort ? nothing : this.#rowsInView()} ${isEmpty ? nothing : this.timeline.controls()}
      </div>
      ${isEmpty ? html`<p class="empty">${emptyText(steps)}</p>` : this.#grid(steps)}
    </section>`;
  }

  /** Finds the step whose failure ended the execution, and reveals its row once. */
  #find(execution: Step | undefined, messageId: string | undefined): void {
    const culprit = this.#culprit;
    if (culprit.messageId === messageId && (culprit.execution === execution || messageId === undefined))
      return;
    const key = execution && messageId !== undefined ? pathToMessage(execution, messageId).at(-1) : undefined;
    // The summary can report the failure before the messages of its step have been read.
    const isFound = key !== undefined && (culprit.key === undefined || culprit.messageId !== messageId);
    this.#culprit = { execution, messageId, key };
    if (isFound && execution && messageId !== undefined) this.reveal(execution, messageId);
  }

  #update(execution: Step | undefined): void {
    if (execution !== this.#rowsOf) {
      this.#rows = stepRows(execution, { chosen: this.#chosen });
      this.#tally = execution && tallyOf(execution);
    }
    this.#rowsOf = execution;
    this.#virtual.setRows(this.#rows.length);
    const wanted = this.#wanted === undefined ? -1 : this.#rows.findIndex(({ key }) => key === this.#wanted);
    if (wanted < 0) return;
    this.#wanted = undefined;
    this.#cursor.set(wanted);
    void this.#host.updateComplete.then(() => this.#virtual.reveal(wanted, 'center'));
  }

  get #isShort(): boolean {
    return this.#rows.length <= PAGE_ROWS_MAX;
  }

  /** Tells readers which rows they see and how many there are, because many systems hide scrollbars. */
  #rowsInView(): TemplateResult {
    const { first, last } = this.#virtual.shown;
    const [from, to, all] = [first, last, this.#rows.length].map((count) => count.toLocaleString('en'));
    return html`<span class="in-view">Rows ${from}–${to} of ${all}</span>`;
  }

  #grid(execution: Step): TemplateResult {
    const nowMs = this.#options.nowMs();
    const zeroMs = msOf(execution.startedAt) ?? msOf(execution.children[0]?.startedAt) ?? nowMs;
    this.timeline.setWhole(zeroMs, Math.max(msOf(execution.endedAt) ?? nowMs, lastEnd(execution) ?? 0));
    const { range } = this.timeline;
    const widthPx = this.#axisPx;
    const active = this.#rows[this.#cursor.index];
    const rows = this.#virtual.rows;
    const isActiveShown = rows.some(({ index }) => index === this.#cursor.index);
    return html`<div
      class="grid steps-grid ${this.#isShort ? 'short' : this.#virtual.isAtEnd ? '' : 'more'}"
      role="treegrid"
      tabindex="0"
      aria-label="Steps"
      aria-rowcount=${this.#rows.length + 1}
      aria-activedescendant=${active && isActiveShown ? `step-${active.key}` : nothing}
      @keydown=${this.#cursor.onKeyDown}
      @wheel=${this.timeline.onWheel}
    >
      <div role="rowgroup" class="head-group">
        <div role="row" class="row head" aria-rowindex="1">
          <span role="columnheader" class="name">Step</span>
          <span role="columnheader" class="status">Status</span>
          <span role="columnheader" class="start" title="In your time zone, ${timeZone()}"
            >Started ${zoneText(execution.startedAt)}</span
          >
          <span role="columnheader" class="duration">Duration</span>
          <span role="columnheader" class="attempts">Attempts</span>
          <span role="columnheader" class="time axis"
            ><span class="unseen">Time</span>${this.timeline.axis(widthPx)}</span
          >
        </div>
      </div>
      <div role="rowgroup" class="rows" ${place({ height: `${this.#virtual.heightPx}px` })}>
        <div class="row grid-lines" aria-hidden="true">
          <span class="time">${this.timeline.gridLines(widthPx)}</span>
        </div>
        ${repeat(rows, keyOfRow, ({ index, topPx }) => {
          const row = this.#rows[index];
          if (!row) return nothing;
          const endMs = msOf(row.step.endedAt) ?? nowMs;
          return stepRow({
            row,
            index,
            topPx,
            isActive: index === this.#cursor.index,
            isSelected: row.key === this.#selectedKey,
            isCulprit: row.key === this.#culprit.key,
            parts: partsOf(row.step, this.#options.facts.messageOf, endMs),
            range,
            zeroMs,
            startedAt: execution.startedAt,
            nowMs,
            onJump: this.timeline.moveTo,
            onClick: () => {
              this.#cursor.set(index);
              this.#select(row);
            },
            onToggle: (event) => {
              event.stopPropagation();
              this.#cursor.set(index);
              this.#setOpen(row, row.isExpanded === false);
            },
          });
        })}
      </div>
    </div>`;
  }

  get #axisPx(): number {
    return this.#scroller?.querySelector('.axis')?.clientWidth ?? 600;
  }

  /** Selecting the selected step again clears the selection. */
  #select(row: StepRow | undefined): void {
    const isSame = row?.key === this.#selectedKey;
    this.#selectedKey = isSame ? undefined : row?.key;
    this.#options.onSelect(isSame ? undefined : row?.step, this.#selectedKey);
    this.#host.requestUpdate();
  }

  #open(index: number): void {
    const row = this.#rows[index];
    if (row?.isExpanded === false) this.#setOpen(row, true);
    else if (row?.isExpanded === true) this.#cursor.move(index + 1);
  }

  #close(index: number): void {
    const row = this.#rows[index];
    if (row?.isExpanded === true) {
      this.#setOpen(row, false);
      return;
    }
    const around = row?.key.slice(0, Math.max(0, row.key.lastIndexOf('.')));
    const target = this.#rows.findIndex(({ key }) => key === around);
    if (target >= 0) this.#cursor.move(target);
  }

  #setOpen({ key }: StepRow, isOpen: boolean): void {
    this.#chosen.set(key, isOpen);
    this.#rowsOf = undefined;
    this.#host.requestUpdate();
  }

  #onKey(key: string, index: number): boolean {
    const step = this.#rows[index]?.step;
    const startMs = msOf(step?.startedAt);
    if (key === 'z' && step && startMs !== undefined) {
      this.timeline.show(startMs, msOf(step.endedAt) ?? this.#options.nowMs());
      return true;
    }
    return this.timeline.onKey(key);
  }
}

const emptyText = (steps: Step | undefined): string =>
  steps ? 'No step has started yet.' : 'Nothing has been received yet.';

/** Returns the end of the last step, which can be later than the message that ended the execution. */
function lastEnd(execution: Step): number | undefined {
  const last = execution.children.at(-1);
  return msOf(last?.endedAt);
}
