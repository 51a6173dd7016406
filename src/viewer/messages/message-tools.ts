/** The tools above the list of messages: filters, follow, download. */
import { type TemplateResult, html, nothing } from 'lit';

import { type MessageFilter, NO_FILTER, isFiltering } from './message-filter.ts';
import type { MessageFacts } from '../store/message-facts.ts';

/**
 * Which name of a type is shown: `upstream` is the name in Step Functions, `common` the name that all sources
 * share.
 */
export type Vocabulary = 'upstream' | 'common';

export interface MessageToolsFacts {
  readonly facts: MessageFacts;
  readonly filter: MessageFilter;
  /** The name of the selected step, if the list shows only its messages. */
  readonly selectedStep: string | undefined;
  readonly count: number;
  readonly shown: number;
  /** True if the list scrolls to new messages. Undefined if no new messages can appear. */
  readonly isFollowing: boolean | undefined;
  readonly unread: number;
  readonly payloadsText: string | undefined;
  readonly vocabulary: Vocabulary;
  readonly onFilter: (change: Partial<MessageFilter>) => void;
  readonly onLeaveStep: () => void;
  readonly onFollow: (isFollowing: boolean) => void;
  readonly onVocabulary: (vocabulary: Vocabulary) => void;
  readonly onDownload: () => void;
}

export function messageTools(tools: MessageToolsFacts): TemplateResult {
  const { facts, filter, count, shown, payloadsText, selectedStep, onFilter, onDownload } = tools;
  // Safety: only the inputs and selects below have these listeners.
  const valueOf = (event: Event): string => (event.target as HTMLInputElement | HTMLSelectElement).value;
  return html`<div class="bar-of-tools">
      <h3 id="messages-title">
        Messages
        <span class="count"
          >${isFiltering(filter) ? `${counted(shown)} of ${counted(count)}` : counted(count)}</span
        >
      </h3>
      ${payloadsText === undefined ? nothing : html`<span class="note">${payloadsText}</span>`}
      ${followButton(tools)}
      <button
        type="button"
        class="tool"
        ?disabled=${count === 0}
        title="All messages, one JSON object a line"
        @click=${onDownload}
      >
        Download
      </button>
    </div>
    <div class="bar-of-tools filters" role="group" aria-label="Filter messages">
      <input
        type="search"
        placeholder="Search messages"
        aria-label="Text in messages"
        .value=${filter.text}
        @input=${(event: Event) => onFilter({ text: valueOf(event) })}
      />
      <select aria-label="Type" @change=${(event: Event) => onFilter({ type: valueOf(event) })}>
        <option value="" .selected=${filter.type === ''}>All types</option>
        ${typeGroups(facts, filter.type)}
      </select>
      ${
        facts.steps.size === 0
          ? nothing
          : html`<select aria-label="Step" @change=${(event: Event) => onFilter({ step: valueOf(event) })}>
              <option value="" .selected=${filter.step === ''}>All steps</option>
              ${options(facts.steps, filter.step)}
            </select>`
      }
      ${vocabularySwitch(tools)}
      ${selectedStep === undefined ? nothing : html`<button type="button" class="tool chip" @click=${tools.onLeaveStep}><span class="unseen">Stop showing only </span>${selectedStep}<span aria-hidden="true"> ×</span></button>`}
      ${
        isFiltering(filter)
          ? html`<button
              type="button"
              class="tool"
              @click=${() => {
                tools.onLeaveStep();
                onFilter(NO_FILTER);
              }}
            >
              Clear
            </button>`
          : nothing
      }
    </div>`;
}

const counted = (count: number): string => count.toLocaleString('en');

function followButton({ isFollowing, unread, onFollow }: MessageToolsFacts): TemplateResult | typeof nothing {
  if (isFollowing === undefined) return nothing;
  const title = isFollowing ? 'Stay here while new messages arrive' : 'Show new messages as they arrive';
  return html`<button
    type="button"
    class="tool ${isFollowing ? '' : 'primary'}"
    title=${title}
    @click=${() => onFollow(!isFollowing)}
  >
    ${isFollowing ? 'Pause updates' : unread > 0 ? `Follow · ${unread} new` : 'Follow'}
  </button>`;
}

function vocabularySwitch({
  facts,
  vocabulary,
  onVocabulary,
}: MessageToolsFacts): TemplateResult | typeof nothing {
  if (facts.upstreamTypes.size === 0) return nothing;
  const isCommon = vocabulary === 'common';
  return html`<button
    type="button"
    class="tool"
    aria-pressed=${isCommon}
    title="Show the type names that all sources share, instead of those of Step Functions"
    @click=${() => onVocabulary(isCommon ? 'upstream' : 'common')}
  >
    Generic types
  </button>`;
}

function typeGroups(
  { eventTypes, upstreamTypes }: MessageFacts,
  chosen: string,
): TemplateResult | TemplateResult[] {
  if (upstreamTypes.size === 0) return options(eventTypes, chosen);
  return html`<optgroup label="Step Functions">${options(upstreamTypes, chosen)}</optgroup>
    <optgroup label="Things Graph">${options(eventTypes, chosen)}</optgroup>`;
}

const options = (names: ReadonlyMap<string, number>, chosen: string): TemplateResult[] =>
  [...names]
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(
      ([name, count]) => html`<option value=${name} .selected=${name === chosen}>${name} (${count})</option>`,
    );
