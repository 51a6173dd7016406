/** An execution's summary for people: status and failure first, then facts. */
import type { Status, Summary } from '../client/client.ts';
import { dayOf, timeOf } from './local-time.ts';
import type { Output, Style } from './output.ts';
import { oneLine } from './plain-text.ts';

const STYLES: Readonly<Record<Status, readonly Style[]>> = {
  RUNNING: ['yellow', 'bold'],
  SUCCEEDED: ['green', 'bold'],
  FAILED: ['red', 'bold'],
  ABORTED: ['red', 'bold'],
};

/** `FAILED in Step3OpenDoor: Door D-3: the bolt doesn't move (error E42)`, then duration, size and start. */
export function summaryLines(summary: Summary, output: Output): string[] {
  const { status, failure } = summary;
  const facts = [
    ...(summary.durationMs === undefined ? [] : [`took ${humanDuration(summary.durationMs)}`]),
    ...(summary.messageCount === undefined ? [] : [humanCount(summary.messageCount, 'message')]),
    ...(summary.startedAt === undefined ? [] : [`started ${timeFor(output, summary.startedAt)}`]),
    ...(summary.archivedAt === undefined ? [] : ['archived']),
  ];
  const where = failure?.step === undefined ? '' : ` in ${oneLine(failure.step)}`;
  const why = [failure?.error, failure?.cause].filter((text) => text !== undefined && text !== '');
  return [
    output.style(oneLine(status), ...(STYLES[status] ?? [])) +
      where +
      (why.length === 0 ? '' : `: ${oneLine(why.join(': '))}`),
    output.style(facts.join(', '), 'dim'),
  ];
}

/** Like those of messages: local on a terminal, complete elsewhere. */
function timeFor(output: Output, timestamp: string): string {
  const at = new Date(timestamp);
  const local = `${dayOf(at)} ${timeOf(at)}`;
  return output.isTerminal && local !== ' ' ? local : oneLine(timestamp);
}

export const humanCount = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

/** `850 ms`, `11.5 s`, `3 min 20 s`, `2 h 5 min`. */
export function humanDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
