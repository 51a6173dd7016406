/**
 * <watch-key-form>: asks for an API key, and checks it before anything else is read. The page receives the key by the
 * event `key-entered`.
 */
import { LitElement, type TemplateResult, html, nothing } from 'lit';

import { FlowtapProblem, type KeyFacts, createFlowtapClient } from '../../client/client.ts';
import { API_KEY_PREFIX } from '../../core/api-key-format.ts';
import { executionTitle } from '../element/execution-title.ts';

export interface EnteredKey {
  readonly apiKey: string;
  readonly facts: KeyFacts;
}

export class WatchKeyForm extends LitElement {
  static override properties = {
    service: { attribute: false },
    reason: { attribute: false },
    execution: { attribute: false },
    problem: { state: true },
    isChecking: { state: true },
  };

  /** The service's address. */
  declare service: string;
  /** The text that tells the reader why a key is needed. */
  declare reason: string;
  /** The id of the execution that the key is for; undefined for the list. */
  declare execution: string | undefined;
  declare problem: string | undefined;
  declare isChecking: boolean;

  /** Renders without a shadow root, because the page has one style sheet for all its elements. */
  override createRenderRoot(): this {
    return this;
  }

  override render() {
    return html`<form class="card key-form" @submit=${this.#submit}>
      <h1>Sign in with an API key</h1>
      <p>${this.reason}</p>
      ${this.execution === undefined ? nothing : nameOf(this.execution)}
      <label for="api-key">API key</label>
      <input
        id="api-key"
        type="password"
        autocomplete="off"
        autocapitalize="none"
        spellcheck="false"
        placeholder="${API_KEY_PREFIX}…"
        required
        aria-describedby="key-note"
        aria-invalid=${this.problem === undefined ? 'false' : 'true'}
      />
      ${this.problem === undefined ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
      <button class="primary" ?disabled=${this.isChecking}>
        ${this.isChecking ? 'Checking …' : this.execution === undefined ? 'Show executions' : 'Open this execution'}
      </button>
      <p id="key-note" class="quiet">
        The key stays in the memory of this tab and is sent to this service only. It is never stored, so the
        page asks for it again after a reload.
      </p>
    </form>`;
  }

  override firstUpdated(): void {
    this.#input?.focus();
  }

  get #input(): HTMLInputElement | null {
    return this.querySelector('input');
  }

  readonly #submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const apiKey = this.#input?.value.trim() ?? '';
    if (apiKey === '' || this.isChecking) return;
    this.isChecking = true;
    this.problem = undefined;
    try {
      const client = createFlowtapClient({ url: this.service, apiKey, giveUpAfterMs: 5_000 });
      const detail: EnteredKey = { apiKey, facts: await client.key() };
      this.dispatchEvent(new CustomEvent<EnteredKey>('key-entered', { detail }));
    } catch (error) {
      this.problem = problemText(error);
      await this.updateComplete;
      this.#input?.select();
    } finally {
      this.isChecking = false;
    }
  };
}

function nameOf(executionId: string): TemplateResult {
  const { flow, name } = executionTitle(executionId);
  return html`<p class="wanted">${flow === undefined ? nothing : html`<b>${flow}</b> `}${name}</p>`;
}

const problemText = (error: unknown): string => {
  if (error instanceof FlowtapProblem) return error.detail;
  // The text has characters that no header can contain, so it is not a key.
  if (error instanceof TypeError) return `This is not an API key. Keys begin with ${API_KEY_PREFIX}.`;
  return error instanceof Error ? error.message : String(error);
};
