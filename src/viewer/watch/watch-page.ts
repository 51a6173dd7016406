/**
 * <watch-page>: the page at /watch. It shows the execution that its address names, or else the list. A key that a
 * reader enters is kept only in this object. A link with a ticket needs no key.
 */
import { LitElement, type TemplateResult, html, nothing } from 'lit';

import { type Flow, type KeyFacts, createFlowtapClient } from '../../client/client.ts';
import { clientListSource } from './client-list-source.ts';
import type { EnteredKey } from './key-form.ts';
import type { ListSource } from './list-source.ts';
import type { RelativesSource } from './relatives-source.ts';
import {
  EMPTY_VIEW,
  type WatchLocation,
  executionFragment,
  listFragment,
  parseLocation,
} from './watch-location.ts';

interface Reader {
  readonly apiKey: string;
  readonly facts: KeyFacts;
  readonly source: ListSource & RelativesSource;
}

/**
 * Returns the text that says why the page asks for a key. Keys are never stored, so the page asks again after a reload.
 */
function reasonFor({ type }: WatchLocation): string {
  const [navigation] = performance.getEntriesByType('navigation');
  if (navigation instanceof PerformanceNavigationTiming && navigation.type === 'reload')
    return 'Keys are never stored, so reloading the page has signed you out. Enter the key again to continue here.';
  return type === 'execution'
    ? 'This link shows an execution to people with an API key. If you have none, ask the person who sent it for a link that works without one.'
    : 'Enter a key to see the executions that it may read. If you have none, ask the operator of this service.';
}

export class WatchPage extends LitElement {
  static override properties = {
    shown: { state: true },
    reader: { state: true },
    flows: { state: true },
    problem: { state: true },
  };

  /** The service's address, derived from the address of this module, which is /watch/app.js. */
  readonly #service = new URL('..', import.meta.url).href;
  #reading = new AbortController();
  declare shown: WatchLocation;
  declare reader: Reader | undefined;
  declare flows: readonly Flow[] | undefined;
  declare problem: string | undefined;

  constructor() {
    super();
    this.shown = parseLocation(location.hash);
  }

  override createRenderRoot(): this {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('hashchange', this.#onHash);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('hashchange', this.#onHash);
    this.#reading.abort();
  }

  readonly #onHash = (): void => {
    this.shown = parseLocation(location.hash);
    this.#chooseFlow();
  };

  override updated(changed: Map<string, unknown>): void {
    // Focus the start of a new view, so that the page scrolls there and screen readers begin there.
    // Safety: Lit keeps the former value of the property, which has this type.
    const before = changed.get('shown') as WatchLocation | undefined;
    if (before !== undefined && before.type !== this.shown.type)
      this.querySelector<HTMLElement>('main')?.focus();
  }

  override render() {
    const { shown, reader } = this;
    if (shown.type === 'list') document.title = 'Executions · Flowtap';
    return html`
      <a class="skip" href="#content" @click=${this.#skip}>Skip to content</a>
      ${this.#head()}
      <main tabindex="-1" id="content">
        ${
          shown.type === 'execution' && shown.ticket !== undefined
            ? this.#execution(shown)
            : reader === undefined
              ? this.#keyForm(shown)
              : shown.type === 'execution'
                ? this.#execution(shown)
                : this.#list(reader)
        }
      </main>
    `;
  }

