/** Texts for the start and the duration of an execution in a list. */
import { type TemplateResult, html } from 'lit';

import { humanDuration } from '../../core/human-duration.ts';
import { momentText, msOf, secondText, zoneText } from '../format/times.ts';
import type { ListedExecution } from './list-source.ts';

/** A time with its day, precise to a second. */
export const timeOf = (timestamp: string): TemplateResult =>
  html`<time datetime=${timestamp} title=${`${momentText(timestamp)} ${zoneText(timestamp)} (${timestamp})`}
    >${secondText(timestamp)}</time
  >`;

export function durationOf({ status, startedAt, durationMs }: ListedExecution, nowMs: number): string {
  if (durationMs !== undefined) return humanDuration(durationMs);
  const startMs = msOf(startedAt);
  if (status !== 'RUNNING' || startMs === undefined) return '–';
  // Show whole seconds while the execution runs.
  return humanDuration(Math.max(0, Math.floor((nowMs - startMs) / 1000) * 1000)).replace('.0 s', ' s');
}
