/** A status as people see it: a sign, which does not depend on colours, and its name. */
import { type TemplateResult, html, svg } from 'lit';

import type { Status } from '../../client/client.ts';

const NAMES: Readonly<Record<Status, string>> = {
  RUNNING: 'Running',
  SUCCEEDED: 'Succeeded',
  FAILED: 'Failed',
  ABORTED: 'Aborted',
};

const SIGNS: Readonly<Record<Status, TemplateResult<2>>> = {
  RUNNING: svg`<path d="M8 2a6 6 0 1 1-6 6" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round"/>`,
  SUCCEEDED: svg`<path d="m3 8.5 3.4 3.4L13 5" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/>`,
  FAILED: svg`<path d="m4 4 8 8m0-8-8 8" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round"/>`,
  ABORTED: svg`<path d="M4 8h8" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round"/>`,
};

export const statusName = (status: Status): string => NAMES[status] ?? status;

export const statusBadge = (status: Status): TemplateResult =>
  html`<span class="badge" data-status=${status}>
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">${SIGNS[status]}</svg>
    ${statusName(status)}
  </span>`;
