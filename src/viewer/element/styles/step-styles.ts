/** Styles of the table of steps. Heights must match the constants in steps-view.ts. */
import { css } from 'lit';

export const STEP_STYLES = css`
  .steps-grid {
    --row: 34px;
    --height: var(--flowtap-steps-height, min(70vh, 40rem));
    max-height: calc(round(down, var(--height) - 30px, var(--row)) + 31px);
  }
  .steps-grid.short {
    max-height: var(--flowtap-steps-height, none);
  }
  .steps-grid.more {
    box-shadow: inset 0 -14px 12px -12px color-mix(in srgb, var(--text) 35%, transparent);
  }
  .in-view {
    font-size: 13px;
    color: var(--muted);
  }
  .steps-grid .row {
    grid-template-columns: minmax(12rem, 30%) 6rem 6.25rem 4.75rem 4.75rem minmax(8rem, 1fr);
    height: var(--row);
  }
  .steps-grid .row.head {
    height: 29px;
  }
  .name {
    display: flex;
    align-items: center;
    gap: 6px;
    padding-inline-start: calc(var(--level, 0) * var(--indent, 18px));
  }
  .head .name {
    padding-inline-start: 22px;
  }
  .caret {
    flex: none;
    display: grid;
    place-items: center;
    width: 16px;
    height: 24px;
    color: var(--muted);
  }
  .caret .icon.open {
    transform: rotate(90deg);
  }
  .label {
    overflow: hidden;
    text-overflow: ellipsis;
    font-weight: 500;
  }
  .culprit .label {
    font-weight: 700;
    color: var(--failed);
  }
  .culprit {
    background: color-mix(in srgb, var(--failed) 7%, transparent);
  }
  .name .error,
  .kind {
    flex: 0 1 auto;
    min-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    font-size: 12px;
  }
  .name .error,
  .kind {
    flex-shrink: 1000;
  }
  .kind {
    color: var(--muted);
  }
  .start,
  .duration,
  .attempts {
    color: var(--muted);
  }
  .step .start {
    font-size: 13px;
  }
  .steps-grid :is(.duration, .attempts) {
    text-align: end;
  }
  .steps-grid .attempts {
    padding-inline-end: 6px;
  }
  .status .mark {
    vertical-align: middle;
  }
  .step .duration {
    color: var(--text);
  }
  .attempts.many {
    color: var(--handled);
    font-weight: 600;
  }
  .time {
    position: relative;
    height: 100%;
  }
  .row > .time {
    overflow: clip;
    overflow-clip-margin: 4px;
  }
  .grid-lines {
    position: absolute;
    inset: 0;
    height: auto !important;
    pointer-events: none;
  }
  .grid-lines .time {
    grid-column: -2 / -1;
  }
  .line {
    position: absolute;
    inset-block: 0;
    border-inline-start: 1px solid color-mix(in srgb, var(--border) 65%, transparent);
  }
  .tick {
    position: absolute;
    top: 50%;
    padding-inline-start: 4px;
    transform: translateY(-50%);
    font-weight: 400;
  }
  .tick.last {
    padding-inline: 0 4px;
    transform: translate(-100%, -50%);
  }
  @container flowtap (min-width: 640px) and (max-width: 959.98px) {
    .steps-grid .row {
      grid-template-columns: minmax(11rem, 34%) 6rem 5.25rem 4.5rem minmax(8rem, 1fr);
    }
    .steps-grid .start {
      position: absolute;
      clip-path: inset(50%);
      width: 1px;
    }
  }
  @container flowtap (max-width: 639.98px) {
    .steps-grid {
      --row: 48px;
    }
    .steps-grid .row {
      --indent: 9px;
      grid-template-columns: minmax(0, 1fr) auto 14px minmax(3.25rem, max-content);
      grid-template-rows: 24px 16px;
      align-content: center;
      column-gap: 8px;
    }
    .steps-grid .row.head {
      grid-template-rows: 28px;
      grid-template-columns: minmax(0, 1fr);
      height: 29px;
    }
    .steps-grid .head > :not(.time),
    .steps-grid .start {
      position: absolute;
      clip-path: inset(50%);
      width: 1px;
    }
    .steps-grid .time {
      grid-column: 1 / -1;
      height: 100%;
    }
    .steps-grid .attempts:not(.many) {
      position: absolute;
      clip-path: inset(50%);
    }
    .steps-grid .step :is(.name, .attempts, .status, .duration) {
      grid-row: 1;
    }
    .steps-grid .step .attempts {
      grid-column: 2;
    }
    .steps-grid .step .status {
      grid-column: 3;
    }
    .steps-grid .step .duration {
      grid-column: 4;
    }
    .steps-grid .attempts {
      padding: 0;
    }
    .steps-grid .status .word {
      position: absolute;
      clip-path: inset(50%);
    }
    /* In each row, draw lines only below the name, where the bar is. */
    .steps-grid .row.grid-lines {
      grid-template-rows: 100%;
      mask: repeating-linear-gradient(transparent 0 28px, #000 28px var(--row));
    }
  }
  @container flowtap (max-width: 439.98px) {
    .steps-grid .name .error {
      display: none;
    }
  }
  @media (forced-colors: active) {
    .step.selected,
    .grid:focus-visible .active {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
`;
