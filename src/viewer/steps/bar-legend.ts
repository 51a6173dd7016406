/** The legend of the bars. It explains only the colours and patterns that occur in this execution. */
import { type TemplateResult, html, nothing } from 'lit';

import type { StepTally } from './step-rows.ts';

export function barLegend({ marks, waits, retries }: StepTally): TemplateResult | typeof nothing {
  const entries: readonly (readonly [shape: string, words: string, isShown: boolean])[] = [
    ['succeeded', 'Succeeded', marks.succeeded + marks.retried > 0],
    ['running', 'Running', marks.running > 0],
    ['failed', 'Failed', marks.failed > 0],
    ['handled', 'Failed attempt, retried or handled', marks.handled + retries > 0],
    ['pause', 'Pause before a retry', retries > 0],
    ['wait', 'Wait', waits > 0],
    ['aborted', 'Aborted', marks.aborted > 0],
  ];
  const shown = entries.filter(([, , isShown]) => isShown);
  // One colour needs no explanation.
  if (shown.length < 2) return nothing;
  return html`<ul class="legend" aria-label="Colours of the bars">
    ${shown.map(([shape, words]) => html`<li><span class="swatch ${shape}"></span>${words}</li>`)}
  </ul>`;
}
