/** Formats an execution's summary for people: status and failure first, then facts. */
import type { FailureReason, Summary } from '../client/client.ts';
import { humanDuration } from '../core/human-duration.ts';
import { dayOf, timeOf } from '../core/local-time.ts';
import { STATUS_STYLES } from './execution-table.ts';
import type { Output } from './output.ts';
import { oneLine } from './plain-text.ts';

/**
 * Returns a line such as `FAILED in Step3OpenDoor: Door D-3: the bolt doesn't move (error E42)`, a line for
 * the earlier failure that caused it (if any), and a line with duration, size and start.
 */
export function summaryLines(summary: Summary, output: Output): string[] {
  const { status, failure } = summary;
  const facts = [
    ...(summary.durationMs === undefined ? [] : [`took ${humanDuration(summary.durationMs)}`]),
    ...(summary.messageCount === undefined ? [] : [humanCount(summary.messageCount, 'message')]),
    ...(summary.startedAt === undefined ? [] : [`started ${timeFor(output, summary.startedAt)}`]),
    ...(summary.archivedAt === undefined ? [] : ['archived']),
  ];
  return [
    output.style(oneLine(status), ...(STATUS_STYLES[status] ?? [])) + reasonFor(failure),
    ...(failure?.causedBy ? [`caused by a failure${reasonFor(failure.causedBy)}`] : []),
    output.style(facts.join(', '), 'dim'),
  ];
}

/** ` in Step3OpenDoor: E42: The bolt doesn't move`, without the parts that are unknown. */
function reasonFor({ step, error, cause }: FailureReason = {}): string {
  const where = step === undefined ? '' : ` in ${oneLine(step)}`;
  const why = [error, cause].filter((text) => text !== undefined && text !== '');
  return where + (why.length === 0 ? '' : `: ${oneLine(why.join(': '))}`);
}

/** Formats a time as in message lines: local on a terminal, complete elsewhere. */
function timeFor(output: Output, timestamp: string): string {
  const at = new Date(timestamp);
  const local = `${dayOf(at)} ${timeOf(at)}`;
  return output.isTerminal && local !== ' ' ? local : oneLine(timestamp);
}

export const humanCount = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
