/**
 * Defines the order of lists of executions: newest start first, executions without a start time last, and
 * ties by a hash of the id. An order key is text that sorts in this order. Archived and live executions have
 * the same order keys.
 *
 *     <reversed start time, 17 digits>.<hash of the id, 32 hexadecimal digits>
 */
import { createHash } from 'node:crypto';

/**
 * The latest time of a JavaScript date. Subtracting a time from it reverses the order, and results in at most
 * 17 digits.
 */
const LAST_TIME_MS = 8_640_000_000_000_000;
const DIGITS = 17;
const HASH_DIGITS = 32;
/** Sorts after all reversed times. */
const NO_START_TIME = '9'.repeat(DIGITS);

const reversed = (timeMs: number): string => String(LAST_TIME_MS - timeMs).padStart(DIGITS, '0');

/** `startedAt` is ISO 8601. Digits beyond milliseconds are ignored. */
export function orderKey(startedAt: string | undefined, executionId: string): string {
  const startedAtMs = startedAt === undefined ? NaN : Date.parse(startedAt);
  const tie = createHash('sha256').update(executionId).digest('hex').slice(0, HASH_DIGITS);
  return `${Number.isNaN(startedAtMs) ? NO_START_TIME : reversed(startedAtMs)}.${tie}`;
}

/**
 * Returns a position before all executions that started at this time or earlier, and after all that started
 * later.
 */
export const positionBefore = (startedAtMs: number): string => reversed(startedAtMs);

/**
 * Returns a position before all executions that have the start time of this order key or position. The result
 * contains no hash of an id.
 */
export const positionAtStartTime = (position: string): string => position.slice(0, DIGITS);

/**
 * Returns the start time of an order key or a position, in clock milliseconds. Undefined for executions
 * without a start time.
 */
export function startedAtMsOf(position: string): number | undefined {
  const digits = position.slice(0, DIGITS);
  return digits === NO_START_TIME ? undefined : LAST_TIME_MS - Number(digits);
}

/** The characters that an order key can have at this index, in sorting order. */
const alphabetAt = (place: number): string =>
  place < DIGITS ? '0123456789' : place === DIGITS ? '.' : '0123456789abcdef';

const KEY_CHARACTERS = DIGITS + 1 + HASH_DIGITS;

/**
 * Yields prefixes that together cover all order keys after `position`, in sorting order. The first prefix is
 * the first `length` characters of `position`.
 */
export function* prefixesFrom(position: string, length: number): Generator<string, void, void> {
  yield position.slice(0, length);
  for (let place = Math.min(length, position.length) - 1; place >= 0; place--) {
    const later = alphabetAt(place).split(position.charAt(place))[1] ?? '';
    for (const character of later) yield position.slice(0, place) + character;
  }
}

/** Returns a position after all order keys with this prefix, and before all later order keys. */
export function positionAfter(prefix: string): string {
  let position = prefix;
  while (position.length < KEY_CHARACTERS) position += alphabetAt(position.length).at(-1);
  return position;
}
