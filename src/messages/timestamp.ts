/**
 * Timestamps: AWS JSON writes epoch seconds as a number with a fraction (1559247540.656), our pages write ISO
 * 8601 in UTC ("2019-05-30T22:45:40.656Z"). Always with milliseconds, and with further digits only if the
 * upstream sent them, so that both conversions together change nothing. Digits are copied as text: adding
 * doubles would change the last ones.
 */

/** 0001-01-01 to 9999-12-31: the range of four-digit years, and of Python's datetime. */
const EPOCH_SECONDS_MIN = -62_135_596_800;
const EPOCH_SECONDS_END = 253_402_300_800;

/** Nanoseconds. Further digits of a double are rounding noise. */
const FRACTION_DIGITS_MAX = 9;

const ISO = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.(\d{3,9})Z$/;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/**
 * A whole second of the epoch and the digits that follow it (`'656'`, `''`), as ISO 8601; undefined outside
 * the calendar. Fractions count forwards, also before 1970.
 */
export function isoFromSecond(second: number, fraction: string): string | undefined {
  if (!(second >= EPOCH_SECONDS_MIN && second < EPOCH_SECONDS_END)) return undefined;
  return `${new Date(second * 1000).toISOString().slice(0, 19)}.${trimmed(fraction).padEnd(3, '0')}Z`;
}

/** Epoch seconds as decimal text, to ISO 8601; undefined if it is not a time. */
export function isoFromEpochText(text: string): string | undefined {
  const [, sign, whole, rest = ''] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const fraction = trimmed(rest);
  if (sign && fraction !== '') return isoFromSecond(-Number(whole) - 1, complement(fraction));
  return isoFromSecond(Number(`${sign}${whole}`), fraction);
}

/** Epoch seconds to ISO 8601; undefined outside the calendar. */
export function isoFromEpochSeconds(seconds: number): string | undefined {
  // The shortest decimal that reads back as the same double holds just the digits that were sent. Below a
  // millionth it would have an exponent.
  return isoFromEpochText(Math.abs(seconds) < 1e-6 ? seconds.toFixed(FRACTION_DIGITS_MAX) : String(seconds));
}

/** ISO 8601, as `isoFromEpochSeconds` writes it, to epoch seconds. */
export function epochSecondsFromIso(iso: string): number {
  const [, second, fraction = ''] = ISO.exec(iso) ?? [];
  if (second === undefined) return Date.parse(iso) / 1000;
  const whole = Date.parse(`${second}Z`) / 1000;
  if (whole >= 0 || trimmed(fraction) === '') return Number(`${whole}.${fraction}`);
  return Number(`-${-whole - 1}.${complement(fraction)}`);
}

const trimmed = (fraction: string): string => fraction.slice(0, FRACTION_DIGITS_MAX).replace(/0+$/, '');

/**
 * One second minus this fraction: -1.656 is .344 after the second -2. Applied twice, it gives the same
 * fraction. Not for zero.
 */
const complement = (fraction: string): string =>
  String(10 ** fraction.length - Number(fraction)).padStart(fraction.length, '0');