  /** Moves the focus by script. Following the link would replace the fragment that names the view. */
  readonly #skip = (event: Event): void => {
    event.preventDefault();
    this.querySelector<HTMLElement>('main')?.focus();
  };

  #head(): TemplateResult {
    const { reader } = this;
    return html`<header class="top">
      <a class="brand" href="#" aria-label="Flowtap: all executions">
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
          <path
            d="M4 6h9a4 4 0 0 1 0 8H9"
            fill="none"
            stroke="currentColor"
            stroke-width="2.5"
            stroke-linecap="round"
          />
          <circle cx="6" cy="14" r="2.6" fill="currentColor" />
          <path
            d="M4 20h16"
            fill="none"
            stroke="currentColor"
            stroke-width="2.5"
            stroke-linecap="round"
            opacity="0.45"
          />
        </svg>
        <span>Flowtap</span>
      </a>
      <nav aria-label="Flowtap">
        <a href=${new URL('docs/http-api', this.#service).href}>Docs</a>
        <a href=${new URL('docs', this.#service).href}>API</a>
      </nav>
      ${
        reader === undefined
          ? nothing
          : html`<p class="key">
              <span><span class="quiet">Signed in with the key</span> ${reader.facts.name}</span>
              <button class="small" title="Removes the key from this tab" @click=${this.#forget}>
                Sign out
              </button>
            </p>`
      }
    </header>`;
  }

  #keyForm(shown: WatchLocation): TemplateResult {
    return html`<watch-key-form
      .service=${this.#service}
      .reason=${reasonFor(shown)}
      .execution=${shown.type === 'execution' ? shown.execution : undefined}
      @key-entered=${this.#onKey}
    ></watch-key-form>`;
  }

  #execution(target: Extract<WatchLocation, { type: 'execution' }>): TemplateResult {
    const { reader } = this;
    return html`<watch-execution
      .service=${this.#service}
      .target=${target}
      .apiKey=${reader?.apiKey}
      .relatives=${target.ticket === undefined ? reader?.source : undefined}
    ></watch-execution>`;
  }

  #list({ source }: Reader): TemplateResult {
    const view = this.shown.type === 'list' ? this.shown.view : EMPTY_VIEW;
    const flow = this.flows?.find((listed) => listed.flow === view.flow);
    return html`<div class="shell">
      <aside>
        <h2 class="aside-title">Flows</h2>
        ${this.problem === undefined ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}
        <watch-flow-nav .flows=${this.flows} .view=${view}></watch-flow-nav>
        <form class="open-id" @submit=${this.#openId}>
          <label for="execution-id">Open by id</label>
          <div class="row">
            <input id="execution-id" autocomplete="off" spellcheck="false" placeholder="ARN or id" required />
            <button>Open</button>
          </div>
        </form>
      </aside>
      <section aria-labelledby="list-title">
        <h1 id="list-title" title=${view.flow ?? nothing}>${flow?.name ?? view.flow ?? 'Executions'}</h1>
        <watch-execution-list .source=${source} .view=${view}></watch-execution-list>
      </section>
    </div>`;
  }

  readonly #openId = (event: Event): void => {
    event.preventDefault();
    const id = this.querySelector<HTMLInputElement>('#execution-id')?.value.trim() ?? '';
    if (id !== '') location.hash = executionFragment({ execution: id });
  };

  readonly #onKey = ({ detail }: CustomEvent<EnteredKey>): void => {
    const client = createFlowtapClient({ url: this.#service, apiKey: detail.apiKey });
    this.reader = { ...detail, source: clientListSource(client) };
    void this.#readFlows(this.reader.source);
  };

  readonly #forget = (): void => {
    this.#reading.abort();
    this.reader = undefined;
    this.flows = undefined;
    this.problem = undefined;
  };

  /** Never rejects. */
  async #readFlows(source: ListSource): Promise<void> {
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    try {
      this.flows = await source.flows(signal);
      this.#chooseFlow();
    } catch (error) {
      if (signal.aborted) return;
      this.flows = [];
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  /** Chooses the first flow if the address names none, so that the page is not empty. */
  #chooseFlow(): void {
    const { shown } = this;
    const first = this.flows?.[0];
    if (first === undefined || shown.type !== 'list' || shown.view.flow !== undefined) return;
    history.replaceState(null, '', listFragment({ ...shown.view, flow: first.flow }));
    this.shown = parseLocation(location.hash);
  }
}
