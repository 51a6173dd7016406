/**
 * Measures the rows one after another and prints each one when it is done. Writes RESULTS.md after a full measurement
 * of all rows.
 */
import { join } from 'node:path';
import type { Effort, Row, RowReport } from './measure/row.ts';
import type { Options } from './options.ts';
import { machine } from './report/machine.ts';
import { writeResults } from './report/results-file.ts';
import { sidesTable, verdictTable } from './report/tables.ts';
import { archivedPages } from './rows/archived-pages.ts';
import { crowdRows } from './rows/crowd.ts';
import { denoPages } from './rows/deno-pages.ts';
import { fanOutRows } from './rows/fan-out.ts';
import { replayRow } from './rows/replay.ts';
import { runningPages } from './rows/running-pages.ts';

const ROWS: readonly Row[] = [archivedPages, runningPages, denoPages, fanOutRows, replayRow, crowdRows];
const FULL: Effort = { rounds: 3, seconds: 3, streams: 1000, quick: false };
const QUICK: Effort = { rounds: 3, seconds: 1, streams: 200, quick: true };
const RESULTS = join(import.meta.dirname, 'RESULTS.md');

/** Reports a failed row instead of throwing, so that the remaining rows are still measured. */
async function measureRow(row: Row, effort: Effort): Promise<RowReport> {
  try {
    return await row.measure(effort);
  } catch (error) {
    process.exitCode = 1;
    console.error(error);
    return {
      title: `Rows ${row.rows.join(', ')} failed: ${String(error).split('\n')[0]}`,
      sides: [],
      verdicts: [],
    };
  }
}

export async function measureAll({ quick, rows, out }: Options): Promise<void> {
  const beganMs = Date.now();
  const began = machine();
  console.log(`${began}\n`);
  const reports: RowReport[] = [];
  for (const row of ROWS) {
    if (rows && !row.rows.some((number) => rows.has(number))) continue;
    const report = await measureRow(row, quick ? QUICK : FULL);
    reports.push(report);
    console.log(`${sidesTable(report)}\n${verdictTable(report.verdicts)}`);
  }
  const seconds = Math.round((Date.now() - beganMs) / 1000);
  const verdicts = verdictTable(reports.flatMap((report) => report.verdicts));
  const measured = [`${began} Measured in ${seconds} s.\n`, verdicts, ...reports.map(sidesTable)].join('\n');
  const file = out ?? (quick || rows ? undefined : RESULTS);
  if (file !== undefined) await writeResults(file, measured);
  console.log(`${verdicts}\n${seconds} s${file === undefined ? '' : `; written to ${file}`}`);
}
