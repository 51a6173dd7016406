/** Styles of section titles, buttons and fields. */
import { css } from 'lit';

export const CONTROLS = css`
  .bar-of-tools {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
    padding: 10px 20px;
  }
  .bar-of-tools h3 {
    display: flex;
    flex: 1 1 auto;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 0 10px;
    font-size: 15px;
    font-weight: 650;
  }
  .bar-of-tools.filters {
    padding-top: 0;
  }
  .count {
    font-weight: 400;
    color: var(--muted);
  }
  .among {
    font-size: 13px;
  }
  .tally {
    font-size: 13px;
    font-weight: 600;
    white-space: nowrap;
    color: var(--tone);
  }
  .note {
    padding: 2px 8px;
    border-radius: 999px;
    font-size: 12.5px;
    color: var(--handled);
    border: 1px solid currentColor;
  }
  .tool,
  select,
  input[type='search'] {
    min-height: 30px;
    padding: 3px 10px;
    border: 1px solid var(--border);
    border-radius: 6px;
    font: inherit;
    font-size: 13px;
    color: var(--text);
    background: var(--surface);
  }
  .tool {
    cursor: pointer;
  }
  .tool:hover:not(:disabled) {
    background: var(--raised);
  }
  .tool:disabled {
    color: var(--muted);
    cursor: default;
  }
  .tool[aria-pressed='true'] {
    border-color: var(--accent);
    background: color-mix(in srgb, var(--accent) 13%, transparent);
  }
  .tool.primary {
    border-color: var(--accent);
    color: var(--accent);
    font-weight: 600;
  }
  .tool.chip {
    border-color: var(--accent);
    color: var(--accent);
  }
  input[type='search'] {
    flex: 1 1 12rem;
    min-width: 0;
    max-width: 26rem;
  }
  select {
    flex: 0 1 auto;
    min-width: 0;
    max-width: 15rem;
  }
  .zoom {
    display: flex;
    align-items: center;
    gap: 6px;
  }
  .zoom .tool {
    min-width: 32px;
  }
  input[type='range'] {
    width: 120px;
    accent-color: var(--accent);
  }
  .link {
    padding: 0;
    border: 0;
    font: inherit;
    color: var(--accent);
    background: none;
    text-decoration: underline;
    cursor: pointer;
  }
  .empty {
    color: var(--muted);
  }
  section > .empty,
  article > .empty {
    padding: 4px 20px 18px;
  }
  @media (forced-colors: active) {
    .tool[aria-pressed='true'] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
`;
