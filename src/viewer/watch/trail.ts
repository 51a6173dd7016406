/**
 * The breadcrumb above an execution that was opened with a key: all executions, the flow's executions, this
 * execution.
 */
import { type TemplateResult, html, nothing } from 'lit';

import { parseExecutionRef } from '../../core/execution-ref.ts';
import { flowOf } from '../../core/flow-ref.ts';
import { EMPTY_VIEW, listFragment } from './watch-location.ts';

export function trail(id: string, name: string): TemplateResult {
  const flow = flowOf(parseExecutionRef(id));
  return html`<nav class="trail" aria-label="Breadcrumb">
    <ol>
      <li><a href=${listFragment(EMPTY_VIEW)}>Executions</a></li>
      ${flow === undefined ? nothing : html`<li><a href=${listFragment({ ...EMPTY_VIEW, flow: flow.flow })}>${flow.name}</a></li>`}
      <li aria-current="page" title=${id}>${name}</li>
    </ol>
  </nav>`;
}
