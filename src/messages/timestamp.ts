/**
 * Timestamps: AWS JSON writes epoch seconds as a number with a fraction (1559247540.656), our pages write ISO 8601 in UTC
 * ("2019-05-30T22:45:40.656Z"). Milliseconds always, further digits only where the upstream gave them, so that a time
 * survives the way there and back unchanged.
 */

/** 0001-01-01 to 9999-12-31: what four-digit years, and Python's datetime, can say. */
const EPOCH_SECONDS_MIN = -62_135_596_800;
const EPOCH_SECONDS_END = 253_402_300_800;

const ISO = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})\.(\d{3,9})Z$/;

/** Epoch seconds to ISO 8601, or undefined when the number is no time that a calendar can show. */
export function isoFromEpochSeconds(seconds: number): string | undefined {
  if (!(seconds >= EPOCH_SECONDS_MIN && seconds < EPOCH_SECONDS_END)) return undefined;
  const whole = Math.floor(seconds);
  // The shortest decimal that reads back as the same double holds just the digits that were sent.
  const text = seconds < 0 ? (seconds - whole).toFixed(6) : String(seconds);
  const digits = (text.split('.')[1] ?? '').replace(/0+$/, '');
  if (text.includes('e')) return `${new Date(whole * 1000).toISOString().slice(0, 19)}.000Z`;
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${digits.slice(0, 9).padEnd(3, '0')}Z`;
}

/** ISO 8601, as `isoFromEpochSeconds` writes it, to epoch seconds. */
export function epochSecondsFromIso(iso: string): number {
  const match = ISO.exec(iso);
  if (!match) return Date.parse(iso) / 1000;
  const whole = Date.parse(`${match[1]}T${match[2]}Z`) / 1000;
  // As text for times after 1970, so that no digit is lost to a floating-point sum.
  return whole < 0 ? whole + Number(`0.${match[3]}`) : Number(`${whole}.${match[3]}`);
}

/** True for text in exactly the form that pages print. */
export const isIsoTimestamp = (text: string): boolean => ISO.test(text) && !Number.isNaN(Date.parse(text));
