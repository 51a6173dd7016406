/** The header: the execution's name and status, and the state of the connection. */
import { type TemplateResult, html, nothing } from 'lit';

import { humanDuration } from '../../core/human-duration.ts';
import { markOfStatus } from '../format/mark.ts';
import { markLabel } from '../format/status-mark.ts';
import { msOf, secondText, zoneText } from '../format/times.ts';
import type { ExecutionSnapshot } from '../store/snapshot.ts';
import { executionTitle } from './execution-title.ts';
import { isProblem, phaseText, problemDetail, retryText } from './phase-texts.ts';

export interface HeaderFacts {
  readonly snapshot: ExecutionSnapshot;
  /** The current time by the service's clock. */
  readonly nowMs: number;
  readonly onRetry: () => void;
  readonly isCopied: boolean;
  readonly onCopyId: () => void;
}

export function executionHeader({
  snapshot,
  nowMs,
  onRetry,
  isCopied,
  onCopyId,
}: HeaderFacts): TemplateResult {
  const { executionId, status } = snapshot;
  const { flow, name } = executionTitle(executionId ?? '');
  const { word, tone, sentence } = phaseText(snapshot);
  return html`<header part="header">
      <div class="title">
        ${status === undefined ? nothing : html`<span class="badge ${markOfStatus(status)}" part="status">${markLabel(markOfStatus(status))}</span>`}
        <div class="names">
          <h2 title=${executionId ?? ''}>${flow ?? (name === '' ? 'Execution' : name)}</h2>
          <p class="run">
            ${flow === undefined ? nothing : html`<span>${name}</span>`}
            ${executionId === undefined ? nothing : html`<button type="button" class="link" title=${executionId} @click=${onCopyId}>${isCopied ? 'Copied' : 'Copy id'}</button>`}
          </p>
        </div>
        <span class="phase ${tone}" part="phase"><span class="dot"></span>${word}</span>
      </div>
      ${facts(snapshot, nowMs)}
    </header>
    ${sentence === undefined ? nothing : banner(snapshot, onRetry)}`;
}

function facts(
  { steps, status, messages }: ExecutionSnapshot,
  nowMs: number,
): TemplateResult | typeof nothing {
  if (messages.length === 0) return nothing;
  const startMs = msOf(steps?.startedAt);
  // The status can be known before the history is loaded, but the time of the end cannot.
  const endMs = msOf(steps?.endedAt) ?? (status === undefined || status === 'RUNNING' ? nowMs : undefined);
  const values: [string, string | undefined][] = [
    ['Started', startText(steps?.startedAt)],
    [
      status === 'RUNNING' ? 'Running for' : 'Duration',
      startMs === undefined || endMs === undefined ? undefined : humanDuration(Math.max(0, endMs - startMs)),
    ],
    ['Messages', messages.length.toLocaleString('en')],
  ];
  return html`<dl class="facts">
    ${values.map(([name, value]) =>
      value === undefined
        ? nothing
        : html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
    )}
  </dl>`;
}

/** The execution's start, precise to a second. Rows show milliseconds. */
function startText(startedAt: string | undefined): string | undefined {
  if (msOf(startedAt) === undefined) return undefined;
  return `${secondText(startedAt)} ${zoneText(startedAt)}`;
}

function banner(snapshot: ExecutionSnapshot, onRetry: () => void): TemplateResult {
  const { tone, sentence } = phaseText(snapshot);
  const detail = problemDetail(snapshot);
  return html`<div class="banner ${tone}" part="problem">
    <div>
      <p>${sentence} ${retryText(snapshot, Date.now())}</p>
      ${detail === undefined ? nothing : html`<p class="technical">${detail}</p>`}
    </div>
    ${isProblem(snapshot.phase) ? html`<button type="button" class="tool" @click=${onRetry}>Try again</button>` : nothing}
  </div>`;
}
