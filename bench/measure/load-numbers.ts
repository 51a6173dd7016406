/** Summarizes load results: the numbers of each side, and ratios between two sides. */
import type { LoadResult } from './load.ts';
import type { SideNumbers } from './row.ts';
import { type Spread, ratioOf, spreadOf } from './spread.ts';

export type Loaded = ReadonlyMap<string, readonly LoadResult[]>;

export const loadNumbers = (loaded: Loaded): SideNumbers[] =>
  [...loaded].map(([name, results]) => ({
    name,
    numbers: {
      'requests/s': spreadOf(results.map(({ perSecond }) => perSecond)),
      'CPU µs/request': spreadOf(results.map((result) => result.cpuMicros)),
    },
  }));

/** Divides the number `of` the side named `ours` by that of the side named `theirs`, round by round. */
export function loadRatio(loaded: Loaded, of: keyof LoadResult, ours: string, theirs: string): Spread {
  const numbers = (name: string) => (loaded.get(name) ?? []).map((result) => result[of]);
  return ratioOf(numbers(ours), numbers(theirs));
}
