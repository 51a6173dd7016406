/** The table of steps and its bars. Heights are those that steps-view.ts computes with. */
import { css } from 'lit';

export const STEP_STYLES = css`
  .steps-grid {
    max-height: var(--flowtap-steps-height, min(70vh, 40rem));
  }
  .steps-grid .row {
    grid-template-columns: minmax(11rem, 25%) 6rem 6.5rem 5.25rem 5.5rem minmax(8rem, 1fr);
    height: 34px;
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
  .name .error {
    flex-shrink: 8;
  }
  .kind {
    color: var(--muted);
  }
  .start,
  .duration,
  .attempts {
    color: var(--muted);
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
  .bar {
    position: absolute;
    top: 50%;
    height: 14px;
    min-width: 1px;
    margin-top: -7px;
    border-radius: 3px;
    background: var(--tone);
    overflow: clip;
  }
  .bar.succeeded,
  .part.succeeded {
    --tone: var(--succeeded-bar);
  }
  .bar.handled {
    --tone: var(--handled-bar);
  }
  /* Steps that contain other steps. */
  .bar.group {
    height: 6px;
    margin-top: -3px;
    opacity: 0.75;
  }
  .bar.running {
    background: repeating-linear-gradient(
      -45deg,
      var(--running) 0 8px,
      color-mix(in srgb, var(--running) 72%, var(--surface)) 8px 16px
    );
    background-size: 22.63px 100%;
    animation: flow 1s linear infinite;
  }
  @keyframes flow {
    to {
      background-position-x: 22.63px;
    }
  }
  .bar.wait {
    height: 10px;
    margin-top: -5px;
    background: repeating-linear-gradient(90deg, var(--muted) 0 3px, transparent 3px 7px);
    animation: none;
  }
  .bar:has(.part) {
    background: color-mix(in srgb, var(--tone) 25%, var(--surface));
    animation: none;
  }
  .part {
    position: absolute;
    inset-block: 0;
    min-width: 2px;
  }
  .part.attempt {
    background: var(--tone);
  }
  .part.attempt.failed {
    background: var(--failed);
  }
  .part.pause {
    background: repeating-linear-gradient(90deg, var(--handled) 0 2px, var(--surface) 2px 5px);
    inset-block: 4px;
  }
  .part.running {
    --tone: var(--running);
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
    .steps-grid .row {
      --indent: 12px;
      grid-template-columns: minmax(0, 1fr) auto 14px 4rem;
      grid-template-rows: 26px 18px;
      align-content: center;
      column-gap: 8px;
      height: 58px;
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
    .steps-grid .name .error {
      display: none;
    }
    .steps-grid .step .duration {
      text-align: end;
    }
    .steps-grid .status .word {
      position: absolute;
      clip-path: inset(50%);
    }
    .steps-grid .row.grid-lines {
      grid-template-rows: 100%;
    }
  }
  @media (forced-colors: active) {
    .bar,
    .part,
    .dot {
      forced-color-adjust: none;
    }
    .bar {
      background: CanvasText;
    }
    .bar.failed,
    .part.attempt.failed {
      background: Mark;
      outline: 1px solid CanvasText;
    }
    .step.selected,
    .grid:focus-visible .active {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
`;
