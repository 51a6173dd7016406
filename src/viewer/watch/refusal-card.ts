/** What a person sees whose link no longer shows its execution: what happened, and what they can do. */
import { type TemplateResult, html, nothing } from 'lit';

import { executionFragment } from './watch-location.ts';

export interface Refusal {
  /** Else the link was never valid here: it was cut or changed. */
  readonly isExpired: boolean;
  /** Nothing of the execution was shown before. */
  readonly isAll: boolean;
  /** The service's own words. */
  readonly detail: string | undefined;
}

export const refusalCard = ({ isExpired, isAll, detail }: Refusal, id: string): TemplateResult =>
  html`<section class="card refusal" aria-labelledby="refusal-title">
    <div role="alert">
      <h2 id="refusal-title">${isExpired ? 'This link has expired' : 'This link does not work'}</h2>
      <p>
        ${isExpired ? 'Ask the person who sent it for a new one.' : 'It may have been cut when it was copied. Open it again from where you got it, or ask the person who sent it for a new one.'}
        ${isAll ? nothing : 'What was shown so far stays here until you leave the page.'}
      </p>
    </div>
    ${
      id === ''
        ? nothing
        : html`<p>
              Do you have an API key?
              <a href=${executionFragment({ execution: id })}>Open it with an API key</a>
            </p>
            <p class="quiet">Execution <code>${id}</code></p>`
    }
    ${detail === undefined || isExpired ? nothing : html`<p class="quiet">${detail}</p>`}
  </section>`;
