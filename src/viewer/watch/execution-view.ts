/**
 * <watch-execution>: one execution in a <flowtap-execution>, with the execution's name above it. With a key, it also
 * links to the parent, which started the execution, and to the children, which the execution started. A ticket does not
 * allow reading the parent and the children.
 */
import { LitElement, type TemplateResult, html, nothing } from 'lit';
import { keyed } from 'lit/directives/keyed.js';

import { FlowtapProblem, type Status } from '../../client/client.ts';
import { type WatchTarget, watchLink } from '../../core/watch-link.ts';
import { executionTitle } from '../element/execution-title.ts';
import type { FlowtapExecution } from '../element/flowtap-execution.ts';
import { systemClock } from '../../core/clock.ts';
import { followRelatives } from './follow-relatives.ts';
import { executionName } from './execution-name.ts';
import { type Refusal, refusalCard } from './refusal-card.ts';
import { trail } from './trail.ts';
import type { Phase } from '../store/snapshot.ts';
import { CHILDREN_MAX, type Relatives, type RelativesSource } from './relatives-source.ts';
import { statusBadge, statusWord } from './status-badge.ts';
import { executionFragment } from './watch-location.ts';

export class WatchExecution extends LitElement {
  static override properties = {
    service: { attribute: false },
    target: { attribute: false },
    apiKey: { attribute: false },
    relatives: { attribute: false },
    found: { state: true },
    unread: { state: true },
    status: { state: true },
    refusal: { state: true },
  };

  declare service: string;
  declare target: WatchTarget;
  declare apiKey: string | undefined;
  /** Reads the parent and the children. Present if the execution is read with a key. */
  declare relatives: RelativesSource | undefined;
  declare found: Relatives | undefined;
  /** Why the last attempt to read the parent and the children failed. */
  declare unread: string | undefined;
  declare status: Status | undefined;
  /** Why the link no longer shows the execution. */
  declare refusal: Refusal | undefined;

  #reading: AbortController | undefined;
  #readOf = '';

  override createRenderRoot(): this {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#reading?.abort();
    this.#readOf = '';
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('target')) this.refusal = undefined;
    const id = this.relatives === undefined ? '' : (this.target.execution ?? '');
    if (id === this.#readOf) return;
    this.#readOf = id;
    this.#reading?.abort();
    this.found = undefined;
    this.unread = undefined;
    this.status = undefined;
    if (id === '') return;
    this.#reading = new AbortController();
    void this.#readRelatives(id, this.#reading.signal);
  }

  /** Never rejects. */
  async #readRelatives(id: string, signal: AbortSignal): Promise<void> {
    const source = this.relatives;
    if (source === undefined) return;
    await followRelatives({
      read: () => source.relativesOf(id, signal),
      isOver: () => this.status !== undefined && this.status !== 'RUNNING',
      onFound: (found) => {
        this.found = found;
        this.unread = undefined;
      },
      onFailed: ({ message }) => (this.unread = message),
      clock: systemClock,
      signal,
    }).catch(() => {});
  }

  override render() {
    const { execution: id = '', ticket, message } = this.target;
    const { flow, name } = executionTitle(id);
    const { service, apiKey } = this;
    const word = this.status === undefined ? [] : [statusWord(this.status)];
    document.title = [...word, flow ?? name, 'Flowtap'].join(' · ');
    return html`
      <header class="execution-head">
        <h1 class="hidden">Execution ${name}</h1>
        ${apiKey === undefined ? nothing : trail(id, name)}
        ${
          this.found?.parent === undefined
            ? nothing
            : html`<p class="parent">
                Started by
                ${executionName(this.found.parent.flowExecutionId, fullName(this.found.parent.flowExecutionId))}
              </p>`
        }
      </header>
      ${this.refusal === undefined ? nothing : refusalCard(this.refusal, id)}
      ${keyed(
        `${id} ${ticket ?? ''}`,
        html`<flowtap-execution
          ?hidden=${this.refusal?.isAlone === true}
          .service=${service}
          .execution=${id === '' ? undefined : id}
          .ticket=${ticket}
          .apiKey=${ticket === undefined ? apiKey : undefined}
          .message=${message}
          .permalink=${(messageId: string) =>
            watchLink(service, {
              ...(id !== '' && { execution: id }),
              ...(ticket !== undefined && { ticket }),
              message: messageId,
            })}
          @message-change=${this.#onMessage}
          @problem=${this.#onProblem}
          @status=${this.#onStatus}
        ></flowtap-execution>`,
      )}
      ${
        this.unread === undefined
          ? nothing
          : html`<p class="problem" role="status">
              The parent and the children of this execution could not be read. Retrying. ${this.unread}
            </p>`
      }
      ${this.#children()}
    `;
  }

  #children(): TemplateResult | typeof nothing {
    const { children = [] } = this.found ?? {};
    if (children.length === 0) return nothing;
    return html`<section class="children" aria-labelledby="children-title">
      <h2 id="children-title">Started by this execution</h2>
      ${children.length < CHILDREN_MAX ? nothing : html`<p class="quiet">The first ${CHILDREN_MAX} are shown.</p>`}
      <table class="executions">
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Execution</th>
            <th scope="col" class="wide">Step</th>
          </tr>
        </thead>
        <tbody>
          ${children.map(
            (child) =>
              html`<tr data-status=${child.status}>
                <td>${statusBadge(child.status)}</td>
                <th scope="row">
                  ${executionName(child.flowExecutionId, fullName(child.flowExecutionId))}
                  <span class="narrow quiet">${child.step ?? nothing}</span>
                </th>
                <td class="wide">${child.step ?? '–'}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </section>`;
  }

  readonly #onMessage = ({ detail }: CustomEvent<{ readonly message?: string }>): void => {
    const { message: _before, ...target } = this.target;
    const { message } = detail;
    history.replaceState(
      null,
      '',
      executionFragment({ ...target, ...(message !== undefined && { message }) }),
    );
  };

  readonly #onProblem = ({ detail, currentTarget }: CustomEvent<Problem>): void => {
    const { phase, error } = detail;
    const isRefused = phase === 'ticket-expired' || phase === 'not-allowed';
    if (!isRefused || this.target.ticket === undefined) return;
    // Safety: the listener is on a <flowtap-execution>.
    const { snapshot } = currentTarget as FlowtapExecution;
    this.refusal = {
      isExpired: phase === 'ticket-expired',
      isAlone: snapshot.messages.length === 0,
      detail: error instanceof FlowtapProblem ? error.detail : undefined,
    };
  };

  readonly #onStatus = ({ detail }: CustomEvent<{ readonly status?: Status }>): void => {
    this.status = detail.status;
  };
}

interface Problem {
  readonly phase: Phase;
  readonly error?: unknown;
}

/** The execution's name and its flow, because a parent or child can belong to another flow. */
function fullName(id: string): string {
  const { flow, name } = executionTitle(id);
  return flow === undefined ? name : `${flow} / ${name}`;
}
