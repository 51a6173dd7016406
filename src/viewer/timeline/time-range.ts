/** The range of time that the bars show, and the labels of its axis. Pure. */
import { humanDuration } from '../../core/human-duration.ts';

export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * The distance between labels of the axis is one of these, or whole days, so that labels are round numbers.
 */
const NICE_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 180_000,
  300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000,
];
const DAY_MS = 86_400_000;
/** The shortest range that zooming shows. */
const LENGTH_MS_MIN = 10;

export const lengthOf = ({ startMs, endMs }: TimeRange): number => endMs - startMs;

/** 0 at the start of the range, 1 at its end. */
export const fractionOf = (range: TimeRange, ms: number): number => (ms - range.startMs) / lengthOf(range);

/** As a CSS percentage. */
export const percent = (fraction: number): string => `${(fraction * 100).toFixed(4)}%`;

/** The range of a whole execution. Never empty, so that positions in it can be computed. */
export const wholeRange = (startMs: number, endMs: number): TimeRange => ({
  startMs,
  endMs: Math.max(endMs, startMs + LENGTH_MS_MIN),
});

/** Zooms around `aroundMs`: with a `factor` of 2, the new range is half as long. It stays within `whole`. */
export function zoomed(range: TimeRange, factor: number, aroundMs: number, whole: TimeRange): TimeRange {
  const length = Math.min(lengthOf(whole), Math.max(LENGTH_MS_MIN, lengthOf(range) / factor));
  return within({ startMs: aroundMs - fractionOf(range, aroundMs) * length, length }, whole);
}

/** Moves the range so that it begins at `startMs`, or as near to it as `whole` allows. */
export const movedTo = (range: TimeRange, startMs: number, whole: TimeRange): TimeRange =>
  within({ startMs, length: lengthOf(range) }, whole);

function within({ startMs, length }: { startMs: number; length: number }, whole: TimeRange): TimeRange {
  const start = Math.min(Math.max(startMs, whole.startMs), whole.endMs - length);
  return { startMs: start, endMs: start + length };
}

export interface Tick {
  readonly ms: number;
  readonly label: string;
}

/** At most `count` + 1 ticks, at round times after `zeroMs`. */
export function ticksOf(range: TimeRange, zeroMs: number, count: number): Tick[] {
  const wanted = lengthOf(range) / Math.max(1, count);
  const step = NICE_MS.find((nice) => nice >= wanted) ?? Math.ceil(wanted / DAY_MS) * DAY_MS;
  const ticks: Tick[] = [];
  for (let at = Math.ceil((range.startMs - zeroMs) / step) * step; at + zeroMs <= range.endMs; at += step) {
    ticks.push({ ms: zeroMs + at, label: at === 0 ? '0' : tickLabel(at, step) });
  }
  return ticks;
}

/** The width of an average character of a label, and the space before the label. */
const LABEL_CHARACTER_PX = 7;
const LABEL_START_PX = 4;

/** True if the label fits between its line and the end of an axis that is `widthPx` wide. */
export const fitsBeforeEnd = (range: TimeRange, { ms, label }: Tick, widthPx: number): boolean =>
  (1 - fractionOf(range, ms)) * widthPx >= LABEL_START_PX + label.length * LABEL_CHARACTER_PX;

/** The label of a tick, with as many digits as the distance `step` between ticks needs. */
function tickLabel(ms: number, step: number): string {
  if (ms < 60_000 && step >= 1_000) return `${ms / 1000} s`;
  if (ms < 60_000) return ms < 1_000 ? `${ms} ms` : `${Number((ms / 1000).toFixed(3))} s`;
  if (ms < 3_600_000 && step % 60_000 === 0) return `${ms / 60_000} min`;
  if (step < 1_000) return `${Number((ms / 1000).toFixed(3))} s`;
  return humanDuration(ms).replace(/ (?:0 s|0 min)$/, '');
}
