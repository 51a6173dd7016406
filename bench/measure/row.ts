/** What a row of the table reports: the numbers of its sides, and how they compare with what is wanted. */
import type { Spread } from './spread.ts';

export interface Verdict {
  /** The number of the row in the table. */
  readonly row: number;
  readonly measured: string;
  readonly against: string;
  readonly value: Spread;
  readonly unit: '×' | 's' | 'KiB' | '% of a core';
  /** Exactly one of the two. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface SideNumbers {
  readonly name: string;
  /** By the head of the column. */
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
  /** Of load in each round. */
  readonly seconds: number;
  readonly streams: number;
  readonly quick: boolean;
}

export interface Row {
  /** Which rows of the table it measures. */
  readonly rows: readonly number[];
  readonly measure: (effort: Effort) => Promise<RowReport>;
}
