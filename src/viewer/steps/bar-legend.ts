/** What the colours and patterns of the bars mean. Only those that this execution has. */
import { type TemplateResult, html } from 'lit';

import type { StepTally } from './step-rows.ts';

export function barLegend({ marks, waits, retries }: StepTally): TemplateResult {
  const entries: readonly (readonly [shape: string, words: string, isShown: boolean])[] = [
    ['succeeded', 'Succeeded', marks.succeeded + marks.retried > 0],
    ['running', 'Running', marks.running > 0],
    ['failed', 'Failed', marks.failed > 0],
    ['handled', 'Failed, but handled', marks.handled + retries > 0],
    ['pause', 'Pause before a retry', retries > 0],
    ['wait', 'Wait', waits > 0],
    ['aborted', 'Aborted', marks.aborted > 0],
  ];
  return html`<ul class="legend" aria-label="Colours of the bars">
    ${entries.map(([shape, words, isShown]) => (isShown ? html`<li><span class="swatch ${shape}"></span>${words}</li>` : ''))}
  </ul>`;
}
