/** Formats executions as lines: a table on a terminal, columns separated by tabs elsewhere. */
import type { ListedExecution, Status } from '../client/client.ts';
import { humanDuration } from '../core/human-duration.ts';
import { dayOf, timeOf } from '../core/local-time.ts';
import type { Output, Style } from './output.ts';
import { column, crop, oneLine, widthOf } from './plain-text.ts';

export const STATUS_STYLES: Readonly<Record<Status, readonly Style[]>> = {
  RUNNING: ['yellow', 'bold'],
  SUCCEEDED: ['green', 'bold'],
  FAILED: ['red', 'bold'],
  ABORTED: ['red', 'bold'],
};

const STATUS_COLUMNS = 9;
const STARTED_COLUMNS = 'YYYY-MM-DD HH:MM:SS'.length;
const TOOK_COLUMNS = 12;
const GAP = '  ';
const FIXED_COLUMNS = STATUS_COLUMNS + STARTED_COLUMNS + TOOK_COLUMNS + 3 * GAP.length;

/** Status, start, duration in ms and id. Unknown values are empty. */
export const executionFields = (execution: ListedExecution): string => {
  const { status, startedAt = '', durationMs = '', flowExecutionId } = execution;
  return [status, startedAt, String(durationMs), flowExecutionId].map(oneLine).join('\t');
};

/**
 * The table for a terminal. Shows the ids if all of them fit. Otherwise it shows the names, and a last line
 * with the beginning that all ids share.
 */
export function executionTable(
  executions: readonly ListedExecution[],
  output: Output,
  nowMs: number,
): string[] {
  const room = output.columns - FIXED_COLUMNS;
  const fitsIds = executions.every(({ flowExecutionId }) => widthOf(oneLine(flowExecutionId)) <= room);
  const label = ({ flowExecutionId, name }: ListedExecution) =>
    oneLine(fitsIds ? flowExecutionId : (name ?? flowExecutionId));
  const head = ['STATUS', 'STARTED', 'TOOK', fitsIds ? 'ID' : 'NAME'];
  const beginning = fitsIds ? undefined : commonBeginning(executions);
  return [
    output.style(row(head), 'dim'),
    ...executions.map((execution) => {
      const { status } = execution;
      const words = [status, startOf(execution), tookOf(execution, nowMs), label(execution)];
      const [first = '', ...rest] = cells(words.map(oneLine));
      const line = [output.style(first, ...(STATUS_STYLES[status] ?? [])), ...rest].join(GAP);
      return line.trimEnd();
    }),
    ...(beginning === undefined
      ? []
      : [output.style(`An id is ${crop(oneLine(beginning), output.columns - 20)}<name>`, 'dim')]),
  ];

  function cells([status = '', started = '', took = '', last = '']: readonly string[]): string[] {
    return [
      column(status, STATUS_COLUMNS),
      column(started, STARTED_COLUMNS),
      column(took, TOOK_COLUMNS),
      crop(last, room),
    ];
  }
  function row(words: readonly string[]): string {
    return cells(words).join(GAP).trimEnd();
  }
}

/** The part of the ids before the names; undefined if the ids do not all share it. */
function commonBeginning(executions: readonly ListedExecution[]): string | undefined {
  const beginnings = new Set(
    executions.map(({ flowExecutionId, name }) =>
      name !== undefined && flowExecutionId.endsWith(name) ? flowExecutionId.slice(0, -name.length) : '',
    ),
  );
  const [only] = beginnings;
  return beginnings.size === 1 && only !== '' ? only : undefined;
}

function startOf({ startedAt }: ListedExecution): string {
  if (startedAt === undefined) return '–';
  const at = new Date(startedAt);
  return Number.isNaN(at.getTime()) ? startedAt : `${dayOf(at)} ${timeOf(at).slice(0, 'HH:MM:SS'.length)}`;
}

/** The duration. For a running execution, the time since its start. */
function tookOf({ status, startedAt, durationMs }: ListedExecution, nowMs: number): string {
  const ms = durationMs ?? (status === 'RUNNING' ? nowMs - Date.parse(startedAt ?? '') : NaN);
  return Number.isNaN(ms) ? '' : humanDuration(Math.max(0, ms));
}
