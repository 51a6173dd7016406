/** The status of an execution or step as an icon and a word, so that readers do not depend on colour. */
import { type TemplateResult, html, svg } from 'lit';

import { type Mark, WORDS } from './mark.ts';

const DRAWINGS: Readonly<Record<Mark, TemplateResult>> = {
  running: svg`<path d="M8 2a6 6 0 1 1-6 6" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round"/>`,
  succeeded: svg`<path d="M3 8.5 6.5 12 13 4.5" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/>`,
  failed: svg`<path d="m4 4 8 8m0-8-8 8" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/>`,
  aborted: svg`<path d="M4 4h8v8H4z" fill="currentColor"/>`,
  handled: svg`<path d="M8 2.5v7M8 13v.5" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round"/>`,
  retried: svg`<path d="M13 8a5 5 0 1 1-1.5-3.5M12 1.5v3.3H8.8" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>`,
};

export const markIcon = (mark: Mark): TemplateResult =>
  html`<svg class="icon ${mark}" viewBox="0 0 16 16" aria-hidden="true">${DRAWINGS[mark]}</svg>`;

export const markLabel = (mark: Mark): TemplateResult =>
  html`<span class="mark ${mark}">${markIcon(mark)}<span class="word">${WORDS[mark]}</span></span>`;
