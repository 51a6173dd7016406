/**
 * Downloads all messages as a file with one JSON object per line. `flowtap get --json` prints the same format, and
 * `flowtap import` reads it.
 */
import type { FlowMessage } from '../../client/client.ts';

export const messagesAsLines = (messages: readonly FlowMessage[]): string =>
  messages.map((message) => `${JSON.stringify(message)}\n`).join('');

export function downloadMessages(messages: readonly FlowMessage[], executionId: string): void {
  const file = new Blob([messagesAsLines(messages)], { type: 'application/x-ndjson' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = `${fileNameOf(executionId)}.ndjson`;
  link.click();
  // After a minute, the browser has read the file.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A file name for any id, without characters that a file system might refuse. */
export const fileNameOf = (executionId: string): string =>
  executionId
    .replaceAll(/[^\w.-]+/g, '_')
    .replaceAll(/^[_.]+|_+$/g, '')
    .slice(-120) || 'messages';
