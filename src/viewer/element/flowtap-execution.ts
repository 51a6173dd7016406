/** <flowtap-execution>: shows one execution, live. */
import { LitElement, html } from 'lit';

import type { CredentialSource, TicketSource } from '../../client/client.ts';
import type { ExecutionAccess } from '../store/access.ts';
import { ExecutionStore } from '../store/execution-store.ts';
import { EMPTY_SNAPSHOT, type ExecutionSnapshot } from '../store/snapshot.ts';

export class FlowtapExecution extends LitElement {
  static override properties = {
    execution: { type: String },
    ticket: {},
    ticketUrl: { type: String, attribute: 'ticket-url' },
    service: { type: String },
    message: { type: String, reflect: true },
    apiKey: { attribute: false },
    permalink: { attribute: false },
  };

  /** The execution's id. Not needed with a ticket, which names it. */
  declare execution: string | undefined;
  /** A ticket, or, as a property, what the typed client takes: a function that gets one. */
  declare ticket: TicketSource | undefined;
  /** The page's own endpoint for tickets. */
  declare ticketUrl: string | undefined;
  /** The service's address. Default: where this module was loaded from. */
  declare service: string | undefined;
  /** The id of the message that is open and scrolled to. */
  declare message: string | undefined;
  /** For the operator's own page. Kept in memory: there is no attribute. */
  declare apiKey: CredentialSource | undefined;
  /** Makes the address that "Copy link" copies. Without it there is no such button. */
  declare permalink: ((messageId: string) => string) | undefined;

  #store: ExecutionStore | undefined;
  #unsubscribe: (() => void) | undefined;

  get snapshot(): ExecutionSnapshot {
    return this.#store?.getSnapshot() ?? EMPTY_SNAPSHOT;
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (['execution', 'ticket', 'ticketUrl', 'service', 'apiKey'].some((name) => changed.has(name)))
      this.#connect();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
  }

  #connect(): void {
    this.#unsubscribe?.();
    const access = this.#access();
    if (!access) return;
    const { execution, service = new URL('..', import.meta.url).href } = this;
    this.#store = new ExecutionStore({
      access,
      service,
      ...(execution !== undefined && { executionId: execution }),
    });
    this.#unsubscribe = this.#store.subscribe(() => this.requestUpdate());
  }

  #access(): ExecutionAccess | undefined {
    const { apiKey, ticket, ticketUrl } = this;
    if (apiKey !== undefined) return { apiKey };
    if (ticket !== undefined) return { ticket };
    return ticketUrl === undefined ? undefined : { ticketUrl };
  }

  override render() {
    const { phase, status, messages } = this.snapshot;
    return html`<p>${phase} ${status} ${messages.length}</p>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'flowtap-execution': FlowtapExecution;
  }
}
