/** The number of steps, and how many have each status, in the same words as in the rows. */
import { type TemplateResult, html, nothing } from 'lit';

import { type Mark, WORDS } from '../format/mark.ts';
import type { StepTally } from './step-rows.ts';

/** The marks that are counted, worst first. Steps that succeeded are not counted separately. */
const COUNTED: readonly Mark[] = ['failed', 'aborted', 'running', 'handled', 'retried'];

export function tallyText(tally: StepTally): TemplateResult {
  const { steps, branches, iterations, working, retrying, marks } = tally;
  const parts = [counted(branches, 'branch', 'branches'), counted(iterations, 'iteration', 'iterations')];
  const among = parts.filter((part) => part !== undefined).join(' and ');
  return html`<span class="count"
      >${steps.toLocaleString('en')}${among === '' ? nothing : html`<span class="among">, among them ${among}</span>`}</span
    >
    ${COUNTED.map((mark) => entry(mark, mark === 'running' ? working : marks[mark]))}
    ${entry('retried', retrying, 'retrying')}`;
}

const entry = (
  mark: Mark,
  count: number,
  word = WORDS[mark].toLowerCase(),
): TemplateResult | typeof nothing =>
  count === 0 ? nothing : html`<span class="tally ${mark}">${count.toLocaleString('en')} ${word}</span>`;

const counted = (count: number, one: string, many: string): string | undefined =>
  count === 0 ? undefined : `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
