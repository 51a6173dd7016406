/**
 * Colours, fonts and sizes. A page can replace each by a custom property. Colours follow the page's `color-scheme`.
 * In both themes, the contrast is at least 4.5 for text, and at least 3 for icons and bars.
 */
import { css } from 'lit';

export const TOKENS = css`
  :host {
    --text: var(--flowtap-text, light-dark(#1c2128, #e6edf3));
    --muted: var(--flowtap-muted, light-dark(#57606a, #9aa4af));
    --surface: var(--flowtap-background, light-dark(#ffffff, #12161c));
    --raised: var(--flowtap-raised, light-dark(#f6f8fa, #1a2028));
    --border: var(--flowtap-border, light-dark(#d5dbe2, #323a45));
    --accent: var(--flowtap-accent, light-dark(#0a5fd1, #6cb0ff));
    --running: var(--flowtap-running, light-dark(#0a66d6, #5aa8ff));
    --succeeded: var(--flowtap-succeeded, light-dark(#15763a, #46c46b));
    --succeeded-bar: var(--flowtap-succeeded-bar, light-dark(#36a354, #3aa75b));
    --failed: var(--flowtap-failed, light-dark(#c4182a, #ff7b76));
    --handled: var(--flowtap-handled, light-dark(#8a5a00, #e0ae3f));
    --handled-bar: var(--flowtap-handled-bar, light-dark(#b8860b, #cf9f35));
    --aborted: var(--flowtap-aborted, light-dark(#6b4fbb, #b8a3f5));
    --radius: var(--flowtap-radius, 8px);
    --mono: var(
      --flowtap-mono,
      ui-monospace,
      'SF Mono',
      'Cascadia Mono',
      Menlo,
      Consolas,
      'DejaVu Sans Mono',
      monospace
    );
    display: block;
    container: flowtap / inline-size;
    color: var(--text);
    background: var(--surface);
    border: 1px solid var(--border);
    border-radius: var(--radius);
    font: var(
      --flowtap-font,
      14px/1.45 system-ui,
      -apple-system,
      'Segoe UI',
      Roboto,
      'Helvetica Neue',
      sans-serif
    );
    font-variant-numeric: tabular-nums;
    text-align: start;
    overflow: clip;
  }
  :host([hidden]) {
    display: none;
  }
  * {
    box-sizing: border-box;
  }
  .running {
    --tone: var(--running);
  }
  .succeeded {
    --tone: var(--succeeded);
  }
  .failed {
    --tone: var(--failed);
  }
  .handled,
  .retried {
    --tone: var(--handled);
  }
  .aborted {
    --tone: var(--aborted);
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
