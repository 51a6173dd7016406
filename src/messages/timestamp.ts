/**
 * Converts timestamps. AWS JSON writes epoch seconds as a number with a fraction (1559247540.656). Our pages
 * write ISO 8601 in UTC ("2019-05-30T22:45:40.656Z"). ISO times always have milliseconds. They have more
 * digits only if the upstream sent more, so that a conversion back returns the same number. Digits are copied
 * as text, because arithmetic on doubles would change the last ones.
 */

/** 0001-01-01 to 9999-12-31: the range of four-digit years, and of Python's datetime. */
const EPOCH_SECONDS_MIN = -62_135_596_800;
const EPOCH_SECONDS_END = 253_402_300_800;

/** Down to nanoseconds. Further digits of a double are rounding noise. */
const FRACTION_DIGITS_MAX = 9;

const ISO = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.(\d{3,9})Z$/;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/**
 * Converts a whole epoch second and the digits of its fraction (`'656'`, `''`) to ISO 8601. Undefined outside
 * years 1 to 9999. The fraction is added to the second, also before 1970.
 */
export function isoFromSecond(second: number, fraction: string): string | undefined {
  if (!(second >= EPOCH_SECONDS_MIN && second < EPOCH_SECONDS_END)) return undefined;
  return `${new Date(second * 1000).toISOString().slice(0, 19)}.${trimmed(fraction).padEnd(3, '0')}Z`;
}

/** Converts epoch seconds in decimal text to ISO 8601. Undefined if the text is not a valid time. */
export function isoFromEpochText(text: string): string | undefined {
  const [, sign, whole, rest = ''] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const fraction = trimmed(rest);
  if (sign && fraction !== '') return isoFromSecond(-Number(whole) - 1, complement(fraction));
  return isoFromSecond(Number(`${sign}${whole}`), fraction);
}

/** Converts epoch seconds to ISO 8601. Undefined outside years 1 to 9999. */
export function isoFromEpochSeconds(seconds: number): string | undefined {
  // `String` returns the shortest decimal that parses to the same double, which has just the digits that were
  // sent. For numbers below a millionth, `String` would use an exponent.
  return isoFromEpochText(Math.abs(seconds) < 1e-6 ? seconds.toFixed(FRACTION_DIGITS_MAX) : String(seconds));
}

/** Converts ISO 8601, as `isoFromEpochSeconds` writes it, to epoch seconds. */
export function epochSecondsFromIso(iso: string): number {
  const [, second, fraction = ''] = ISO.exec(iso) ?? [];
  if (second === undefined) return Date.parse(iso) / 1000;
  const whole = Date.parse(`${second}Z`) / 1000;
  if (whole >= 0 || trimmed(fraction) === '') return Number(`${whole}.${fraction}`);
  return Number(`-${-whole - 1}.${complement(fraction)}`);
}

const trimmed = (fraction: string): string => fraction.slice(0, FRACTION_DIGITS_MAX).replace(/0+$/, '');

/**
 * Returns one second minus this fraction: -1.656 is the second -2 plus .344. Applied twice, it returns the
 * same fraction. The fraction must not be zero.
 */
const complement = (fraction: string): string =>
  String(10 ** fraction.length - Number(fraction)).padStart(fraction.length, '0');
