/** Formats reports as Markdown tables. */
import type { RowReport, Verdict } from '../measure/row.ts';
import type { Spread } from '../measure/spread.ts';

export function verdictTable(verdicts: readonly Verdict[]): string {
  return table(
    ['#', 'measured', 'against', 'median', 'spread', 'wanted', ''],
    verdicts.map(({ row, measured, against, value, unit, ...wanted }) => [
      String(row),
      measured,
      against,
      `${number(value.median)} ${unit}`,
      `${number(value.min)} – ${number(value.max)}`,
      wanted.atLeast === undefined ? `≤ ${wanted.atMost} ${unit}` : `≥ ${wanted.atLeast} ${unit}`,
      isMet({ row, measured, against, value, unit, ...wanted }) ? 'met' : '**missed**',
    ]),
  );
}

export function isMet({ value, atLeast = -Infinity, atMost = Infinity }: Verdict): boolean {
  return value.median >= atLeast && value.median <= atMost;
}

/** Returns a table with the numbers of each side: the median, and the spread in parentheses. */
export function sidesTable({ title, sides }: RowReport): string {
  const heads = [...new Set(sides.flatMap(({ numbers }) => Object.keys(numbers)))];
  const rows = sides.map(({ name, numbers }) => [name, ...heads.map((head) => cell(numbers[head]))]);
  return `### ${title}\n\n${table(['', ...heads], rows)}`;
}

const cell = (spread: Spread | undefined): string =>
  spread ? `${number(spread.median)} (${number(spread.min)} – ${number(spread.max)})` : '';

/** Rounds to three significant digits, or to a whole number from 100 on. */
const number = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map((_, column) => (column === 0 ? '---' : '--:')), ...rows];
  return `${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}\n`;
}
