/**
 * Styles that the tables of steps and messages share: the scroller, the sticky head, and the positioned rows.
 */
import { css } from 'lit';

export const GRIDS = css`
  .steps,
  .messages {
    border-top: 1px solid var(--border);
  }
  .grid {
    position: relative;
    overflow: auto;
    overflow-x: clip;
    overflow-anchor: none;
    border-top: 1px solid var(--border);
    scrollbar-width: thin;
  }
  .grid:focus-visible {
    outline-offset: -2px;
  }
  .rows {
    position: relative;
    overflow: clip;
  }
  .head-group {
    position: sticky;
    top: 0;
    z-index: 2;
    background: var(--raised);
    border-bottom: 1px solid var(--border);
  }
  .row {
    display: grid;
    align-items: center;
    padding-inline: 20px;
    column-gap: 12px;
  }
  .row.head {
    font-size: 12px;
    font-weight: 600;
    color: var(--muted);
  }
  .row > * {
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .step,
  .item {
    position: absolute;
    inset-inline: 0;
    cursor: pointer;
  }
  .step:hover,
  .message:hover {
    background: var(--raised);
  }
  .grid:focus-visible .active {
    box-shadow: inset 3px 0 var(--accent);
    background: color-mix(in srgb, var(--accent) 9%, transparent);
  }
  .step.selected {
    background: color-mix(in srgb, var(--accent) 13%, transparent);
  }
  .error {
    color: var(--failed);
  }
  .error.handled {
    color: var(--handled);
  }
  .narrow-only {
    display: none;
  }
  @container flowtap (max-width: 639.98px) {
    .narrow-only {
      display: inline;
    }
    header,
    .bar-of-tools,
    .banner {
      padding-inline: 14px;
    }
    .failure {
      margin-inline: 14px;
    }
    .names {
      order: 1;
      flex-basis: 100%;
    }
    .phase {
      margin-inline-start: auto;
    }
    .row {
      padding-inline: 14px;
    }
    .failure .reason {
      grid-template-columns: minmax(0, 1fr);
    }
    .failure .reason dd + dt {
      margin-top: 6px;
    }
    select {
      flex: 1 1 40%;
      max-width: none;
    }
    input[type='search'] {
      flex-basis: 100%;
      max-width: none;
    }
  }
`;
