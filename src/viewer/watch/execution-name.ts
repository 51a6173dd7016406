/** The name of an execution as a link to it. Its id is long: it is the title. */
import { type TemplateResult, html } from 'lit';

import { executionTitle } from '../element/execution-title.ts';
import { executionFragment } from './watch-location.ts';

/** `name`: as a list has it. Default: what the id says. */
export const executionName = (id: string, name = executionTitle(id).name): TemplateResult =>
  html`<a href=${executionFragment({ execution: id })} title=${id}>${name}</a>`;
