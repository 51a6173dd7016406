/** The bars of steps, the marks of bars that are out of sight, and the legend. */
import { css } from 'lit';

export const BAR_STYLES = css`
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
  /* Red is for what ended something: a failed attempt did not, if another one followed. */
  .part.attempt.failed {
    background: var(--handled-bar);
  }
  .bar.failed .part.attempt.failed {
    background: var(--failed);
  }
  .part.pause {
    background: repeating-linear-gradient(90deg, var(--handled) 0 2px, var(--surface) 2px 5px);
    inset-block: 4px;
  }
  .part.running {
    --tone: var(--running);
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
    background: var(--tone);
  }
  .swatch.succeeded {
    --tone: var(--succeeded-bar);
  }
  .swatch.handled {
    --tone: var(--handled-bar);
  }
  .swatch.wait {
    background: repeating-linear-gradient(90deg, var(--muted) 0 3px, transparent 3px 7px);
  }
  .swatch.pause {
    background: repeating-linear-gradient(90deg, var(--handled) 0 2px, var(--surface) 2px 5px);
  }
  @media (forced-colors: active) {
    /* Bars have one colour then, and rows name their status. */
    .legend {
      display: none;
    }
    .bar,
    .part,
    .edge,
    .dot {
      forced-color-adjust: none;
    }
    .bar,
    .edge {
      color: CanvasText;
      background: CanvasText;
    }
    .edge {
      background: none;
    }
    .bar.failed,
    .part.attempt.failed {
      background: Mark;
      outline: 1px solid CanvasText;
    }
  }
`;
