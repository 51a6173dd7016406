/** Styles of the header, the banners and the failure panel. */
import { css } from 'lit';

export const FRAME = css`
  h2,
  h3,
  h4,
  p,
  dl,
  dd {
    margin: 0;
  }
  header {
    padding: 16px 20px 14px;
  }
  .title {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 12px;
  }
  .names {
    flex: 1 1 12rem;
    min-width: 0;
  }
  h2 {
    font-size: 19px;
    line-height: 1.25;
    font-weight: 650;
    letter-spacing: -0.01em;
    overflow-wrap: anywhere;
  }
  .run {
    display: flex;
    flex-wrap: wrap;
    gap: 0 12px;
    font: 12.5px/1.5 var(--mono);
    color: var(--muted);
    overflow-wrap: anywhere;
  }
  .run .link {
    font:
      12.5px/1.5 system-ui,
      sans-serif;
  }
  .mark {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    color: var(--tone);
    white-space: nowrap;
  }
  .icon {
    flex: none;
    width: 14px;
    height: 14px;
  }
  .icon.running {
    animation: turn 1.2s linear infinite;
  }
  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }
  .badge .mark {
    padding: 4px 12px 4px 10px;
    border-radius: 999px;
    font-weight: 650;
    color: var(--surface);
    background: var(--tone);
  }
  .phase {
    display: inline-flex;
    align-items: center;
    gap: 7px;
    padding: 3px 10px;
    border: 1px solid var(--border);
    border-radius: 999px;
    font-size: 12.5px;
    color: var(--muted);
    white-space: nowrap;
  }
  .dot {
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: currentColor;
  }
  .phase.good {
    color: var(--succeeded);
  }
  .phase.busy {
    color: var(--running);
  }
  .phase.warning {
    color: var(--handled);
  }
  .phase.problem {
    color: var(--failed);
  }
  .phase.good .dot,
  .phase.busy .dot {
    animation: pulse 1.6s ease-in-out infinite;
  }
  @keyframes pulse {
    50% {
      opacity: 0.35;
    }
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 28px;
    margin-top: 10px;
  }
  .facts div {
    display: flex;
    gap: 8px;
  }
  dt {
    color: var(--muted);
  }
  .banner {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 8px 16px;
    padding: 10px 20px;
    border-block-start: 1px solid var(--border);
    background: var(--raised);
    border-inline-start: 4px solid var(--handled);
  }
  .banner.problem {
    border-inline-start-color: var(--failed);
  }
  .banner > div {
    flex: 1 1 16rem;
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .banner .technical {
    margin-top: 2px;
    font-size: 12.5px;
    color: var(--muted);
  }
  .failure {
    margin: 0 20px 16px;
    padding: 14px 16px;
    border: 1px solid color-mix(in srgb, var(--tone) 45%, var(--border));
    border-inline-start: 4px solid var(--tone);
    border-radius: var(--radius);
    background: color-mix(in srgb, var(--tone) 6%, var(--surface));
  }
  .failure-head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 10px;
    color: var(--tone);
  }
  .failure-head h3 {
    flex: 1 1 auto;
    font-size: 16px;
    font-weight: 500;
    color: var(--text);
    overflow-wrap: anywhere;
  }
  .failure-head b,
  .caused-by b {
    font-weight: 700;
  }
  .failure-head .icon {
    width: 18px;
    height: 18px;
  }
  .reason {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr);
    gap: 4px 16px;
  }
  .failure .reason {
    margin-top: 10px;
  }
  .error-name {
    font: 600 13px/1.5 var(--mono);
    color: var(--failed);
    overflow-wrap: anywhere;
  }
  .cause {
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  details {
    margin-top: 6px;
  }
  summary {
    cursor: pointer;
    color: var(--accent);
    width: fit-content;
  }
  .caused-by {
    margin-top: 12px;
    padding-top: 12px;
    border-top: 1px dashed var(--border);
  }
  h4 {
    font-size: 14px;
    font-weight: 500;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 1px;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      animation: none !important;
      transition: none !important;
    }
  }
`;
