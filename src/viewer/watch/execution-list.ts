/**
 * <watch-execution-list>: the executions of one flow, live, with filters. Every filter is part of the page's address.
 */
import { LitElement, type TemplateResult, html, nothing } from 'lit';

import { timeZone } from '../../core/local-time.ts';
import { zoneText } from '../format/times.ts';
import { executionName } from './execution-name.ts';
import { listFilters } from './list-filters.ts';
import type { ListSource, ListedExecution } from './list-source.ts';
import { type ListPhase, type ListSnapshot, ListStore } from './list-store.ts';
import { statusBadge, statusWord } from './status-badge.ts';
import { durationOf, timeOf } from './time-text.ts';
import { type ListView, listFragment, queryOf } from './watch-location.ts';

const PHASES: Readonly<Record<ListPhase, string>> = {
  loading: 'Loading …',
  live: 'Live',
  reconnecting: 'Connection lost. Reconnecting …',
  throttled: 'AWS is throttling. The list may lag.',
  unavailable: 'AWS cannot be reached. The list may lag.',
  paused: 'Paused while the tab is hidden',
  refused: 'Stopped',
};

/** How often running durations are updated. */
const TICK_MS = 1_000;

export class WatchExecutionList extends LitElement {
  static override properties = { source: { attribute: false }, view: { attribute: false } };

  declare source: ListSource;
  declare view: ListView;

  #store: ListStore | undefined;
  #unsubscribe: (() => void) | undefined;
  #tick: ReturnType<typeof setInterval> | undefined;
  #storeOf = '';

  override createRenderRoot(): this {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#tick = setInterval(() => {
      if (this.#snapshot?.executions.some(({ status }) => status === 'RUNNING')) this.requestUpdate();
    }, TICK_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#tick);
    this.#unsubscribe?.();
    this.#storeOf = '';
  }

  get #snapshot(): ListSnapshot | undefined {
    return this.#store?.getSnapshot();
  }

  override willUpdate(changed: Map<string, unknown>): void {
    const wanted = listFragment(this.view);
    if (!changed.has('source') && wanted === this.#storeOf) return;
    this.#unsubscribe?.();
    this.#storeOf = wanted;
    const query = queryOf(this.view, Date.now());
    this.#store = query && new ListStore(this.source, query);
    this.#unsubscribe = this.#store?.subscribe(() => this.requestUpdate());
  }

  override render() {
    const { view } = this;
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return html`<p class="empty">Choose a flow to see its executions.</p>`;
    const { phase, error, isPartial } = snapshot;
    return html`
      ${listFilters(view, (next) => (location.hash = listFragment(next)))}
      <p class="live" role="status" data-phase=${phase}>${PHASES[phase]}</p>
      ${error === undefined || phase === 'live' ? nothing : html`<p class="problem" role="alert">${error.message}</p>`}
      ${
        isPartial
          ? html`<p class="note">
              A part of the list is missing: AWS or the archive cannot be read at the moment, or older
              archives are still being indexed.
            </p>`
          : nothing
      }
      ${snapshot.executions.length === 0 ? this.#empty(snapshot) : this.#table(snapshot)}
      ${this.#older(snapshot)}
    `;
  }

  #empty({ phase, isReadingOlder, hasOlder }: ListSnapshot): TemplateResult | typeof nothing {
    if (phase === 'refused') return nothing;
    if (phase === 'loading' || isReadingOlder)
      return html`<p class="empty" role="status">Loading executions …</p>`;
    return html`<p class="empty">
      ${hasOlder ? 'No execution matches so far.' : 'No execution matches.'} New ones appear here as they
      start.
    </p>`;
  }

  #table({ executions }: ListSnapshot): TemplateResult {
    const nowMs = Date.now();
    return html`<table class="executions">
      <caption class="hidden">
        Executions, newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Execution</th>
          <th scope="col" class="wide">
            Started <span class="zone">${zoneText(new Date(nowMs).toISOString())}</span>
          </th>
          <th scope="col" class="wide number">Duration</th>
        </tr>
      </thead>
      <tbody>
        ${executions.map((execution) => row(execution, nowMs))}
      </tbody>
    </table>`;
  }

  #older({ hasOlder, isReadingOlder, searchedBackTo, executions }: ListSnapshot): TemplateResult {
    const back =
      searchedBackTo === undefined || !hasOlder
        ? nothing
        : html`<span class="quiet">Searched back to ${timeOf(searchedBackTo)}.</span>`;
    const count = html`<span class="quiet"
      >${executions.length}
      ${executions.length === 1 ? 'execution' : 'executions'}${hasOlder ? ' shown' : ''}</span
    >`;
    const button = isReadingOlder
      ? html`<button @click=${() => this.#store?.stopReadingOlder()}>Stop</button>`
      : html`<button @click=${() => this.#store?.readOlder()}>Show older</button>`;
    return html`<p class="older">
      ${executions.length === 0 ? nothing : count}
      <span class="quiet">Times are in ${timeZone()}.</span> ${back}
      ${hasOlder || isReadingOlder ? button : nothing}
    </p>`;
  }
}

function row(execution: ListedExecution, nowMs: number): TemplateResult {
  const { flowExecutionId: id, status, startedAt } = execution;
  const duration = durationOf(execution, nowMs);
  return html`<tr data-status=${status}>
    <td>${statusBadge(status)}</td>
    <th scope="row">
      ${executionName(id, execution.name)}
      <span class="narrow quiet"
        ><span class="status-word" aria-hidden="true">${statusWord(status)} · </span
        >${startedAt === undefined ? nothing : html`${timeOf(startedAt)} · `}${duration}</span
      >
    </th>
    <td class="wide">${startedAt === undefined ? '–' : timeOf(startedAt)}</td>
    <td class="wide number">${duration}</td>
  </tr>`;
}
