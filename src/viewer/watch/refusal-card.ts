/** The card that is shown when a link does not show its execution. It explains what happened, and what to do. */
import { type TemplateResult, html, nothing } from 'lit';

import { executionFragment } from './watch-location.ts';

export interface Refusal {
  /** True if the link has expired. False if it was never valid here, because it was cut or changed. */
  readonly isExpired: boolean;
  /** True if the page shows nothing but the card, because no message was read before the refusal. */
  readonly isAlone: boolean;
  /** The service's own explanation. */
  readonly detail: string | undefined;
}

export const refusalCard = ({ isExpired, isAlone, detail }: Refusal, id: string): TemplateResult =>
  html`<section class="card refusal" aria-labelledby="refusal-title">
    <div role="alert">
      <h2 id="refusal-title">${isExpired ? 'This link has expired' : 'This link does not work'}</h2>
      <p>
        ${isExpired ? 'Ask the person who sent it for a new one.' : 'It may have been cut when it was copied. Open it again from where you got it, or ask the person who sent it for a new one.'}
        ${isAlone ? nothing : 'What was shown so far stays here until you leave the page.'}
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
