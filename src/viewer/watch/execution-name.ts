/** The name of an execution as a link to it, with its long id as the tooltip. */
import { type TemplateResult, html } from 'lit';

import { executionTitle } from '../element/execution-title.ts';
import { executionFragment } from './watch-location.ts';

/** `name` is the name that a list shows. Default: the name in the id. */
export const executionName = (id: string, name = executionTitle(id).name): TemplateResult =>
  html`<a href=${executionFragment({ execution: id })} title=${id}>${name}</a>`;
