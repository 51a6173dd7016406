/**
 * <flowtap-execution>: shows one execution, live. It connects a store to the views, and dispatches events
 * when something changes. docs/embed.md documents every attribute, property, event, part and custom property.
 */
import { LitElement, type PropertyValues, html, nothing } from 'lit';

import type { CredentialSource, TicketSource } from '../../client/client.ts';
import { copyText } from '../messages/copy-text.ts';
import { MessagesView } from '../messages/messages-view.ts';
import { StepsView } from '../steps/steps-view.ts';
import type { ExecutionAccess } from '../store/access.ts';
import { ExecutionStore } from '../store/execution-store.ts';
import { MessageFacts } from '../store/message-facts.ts';
import { EMPTY_SNAPSHOT, type ExecutionSnapshot } from '../store/snapshot.ts';
import { Announcer } from './announcer.ts';
import { executionHeader } from './execution-header.ts';
import { failurePanel } from './failure-panel.ts';
import { isProblem, payloadsText } from './phase-texts.ts';
import { STYLES } from './styles/styles.ts';
import { Ticker } from './ticker.ts';

/** If one of these properties changes, the element reads with a new store. */
const SOURCE_PROPERTIES = ['execution', 'ticket', 'ticketUrl', 'service', 'apiKey'];

export class FlowtapExecution extends LitElement {
  static override styles = STYLES;
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
  /**
   * A ticket. The property, but not the attribute, can also be a function that returns a ticket, as in the typed
   * client.
   */
  declare ticket: TicketSource | undefined;
  /** The page's own endpoint for tickets. */
  declare ticketUrl: string | undefined;
  /** The service's address. Default: where this module was loaded from. */
  declare service: string | undefined;
  /** The id of the message that is open. */
  declare message: string | undefined;
  /** An API key, for the operator's own page. It has no attribute, so it stays in memory. */
  declare apiKey: CredentialSource | undefined;
  /** Returns the address that "Copy link" copies. If absent, the button is not shown. */
  declare permalink: ((messageId: string) => string) | undefined;

  #store: ExecutionStore | undefined;
  #unsubscribe: (() => void) | undefined;
  #shown: ExecutionSnapshot = EMPTY_SNAPSHOT;
  #hasCopiedId = false;
  /**
   * When a problem ended the reading, by the service's clock. Bars of running steps end at this time, because the later
   * state of these steps is unknown.
   */
  #stoppedAtMs: number | undefined;
  /** The value to which the views last set `message`. If `message` has another value, the page has set it. */
  #openedHere: string | undefined;
  readonly #facts = new MessageFacts();
  readonly #announcer = new Announcer();
  readonly #ticker = new Ticker(this);
  readonly #messages = new MessagesView(this, {
    facts: this.#facts,
    onOpen: (messageId) => this.#onOpen(messageId),
    permalink: () => this.permalink,
    onLeaveStep: () => {
      this.#steps.clear();
      this.#messages.select(undefined);
    },
  });
  readonly #steps = new StepsView(this, {
    facts: this.#facts,
    onSelect: (step) => this.#messages.select(step),
    nowMs: () => this.#nowMs(this.snapshot),
  });

  /** The state that is shown. The React hook returns the same type. */
  get snapshot(): ExecutionSnapshot {
    return this.#store?.getSnapshot() ?? EMPTY_SNAPSHOT;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // An element that was moved within the document resumes reading.
    if (!this.hasUpdated) return;
    this.#subscribe();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  override willUpdate(changed: PropertyValues): void {
    if (SOURCE_PROPERTIES.some((name) => changed.has(name))) {
      this.#connect();
      this.#messages.reset();
      this.#steps.reset();
      this.#hasCopiedId = false;
    }
    if (changed.has('message') && this.message !== undefined && this.message !== this.#openedHere) {
      this.#messages.reveal(this.message);
    }
    this.#facts.update(this.snapshot.messages);
  }

  override updated(): void {
    const { snapshot } = this;
    const isRunning = snapshot.status === 'RUNNING' && !isProblem(snapshot.phase);
    this.#ticker.run(isRunning || snapshot.retryAtMs !== undefined);
    this.#report(this.#shown, snapshot);
    this.#shown = snapshot;
  }

  /** Reads the execution again from its start. For use after a problem has ended the reading. */
  retry(): void {
    this.#connect();
    this.requestUpdate();
  }

  #connect(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    const access = this.#access();
    const { execution, service = new URL('..', import.meta.url).href } = this;
    this.#store =
      access &&
      new ExecutionStore({ access, service, ...(execution !== undefined && { executionId: execution }) });
    if (this.isConnected) this.#subscribe();
  }

  #subscribe(): void {
    this.#unsubscribe ??= this.#store?.subscribe(() => this.requestUpdate());
  }

  #access(): ExecutionAccess | undefined {
    const { apiKey, ticket, ticketUrl } = this;
    if (apiKey !== undefined) return { apiKey };
    if (ticket !== undefined) return { ticket };
    return ticketUrl === undefined ? undefined : { ticketUrl };
  }

  #onOpen(messageId: string | undefined): void {
    this.#openedHere = messageId;
    this.message = messageId;
    this.#emit('message-change', { message: messageId });
  }

  /** Dispatches events for what has changed since `before`. */
  #report(before: ExecutionSnapshot, { status, phase, error }: ExecutionSnapshot): void {
    if (status !== before.status || phase !== before.phase) this.#emit('status', { status, phase });
    if (status !== before.status && status !== undefined && status !== 'RUNNING')
      this.#emit('ended', { status });
    if (phase !== before.phase && isProblem(phase)) this.#emit('problem', { phase, error });
  }

  #emit(type: string, detail: Readonly<Record<string, unknown>>): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  #jump(messageId: string): void {
    const { steps } = this.snapshot;
    if (steps) this.#steps.reveal(steps, messageId);
    this.#messages.reveal(messageId);
    this.#onOpen(messageId);
  }

  #nowMs({ phase, serverAheadMs }: ExecutionSnapshot): number {
    const nowMs = Date.now() + serverAheadMs;
    this.#stoppedAtMs = isProblem(phase) ? (this.#stoppedAtMs ?? nowMs) : undefined;
    return this.#stoppedAtMs ?? nowMs;
  }

  async #copyId(): Promise<void> {
    this.#hasCopiedId = await copyText(this.snapshot.executionId ?? '');
    this.requestUpdate();
  }

  override render() {
    const { snapshot } = this;
    if (!this.#store)
      return html`<p class="empty">
        Give this element a ticket, or the address of an endpoint that returns one.
      </p>`;
    const nowMs = this.#nowMs(snapshot);
    return html`<article aria-label="Execution" part="execution">
      ${executionHeader({ snapshot, nowMs, onRetry: () => this.retry(), isCopied: this.#hasCopiedId, onCopyId: () => void this.#copyId() })}
      ${failurePanel({ snapshot, onJump: (messageId) => this.#jump(messageId) })}
      ${
        snapshot.messages.length === 0 && isProblem(snapshot.phase)
          ? nothing
          : html`${this.#steps.render(snapshot)} ${this.#messages.render(snapshot, payloadsText(snapshot))}`
      }
      <div class="unseen" role="status" aria-live="polite">${this.#announcer.textFor(snapshot)}</div>
    </article>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'flowtap-execution': FlowtapExecution;
  }
}
