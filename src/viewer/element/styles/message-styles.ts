/** Styles of the list of messages. Heights must match the constants in messages-view.ts. */
import { css } from 'lit';

export const MESSAGE_STYLES = css`
  .messages-grid {
    --row: 30px;
    --head: 28px;
    --height: var(--flowtap-messages-height, min(85vh, 48rem));
    max-height: calc(round(down, var(--height) - var(--head), var(--row)) + var(--head) + 1px);
  }
  .messages-grid.without-rows {
    display: none;
  }
  .messages-grid .row.head,
  .messages-grid .message {
    grid-template-columns: 3rem 6rem 5.5rem minmax(10rem, 19%) minmax(6rem, 15%) minmax(0, 1fr);
  }
  .messages-grid .row.head {
    height: 27px;
  }
  .messages-grid .message {
    height: 30px;
    border-bottom: 1px solid color-mix(in srgb, var(--border) 45%, transparent);
  }
  .number,
  .since,
  .clock {
    color: var(--muted);
  }
  .number,
  .since {
    text-align: end;
  }
  .message .clock {
    font-size: 13px;
  }
  .message .type {
    font-weight: 500;
  }
  .message.failed .type {
    color: var(--failed);
  }
  .message.succeeded .type {
    color: var(--succeeded);
  }
  .message .preview {
    font: 12px/1.5 var(--mono);
    color: var(--muted);
  }
  .opened {
    background: var(--raised);
  }
  .detail {
    padding-block: 10px 16px;
    background: var(--raised);
    border-bottom: 1px solid var(--border);
    cursor: auto;
  }
  .detail-cell {
    white-space: normal;
  }
  .detail dl {
    display: grid;
    grid-template-columns: repeat(2, max-content minmax(0, 1fr));
    gap: 2px 16px;
    font-size: 13px;
  }
  .detail dd {
    overflow-wrap: anywhere;
  }
  .payload {
    margin: 10px 0;
    padding: 10px 12px;
    max-height: 28rem;
    overflow: auto;
    border: 1px solid var(--border);
    border-radius: 6px;
    background: var(--surface);
    font: 12.5px/1.55 var(--mono);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    tab-size: 2;
  }
  .detail .empty {
    margin: 10px 0;
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  @container flowtap (min-width: 640px) and (max-width: 959.98px) {
    .messages-grid .row.head,
    .messages-grid .message {
      grid-template-columns: 2.5rem 5.5rem minmax(10rem, 27%) minmax(6rem, 20%) minmax(0, 1fr);
    }
    .messages-grid .clock {
      position: absolute;
      clip-path: inset(50%);
      width: 1px;
    }
  }
  @container flowtap (max-width: 639.98px) {
    .messages-grid {
      --row: 50px;
      --head: 0px;
    }
    .messages-grid .head-group {
      position: absolute;
      clip-path: inset(50%);
    }
    .messages-grid .message {
      grid-template-columns: auto auto minmax(0, 1fr) auto;
      grid-template-rows: 22px 20px;
      height: 50px;
      align-content: center;
      column-gap: 8px;
    }
    .detail dl {
      grid-template-columns: max-content minmax(0, 1fr);
    }
    .messages-grid .number {
      grid-row: 1;
      grid-column: 1;
    }
    .messages-grid .type {
      grid-row: 1;
      grid-column: 2 / 4;
    }
    .messages-grid .since {
      grid-row: 1;
      grid-column: 4;
    }
    .messages-grid .clock {
      position: absolute;
      clip-path: inset(50%);
    }
    .messages-grid .at {
      grid-row: 2;
      grid-column: 1 / 3;
      font-size: 12.5px;
    }
    .messages-grid .preview {
      grid-row: 2;
      grid-column: 3 / 5;
    }
  }
`;
