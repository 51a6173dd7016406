/** The report of one or more rows of the results table: the numbers of each side, and whether they meet the target. */
import type { Spread } from './spread.ts';

export interface Verdict {
  /** The number of the row in the table. */
  readonly row: number;
  readonly measured: string;
  readonly against: string;
  readonly value: Spread;
  readonly unit: '×' | 's' | 'KiB' | '% of a core';
  /** Exactly one of `atLeast` and `atMost` is set. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface SideNumbers {
  readonly name: string;
  /** Keyed by column heading. */
  readonly numbers: Readonly<Record<string, Spread | undefined>>;
}

export interface RowReport {
  readonly title: string;
  readonly sides: readonly SideNumbers[];
  readonly verdicts: readonly Verdict[];
}

/** How much to measure. */
export interface Effort {
  readonly rounds: number;
  /** How long the load lasts in each round. */
  readonly seconds: number;
  readonly streams: number;
  readonly quick: boolean;
}

export interface Row {
  /** Which rows of the table this measures, by their numbers. */
  readonly rows: readonly number[];
  readonly measure: (effort: Effort) => Promise<RowReport>;
}
