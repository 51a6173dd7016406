/**
 * A message in the list: one line, and all details while it is open. Values from the history are always rendered as
 * text, never as markup.
 */
import { isFailure } from '../../messages/event-types.ts';
import { type TemplateResult, html, nothing } from 'lit';
import { ref } from 'lit/directives/ref.js';

import type { FlowMessage } from '../../client/client.ts';
import { payloadPreview, payloadText } from '../format/payload-text.ts';
import { momentText, sinceText, timeText, zoneText } from '../format/times.ts';
import { place } from '../grid/place.ts';
import type { Vocabulary } from './message-tools.ts';

export interface MessageRowFacts {
  readonly message: FlowMessage;
  readonly index: number;
  /** The message's number in the whole history, from 1. */
  readonly number: number;
  readonly topPx: number;
  readonly isOpen: boolean;
  readonly isActive: boolean;
  readonly startedAt: string | undefined;
  /** True if payloads are hidden from this reader. A message without a payload then says that its payload is hidden. */
  readonly arePayloadsHidden: boolean;
  readonly hasPermalink: boolean;
  readonly vocabulary: Vocabulary;
  readonly copied: string | undefined;
  readonly onToggle: () => void;
  readonly onCopy: (what: CopyTarget) => void;
  readonly onJump: (messageId: string) => void;
  readonly measure: (element: Element | undefined) => void;
}

export type CopyTarget = 'payload' | 'message' | 'link';

/** The outcome that the message's type stands for. */
export function toneOf({ eventType = '' }: FlowMessage): 'failed' | 'succeeded' | 'other' {
  if (isFailure(eventType)) return 'failed';
  return eventType.endsWith('SUCCEEDED') ? 'succeeded' : 'other';
}

/** `startedAt` is the start of the execution. The head names the time zone at that time. */
export const messageHead = (startedAt: string | undefined): TemplateResult =>
  html`<div role="row" class="row head" aria-rowindex="1">
    <span role="columnheader" class="number">#</span>
    <span role="columnheader" class="clock">Time ${zoneText(startedAt)}</span>
    <span role="columnheader" class="since">Since start</span>
    <span role="columnheader" class="type">Type</span>
    <span role="columnheader" class="at">Step</span>
    <span role="columnheader" class="preview">Payload</span>
  </div>`;

export function messageRow(facts: MessageRowFacts): TemplateResult {
  const { message, index, number, topPx, isOpen, isActive, startedAt, vocabulary, onToggle } = facts;
  const { eventType = '', upstreamType, timestamp, step = '', payload = '', error } = message;
  const classes = `row message ${isActive ? 'active' : ''} ${isOpen ? 'opened' : ''} ${toneOf(message)}`;
  return html`<div role="presentation" class="item" data-index=${index} ${place({ top: `${topPx}px` })}>
    <div
      role="row"
      id="message-${index}"
      class=${classes}
      part="message"
      aria-level="1"
      aria-rowindex=${index + 2}
      aria-expanded=${isOpen}
      data-message-id=${message.messageId ?? nothing}
      @click=${onToggle}
    >
      <span role="gridcell" class="number">${number}</span>
      <span role="gridcell" class="clock" title=${momentText(timestamp)}
        >${timeText(timestamp, startedAt)}</span
      >
      <span role="gridcell" class="since">${sinceText(timestamp, startedAt)}</span>
      <span role="gridcell" class="type" title=${[upstreamType, eventType].filter(Boolean).join(' · ')}
        >${vocabulary === 'common' ? eventType : (upstreamType ?? eventType)}</span
      >
      <span role="gridcell" class="at" title=${step}>${step}</span>
      <span role="gridcell" class="preview"
        >${error === undefined ? nothing : html`<span class="error">${error}</span> `}${isOpen ? '' : payloadPreview(payload)}</span
      >
    </div>
    ${isOpen ? detail(facts) : nothing}
  </div>`;
}

function detail(facts: MessageRowFacts): TemplateResult {
  const { message, startedAt, onJump, measure } = facts;
  const { messageId, eventType, upstreamType, timestamp, step, error, previousMessageId, iteration } =
    message;
  const type = upstreamType === undefined ? eventType : `${upstreamType} (${eventType ?? ''})`;
  return html`<div role="row" class="row detail" aria-level="2" part="message-detail" ${ref(measure)}>
    <div role="gridcell" class="detail-cell">
      <dl>
        ${fact('Type', type)} ${fact('Step', step)} ${fact('Error', error)}
        ${fact('Time', timestamp === undefined ? undefined : `${momentText(timestamp)} ${zoneText(timestamp)} (${timestamp})`)}
        ${fact('Since start', sinceText(timestamp, startedAt) || undefined)}
        ${fact('Iteration', iteration === undefined ? undefined : String(iteration))} ${fact('Id', messageId)}
        ${
          previousMessageId === undefined || previousMessageId === '0'
            ? nothing
            : html`<dt>Follows</dt>
                <dd>
                  <button type="button" class="link" @click=${() => onJump(previousMessageId)}>
                    ${previousMessageId}
                  </button>
                </dd>`
        }
      </dl>
      ${payloadBlock(facts)}
      <div class="actions">${copyButtons(facts)}</div>
    </div>
  </div>`;
}

const fact = (name: string, value: string | undefined): TemplateResult | typeof nothing =>
  value === undefined
    ? nothing
    : html`<dt>${name}</dt>
        <dd>${value}</dd>`;

function payloadBlock({ message: { payload }, arePayloadsHidden, number }: MessageRowFacts): TemplateResult {
  if (payload === undefined || payload === '') {
    return html`<p class="empty">
      ${arePayloadsHidden ? 'Hidden: this view shows no payloads.' : 'No payload.'}
    </p>`;
  }
  const { text, isJson } = payloadText(payload);
  return html`<pre
    class="payload ${isJson ? 'json' : ''}"
    part="payload"
    tabindex="0"
    role="group"
    aria-label="Payload of message ${number}"
  >
${text}</pre>`;
}

function copyButtons({ message, hasPermalink, copied, onCopy }: MessageRowFacts): TemplateResult[] {
  const targets: [CopyTarget, string][] = [['message', 'Copy message']];
  if (message.payload) targets.unshift(['payload', 'Copy payload']);
  if (hasPermalink) targets.push(['link', 'Copy link']);
  return targets.map(
    ([what, label]) =>
      html`<button type="button" class="tool" @click=${() => onCopy(what)}>
        ${copied === what ? 'Copied' : label}
      </button>`,
  );
}
