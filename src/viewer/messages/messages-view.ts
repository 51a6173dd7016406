/** The list of an execution's messages. It scrolls smoothly with any number of messages. */
import { type LitElement, type TemplateResult, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

import type { FlowMessage, Step } from '../../client/client.ts';
import { stepName } from '../format/step-name.ts';
import { NARROW_PX } from '../grid/narrow.ts';
import { place } from '../grid/place.ts';
import { RowCursor } from '../grid/row-cursor.ts';
import { VirtualRows, keyOfRow } from '../grid/virtual-rows.ts';
import type { ExecutionSnapshot } from '../store/snapshot.ts';
import { copyText } from './copy-text.ts';
import { downloadMessages } from './download-messages.ts';
import type { MessageFacts } from '../store/message-facts.ts';
import { FilteredMessages, type MessageFilter, NO_FILTER } from './message-filter.ts';
import { type CopyTarget, messageHead, messageRow } from './message-row.ts';
import { type Vocabulary, messageTools } from './message-tools.ts';

export interface MessagesViewOptions {
  readonly facts: MessageFacts;
  /** Called when the reader has opened a message. The id is undefined if they have closed it. */
  readonly onOpen: (messageId: string | undefined) => void;
  readonly permalink: () => ((messageId: string) => string) | undefined;
  readonly onLeaveStep: () => void;
}

/** The heights that the style sheet gives rows and the head. */
const ROW_PX = 30;
const NARROW_ROW_PX = 50;
const HEAD_PX = 28;

export class MessagesView {
  readonly #host: LitElement;
  readonly #options: MessagesViewOptions;
  readonly #virtual: VirtualRows;
  readonly #cursor: RowCursor;
  readonly #filtered = new FilteredMessages();
  readonly #open = new Set<FlowMessage>();
  #filter: MessageFilter = NO_FILTER;
  #selectedStep: string | undefined;
  #snapshot: ExecutionSnapshot | undefined;
  #shown: readonly FlowMessage[] = [];
  #isFollowing = false;
  #vocabulary: Vocabulary = 'upstream';
  #hasDecided = false;
  #seenCount = 0;
  /** The id of a message to open and reveal once it has been received. */
  #wanted: string | undefined;
  #copied: { readonly message: FlowMessage; readonly what: CopyTarget } | undefined;

  constructor(host: LitElement, options: MessagesViewOptions) {
    this.#host = host;
    this.#options = options;
    this.#virtual = new VirtualRows(host, {
      scroller: () => this.#scroller,
      rowPx: () => (this.#isNarrow ? NARROW_ROW_PX : ROW_PX),
      // A narrow list hides its head from sight.
      headPx: () => (this.#isNarrow ? 0 : HEAD_PX),
      onReaderScroll: (direction) => this.#onReaderScroll(direction),
    });
    this.#cursor = new RowCursor({
      count: () => this.#shown.length,
      onMove: (index) => {
        this.#isFollowing = index === this.#shown.length - 1 && this.#isFollowing;
        this.#virtual.reveal(index);
        host.requestUpdate();
      },
      onActivate: (index) => this.#toggle(index),
      onOpen: (index) => this.#toggle(index, true),
      onClose: (index) => this.#toggle(index, false),
    });
  }

  get #isNarrow(): boolean {
    return this.#host.clientWidth < NARROW_PX;
  }

  get #scroller(): HTMLElement | null {
    return this.#host.renderRoot?.querySelector<HTMLElement>('.messages-grid') ?? null;
  }

  /** Clears the view's state, because another execution is shown from now on. */
  reset(): void {
    this.#open.clear();
    this.#filter = NO_FILTER;
    this.#selectedStep = undefined;
    this.#hasDecided = false;
    this.#wanted = undefined;
    this.#cursor.set(0);
  }

  /** Opens the message and scrolls to it as soon as it has been received. Clears a filter that hides it. */
  reveal(messageId: string): void {
    this.#wanted = messageId;
    this.#host.requestUpdate();
  }

  /** Shows only the messages of this step. Removes this restriction if `step` is undefined. */
  select(step: Step | undefined): void {
    this.#selectedStep = step && stepName(step);
    const { ids: _ids, ...others } = this.#filter;
    this.#setFilter(step ? { ...others, ids: new Set(idsOf(step)) } : others);
  }

  render(snapshot: ExecutionSnapshot, payloadsText: string | undefined): TemplateResult {
    const { messages, steps } = snapshot;
    this.#update(snapshot);
    const rows = this.#virtual.rows;
    const active = this.#cursor.index;
    const isActiveShown = rows.some(({ index }) => index === active);
    return html`<section class="messages" part="messages" aria-labelledby="messages-title">
      ${messageTools({
        facts: this.#options.facts,
        filter: this.#filter,
        selectedStep: this.#selectedStep,
        count: messages.length,
        shown: this.#shown.length,
        isFollowing:
          snapshot.status === 'RUNNING' || snapshot.status === undefined ? this.#isFollowing : undefined,
        unread: messages.length - this.#seenCount,
        payloadsText,
        vocabulary: this.#vocabulary,
        onVocabulary: (vocabulary) => {
          this.#vocabulary = vocabulary;
          this.#host.requestUpdate();
        },
        onFilter: (change) => this.#setFilter({ ...this.#filter, ...change }),
        onLeaveStep: this.#options.onLeaveStep,
        onFollow: (isFollowing) => this.#follow(isFollowing),
        onDownload: () => downloadMessages(messages, snapshot.executionId ?? ''),
      })}
      ${this.#shown.length === 0 ? html`<p class="empty">${messages.length === 0 ? 'Nothing has been received yet.' : 'No message matches the filter.'}</p>` : nothing}
      ${this.#wanted !== undefined && snapshot.hasCaughtUp ? html`<p class="empty missing" role="status">There is no message ${this.#wanted} in this execution.</p>` : nothing}
      <div
        class="grid messages-grid ${this.#shown.length === 0 ? 'without-rows' : ''}"
        role="treegrid"
        tabindex="0"
        aria-label="Messages"
        aria-rowcount=${this.#shown.length + 1}
        aria-activedescendant=${this.#shown.length > 0 && isActiveShown ? `message-${active}` : nothing}
        @keydown=${this.#cursor.onKeyDown}
      >
        <div role="rowgroup" class="head-group">${messageHead(steps?.startedAt)}</div>
        <div role="rowgroup" class="rows" ${place({ height: `${this.#virtual.heightPx}px` })}>
          ${repeat(rows, keyOfRow, ({ index, topPx }) => this.#row(index, topPx, active, steps?.startedAt))}
        </div>
      </div>
    </section>`;
  }

  #row(index: number, topPx: number, active: number, startedAt: string | undefined) {
    const message = this.#shown[index];
    if (!message) return nothing;
    const { facts, permalink } = this.#options;
    return messageRow({
      message,
      index,
      topPx,
      number: facts.numberOf(message),
      isOpen: this.#open.has(message),
      isActive: index === active,
      startedAt,
      arePayloadsHidden: this.#snapshot?.payloads !== undefined && this.#snapshot.payloads !== 'full',
      vocabulary: this.#vocabulary,
      hasPermalink: permalink() !== undefined && message.messageId !== undefined,
      copied: this.#copied?.message === message ? this.#copied.what : undefined,
      onToggle: () => {
        this.#cursor.set(index);
        this.#toggle(index);
      },
      onCopy: (what) => void this.#copy(message, what),
      onJump: (messageId) => {
        this.reveal(messageId);
        this.#options.onOpen(messageId);
      },
      measure: (element) => this.#virtual.measure(element, this.#keyOf(message)),
    });
  }

  #update(snapshot: ExecutionSnapshot): void {
    const { messages, status } = snapshot;
    this.#snapshot = snapshot;
    // A list that has become shorter belongs to a replaced history.
    if (messages.length < this.#seenCount) this.#seenCount = 0;
    // Show an ended execution from its start, and follow a running one.
    if (status !== undefined && !this.#hasDecided) {
      this.#hasDecided = true;
      this.#isFollowing = status === 'RUNNING' && this.#wanted === undefined;
    }
    this.#shown = this.#filtered.of(messages, this.#filter);
    this.#revealWanted(messages);
    this.#virtual.setRows(this.#shown.length, this.#openRows());
    if (!this.#isFollowing) return;
    if (this.#seenCount !== messages.length) void this.#host.updateComplete.then(() => this.#showNewest());
    this.#seenCount = messages.length;
  }

  #openRows(): { readonly index: number; readonly key: string }[] {
    const rows = [...this.#open].map((message) => ({
      index: this.#indexOf(message),
      key: this.#keyOf(message),
    }));
    return rows.filter(({ index }) => index >= 0).toSorted((one, other) => one.index - other.index);
  }

  readonly #keyOf = (message: FlowMessage): string => String(this.#options.facts.numberOf(message));

  /** The index of the message's row, or -1 if the filter hides it. Messages are ordered by number. */
  #indexOf(message: FlowMessage): number {
    const { numberOf } = this.#options.facts;
    let low = 0;
    let high = this.#shown.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#shown[middle];
      if (found === message) return middle;
      if (found && numberOf(found) < numberOf(message)) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #revealWanted(messages: readonly FlowMessage[]): void {
    const message = this.#wanted === undefined ? undefined : this.#options.facts.messageOf(this.#wanted);
    if (!message) return;
    this.#wanted = undefined;
    this.#isFollowing = false;
    this.#open.add(message);
    if (this.#indexOf(message) < 0) {
      this.#filter = NO_FILTER;
      this.#options.onLeaveStep();
      this.#shown = messages;
    }
    const index = this.#indexOf(message);
    this.#cursor.set(index);
    void this.#host.updateComplete.then(() => {
      this.#virtual.reveal(index, 'start');
      this.#scroller?.scrollIntoView({ block: 'nearest' });
    });
  }

  #setFilter(filter: MessageFilter): void {
    this.#filter = filter;
    this.#cursor.set(0);
    this.#host.requestUpdate();
  }

  #follow(isFollowing: boolean): void {
    this.#isFollowing = isFollowing;
    this.#seenCount = this.#snapshot?.messages.length ?? 0;
    if (isFollowing) this.#virtual.revealEnd();
    this.#host.requestUpdate();
  }

  #showNewest(): void {
    this.#virtual.noticeReader();
    if (this.#isFollowing) this.#virtual.revealEnd();
  }

  /**
   * Stops following when the reader scrolls up from the end, and follows again when they scroll down to it. At the
   * end, all messages count as seen.
   */
  #onReaderScroll(direction: 'up' | 'down'): void {
    this.#hasDecided = true;
    const { isAtEnd } = this.#virtual;
    if (isAtEnd) this.#seenCount = this.#snapshot?.messages.length ?? 0;
    if (isAtEnd && direction === 'down') this.#isFollowing = true;
    if (!isAtEnd && direction === 'up') this.#isFollowing = false;
  }

  #toggle(index: number, isOpen?: boolean): void {
    const message = this.#shown[index];
    if (!message) return;
    const opens = isOpen ?? !this.#open.has(message);
    if (opens === this.#open.has(message)) return;
    if (opens) this.#open.add(message);
    else this.#open.delete(message);
    this.#isFollowing = false;
    this.#options.onOpen(opens ? message.messageId : undefined);
    this.#host.requestUpdate();
  }

  async #copy(message: FlowMessage, what: CopyTarget): Promise<void> {
    const texts: Readonly<Record<CopyTarget, string>> = {
      payload: message.payload ?? '',
      message: JSON.stringify(message),
      link: this.#options.permalink()?.(message.messageId ?? '') ?? '',
    };
    if (!(await copyText(texts[what]))) return;
    this.#copied = { message, what };
    this.#host.requestUpdate();
  }
}

/** The ids of all messages of the step and of the steps inside it. */
const idsOf = (step: Step): string[] => [...step.messageIds, ...step.children.flatMap(idsOf)];
