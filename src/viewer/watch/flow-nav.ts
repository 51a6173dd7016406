/** <watch-flow-nav>: the flows that the key may read, as links or, on narrow screens, as a menu. */
import { LitElement, html, nothing } from 'lit';

import type { Flow } from '../../client/client.ts';
import { type ListView, listFragment } from './watch-location.ts';

/** From this many flows on, a search field is shown. */
const FIND_FROM = 8;

const SOURCE_NAMES: Readonly<Record<string, string>> = {
  'things-graph': 'Things Graph',
  'step-functions': 'Step Functions',
};

export const sourceName = (source: string): string => SOURCE_NAMES[source] ?? source;

export class WatchFlowNav extends LitElement {
  static override properties = {
    flows: { attribute: false },
    view: { attribute: false },
    wanted: { state: true },
  };

  /** Undefined until the flows have been read. */
  declare flows: readonly Flow[] | undefined;
  declare view: ListView;
  declare wanted: string | undefined;

  override createRenderRoot(): this {
    return this;
  }

  override render() {
    const { flows } = this;
    if (flows === undefined) return html`<p class="quiet" role="status">Loading flows …</p>`;
    if (flows.length === 0)
      return html`<p class="quiet">No flow is listed for this key. You can open an execution by its id.</p>`;
    // Show the source of each flow only if the flows have different sources.
    const isMixed = new Set(flows.map(({ source }) => source)).size > 1;
    const wanted = (this.wanted ?? '').toLowerCase();
    const found = flows.filter(({ name }) => name.toLowerCase().includes(wanted));
    return html`
      <label class="flow-menu">
        <span>Flow</span>
        <select @change=${this.#choose}>
          ${this.view.flow === undefined ? html`<option value="">Choose a flow</option>` : nothing}
          ${flows.map(
            ({ flow, name, source }) =>
              html`<option value=${flow} ?selected=${flow === this.view.flow}>
                ${name}${isMixed ? ` (${sourceName(source)})` : nothing}
              </option>`,
          )}
        </select>
      </label>
      <nav class="flow-links" aria-label="Flows">
        ${
          flows.length < FIND_FROM
            ? nothing
            : html`<input
                type="search"
                aria-label="Find a flow"
                placeholder="Find a flow"
                @input=${(event: Event) => {
                  // Safety: the listener is on this field.
                  this.wanted = (event.target as HTMLInputElement).value;
                }}
              />`
        }
        <ul>
          ${found.map(
            ({ flow, name, source }) =>
              html`<li>
                <a
                  href=${this.#linkTo(flow)}
                  aria-current=${flow === this.view.flow ? 'page' : nothing}
                  title=${flow}
                >
                  <span>${name}</span>${isMixed ? html`<small>${sourceName(source)}</small>` : nothing}
                </a>
              </li>`,
          )}
        </ul>
        ${found.length === 0 ? html`<p class="quiet">No flow has this name.</p>` : nothing}
      </nav>
    `;
  }

  /** The link to a flow's list. Keeps all filters of the current view. */
  #linkTo(flow: string): string {
    return listFragment({ ...this.view, flow });
  }

  readonly #choose = (event: Event): void => {
    // Safety: the listener is on a <select>.
    const { value } = event.target as HTMLSelectElement;
    if (value !== '') location.hash = this.#linkTo(value);
  };
}
