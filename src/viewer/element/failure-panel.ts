/** The failure that ended the execution: step, error and cause, and a link to its message. */
import { type TemplateResult, html, nothing } from 'lit';

import type { FailureReason } from '../../client/client.ts';
import { payloadText } from '../format/payload-text.ts';
import { markIcon } from '../format/status-mark.ts';
import type { ExecutionSnapshot, ShownFailure } from '../store/snapshot.ts';

export interface FailurePanelFacts {
  readonly snapshot: ExecutionSnapshot;
  readonly onJump: (messageId: string) => void;
}

export function failurePanel({ snapshot, onJump }: FailurePanelFacts): TemplateResult | typeof nothing {
  const { status, failure, payloads } = snapshot;
  if ((status !== 'FAILED' && status !== 'ABORTED') || !failure) return nothing;
  const verb = status === 'FAILED' ? 'failed' : 'aborted';
  const { step, messageId, causedBy } = failure;
  return html`<section class="failure ${verb}" part="failure" aria-labelledby="failure-title">
    <div class="failure-head">
      ${markIcon(verb)}
      <h3 id="failure-title">${title(failure, verb)}</h3>
      ${
        messageId === undefined
          ? nothing
          : html`<button type="button" class="tool" @click=${() => onJump(messageId)}>
              Show message ${messageId}
            </button>`
      }
    </div>
    ${reason(failure, payloads === 'names' || payloads === 'none')}
    ${
      causedBy
        ? html`<div class="caused-by">
            <h4>
              Caused by ${causedBy.step === undefined ? 'an earlier failure' : html`<b>${causedBy.step}</b>`}
            </h4>
            ${reason(causedBy, false)}
          </div>`
        : nothing
    }
    ${step === undefined && status === 'FAILED' && !failure.error ? html`<p class="empty">The history names no step.</p>` : nothing}
  </section>`;
}

const title = ({ step }: ShownFailure, verb: string): TemplateResult | string =>
  step === undefined
    ? `The execution ${verb === 'failed' ? 'failed' : 'was aborted'}`
    : html`<b>${step}</b> ${verb === 'failed' ? 'failed' : 'was running when the execution was aborted'}`;

function reason({ error, cause }: FailureReason, isHidden: boolean): TemplateResult {
  return html`<dl class="reason">
    ${
      error === undefined
        ? nothing
        : html`<dt>Error</dt>
            <dd class="error-name">${error}</dd>`
    }
    ${
      cause === undefined
        ? hiddenCause(isHidden)
        : html`<dt>Cause</dt>
            <dd>${causeText(cause)}</dd>`
    }
  </dl>`;
}

const hiddenCause = (isHidden: boolean): TemplateResult | typeof nothing =>
  isHidden
    ? html`<dt>Cause</dt>
        <dd class="empty">Hidden: this view shows no payloads.</dd>`
    : nothing;

/** A cause longer than this is shown in a box that scrolls. */
const SHORT_CAUSE_CHARACTERS = 600;

/**
 * Lambda functions report a cause as JSON. Its message for people is shown, and the whole JSON can be
 * expanded.
 */
function causeText(cause: string): TemplateResult {
  const { text, isJson } = payloadText(cause);
  const message = isJson ? messageIn(cause) : undefined;
  if (message === undefined)
    return text.length > SHORT_CAUSE_CHARACTERS ? causeBox(text) : html`<p class="cause">${text}</p>`;
  return html`<p class="cause">${message.slice(0, SHORT_CAUSE_CHARACTERS)}</p>
    <details>
      <summary>Full cause</summary>
      ${causeBox(text)}
    </details>`;
}

const causeBox = (text: string): TemplateResult =>
  html`<pre class="payload" tabindex="0" role="group" aria-label="Cause">${text}</pre>`;

function messageIn(cause: string): string | undefined {
  // Safety: the caller has checked that `cause` is a JSON object or array. Members are checked below.
  const { errorMessage, message, Message } = JSON.parse(cause) as Record<string, unknown>;
  const found = [errorMessage, message, Message].find((text) => typeof text === 'string' && text !== '');
  return typeof found === 'string' ? found : undefined;
}
