/** How many steps there are, and how they went: the same words as in the rows. */
import { type TemplateResult, html, nothing } from 'lit';

import { type Mark, WORDS } from '../format/mark.ts';
import type { StepTally } from './step-rows.ts';

/** What a reader looks for, the worst first. Steps that succeeded need no number. */
const COUNTED: readonly Mark[] = ['failed', 'aborted', 'running', 'handled', 'retried'];

export function tallyText(tally: StepTally): TemplateResult {
  const { steps, branches, iterations, marks } = tally;
  const parts = [counted(branches, 'branch', 'branches'), counted(iterations, 'iteration', 'iterations')];
  const among = parts.filter((part) => part !== undefined).join(' and ');
  return html`<span class="count"
      >${steps.toLocaleString('en')}${among === '' ? nothing : html`<span class="among">, among them ${among}</span>`}</span
    >
    ${COUNTED.map((mark) =>
      marks[mark] === 0
        ? nothing
        : html`<span class="tally ${mark}"
            >${marks[mark].toLocaleString('en')} ${WORDS[mark].toLowerCase()}</span
          >`,
    )}`;
}

const counted = (count: number, one: string, many: string): string | undefined =>
  count === 0 ? undefined : `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
