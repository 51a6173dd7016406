/**
 * Formats the steps of an execution for people: one indented line per step, with its state, time and error.
 */
import type { Status, Step } from '../client/client.ts';
import type { Output, Style } from './output.ts';
import { crop, oneLine, widthOf } from './plain-text.ts';
import { humanDuration } from '../core/human-duration.ts';

const SYMBOLS: Readonly<Record<Status, readonly [string, Style]>> = {
  RUNNING: ['●', 'yellow'],
  SUCCEEDED: ['✓', 'green'],
  FAILED: ['✗', 'red'],
  ABORTED: ['-', 'red'],
};
const CAUGHT = ['!', 'yellow'] as const;
const INDENT = '  ';

export interface StepLinesOptions {
  /** The time now, for the durations of running steps. */
  readonly nowMs: number;
  /**
   * The maximum number of lines. If there are more, everything below succeeded steps is left out first, then
   * the oldest lines.
   */
  readonly linesMax?: number;
}

/** Formats the steps below `execution`. If the output is a terminal, every line fits its width. */
export function stepLines(execution: Step, output: Output, { nowMs, linesMax }: StepLinesOptions): string[] {
  const lines = linesOf(execution, output, nowMs, false);
  if (linesMax === undefined || lines.length <= linesMax) return lines;
  const short = linesOf(execution, output, nowMs, true);
  if (short.length <= linesMax) return short;
  const hidden = short.length - linesMax + 1;
  return [output.style(`… ${hidden} lines above`, 'dim'), ...short.slice(hidden)];
}

/** `isShort` leaves out everything below a step that has succeeded. */
function linesOf(execution: Step, output: Output, nowMs: number, isShort: boolean): string[] {
  const lines: string[] = [];
  const add = (step: Step, indent: string): void => {
    lines.push(lineOf(step, indent, output, nowMs));
    if (isShort && step.status === 'SUCCEEDED') return;
    for (const child of step.children) add(child, indent + INDENT);
  };
  for (const step of execution.children) add(step, '');
  return lines;
}

function lineOf(step: Step, indent: string, output: Output, nowMs: number): string {
  const [symbol, style] = step.caught ? CAUGHT : SYMBOLS[step.status];
  const facts = [durationOf(step, nowMs), attemptsOf(step), errorOf(step)].filter((fact) => fact !== '');
  const name = nameOf(step);
  const detail = facts.length === 0 ? '' : `  ${facts.join('  ')}`;
  const room = output.isTerminal ? output.columns - indent.length - 2 : Infinity;
  const shownName = crop(name, room);
  const shownDetail = crop(detail, room - widthOf(shownName)).trimEnd();
  return `${indent}${output.style(symbol, style, 'bold')} ${shownName}${output.style(shownDetail, 'dim')}`;
}

function nameOf({ name, kind }: Step): string {
  if (kind === 'branch') return `branch ${oneLine(name)}`;
  return kind === 'iteration' ? `#${oneLine(name)}` : oneLine(name) || kind;
}

function durationOf({ status, startedAt, durationMs }: Step, nowMs: number): string {
  if (durationMs !== undefined) return humanDuration(durationMs);
  const runningMs = nowMs - Date.parse(startedAt ?? '');
  return status === 'RUNNING' && !Number.isNaN(runningMs) ? humanDuration(Math.max(0, runningMs)) : '';
}

const attemptsOf = ({ attempts }: Step): string => (attempts > 1 ? `${attempts} attempts` : '');

const errorOf = ({ error, caught, status }: Step): string => {
  if (error === undefined) return caught ? 'caught' : '';
  return oneLine(error) + (caught ? ' (caught)' : status === 'RUNNING' ? ' (may be retried)' : '');
};
