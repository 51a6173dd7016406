/** Styles of the bars of steps, of the arrows to bars outside the shown time, and of the legend. */
import { css } from 'lit';

export const BAR_STYLES = css`
  /* Fills of bars, their parts and the legend. */
  :host {
    --fill-succeeded: var(--succeeded-bar);
    --fill-running: repeating-linear-gradient(
      -45deg,
      var(--running) 0 8px,
      color-mix(in srgb, var(--running) 72%, var(--surface)) 8px 16px
    );
    --fill-failed: var(--failed);
    --fill-handled: var(--handled-bar);
    --fill-aborted: var(--aborted);
    --fill-wait: repeating-linear-gradient(90deg, var(--muted) 0 3px, transparent 3px 7px);
    --fill-pause: repeating-linear-gradient(90deg, var(--handled) 0 2px, var(--surface) 2px 5px);
  }
  .bar,
  .part,
  .swatch {
    background: var(--fill);
  }
  :is(.bar, .part, .swatch).succeeded {
    --fill: var(--fill-succeeded);
  }
  :is(.bar, .part, .swatch).running {
    --fill: var(--fill-running);
  }
  :is(.bar, .swatch).failed {
    --fill: var(--fill-failed);
  }
  /* A failed attempt is red only if its step failed. Otherwise it has the colour of handled failures. */
  :is(.bar, .swatch).handled,
  .part.attempt.failed {
    --fill: var(--fill-handled);
  }
  .bar.failed .part.attempt.failed {
    --fill: var(--fill-failed);
  }
  :is(.bar, .swatch).aborted {
    --fill: var(--fill-aborted);
  }
  :is(.bar, .swatch).wait {
    --fill: var(--fill-wait);
  }
  .part.pause,
  .swatch.pause {
    --fill: var(--fill-pause);
  }
  .bar:has(.part) {
    --fill: color-mix(in srgb, var(--tone) 25%, var(--surface));
  }
  .bar {
    position: absolute;
    top: 50%;
    height: 14px;
    min-width: 1px;
    margin-top: -7px;
    border-radius: 3px;
    overflow: clip;
  }
  /* Steps that contain other steps. */
  .bar.group {
    height: 6px;
    margin-top: -3px;
    opacity: 0.75;
  }
  .bar.running:not(.wait, :has(.part)) {
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
  }
  .part {
    position: absolute;
    inset-block: 0;
    min-width: 2px;
  }
  .part.pause {
    inset-block: 4px;
  }
  .edge {
    position: absolute;
    inset-block: 0;
    width: 24px;
    padding: 0;
    border: 0;
    background: none;
    color: var(--tone);
    cursor: pointer;
  }
  .edge.after {
    inset-inline-end: 0;
  }
  .edge::before {
    display: block;
    width: 9px;
    height: 12px;
    margin: auto;
    background: currentColor;
    clip-path: polygon(0 0, 100% 50%, 0 100%);
    content: '';
  }
  .edge.before::before {
    rotate: 180deg;
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    order: 1;
    flex-basis: 100%;
    gap: 2px 16px;
    margin: 0;
    padding: 0;
    list-style: none;
    font-size: 12px;
    color: var(--muted);
  }
  .legend li {
    display: flex;
    align-items: center;
    gap: 6px;
  }
  .swatch {
    width: 16px;
    height: 10px;
    border-radius: 2px;
  }
  /* In forced-colours mode, patterns and outlines tell the bars apart. */
  @media (forced-colors: active) {
    :host {
      --fill-succeeded: CanvasText;
      --fill-running: repeating-linear-gradient(-45deg, CanvasText 0 5px, Canvas 5px 16px);
      --fill-failed:
        repeating-linear-gradient(45deg, CanvasText 0 2px, transparent 2px 5px),
        repeating-linear-gradient(-45deg, CanvasText 0 2px, Canvas 2px 5px);
      --fill-handled: Canvas;
      --fill-aborted: repeating-linear-gradient(CanvasText 0 2px, Canvas 2px 4px);
      --fill-wait: repeating-linear-gradient(90deg, CanvasText 0 3px, Canvas 3px 7px);
      --fill-pause: repeating-linear-gradient(90deg, CanvasText 0 1px, Canvas 1px 4px);
    }
    .bar,
    .part,
    .swatch,
    .edge,
    .dot {
      forced-color-adjust: none;
      color: CanvasText;
    }
    .bar:has(.part) {
      --fill: Canvas;
    }
    .bar:not(.wait),
    .part.attempt,
    .swatch:not(.wait, .pause) {
      outline: 1px solid CanvasText;
      outline-offset: -1px;
    }
    .bar.group {
      opacity: 1;
    }
  }
`;
