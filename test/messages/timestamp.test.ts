import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { epochSecondsFromIso, isoFromEpochSeconds, isoFromEpochText } from '../../src/messages/timestamp.ts';
import { isIsoTimestamp } from '../support/iso-timestamp.ts';
import { runs } from '../support/seeded-random.ts';

const FIRST_SECOND = Date.parse('0001-01-01T00:00:00Z') / 1000;
const LAST_SECOND = Date.parse('9999-12-31T23:59:59Z') / 1000;
const anySecond = fc.oneof(
  fc.integer({ min: FIRST_SECOND, max: LAST_SECOND }),
  fc.integer({ min: -2, max: 2 }),
  fc.integer({ min: 1_300_000_000, max: 1_900_000_000 }),
);
/** A double can tell microseconds apart for some 270 years before and after 1970. */
const nearSecond = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -4e9, max: 4e9 }));

/** Epoch seconds as AWS writes them: the double nearest to a number with this many digits after the point. */
const seconds = (whole: fc.Arbitrary<number>, digits: number) =>
  fc
    .tuple(whole, fc.nat({ max: 10 ** digits - 1 }), fc.constantFrom('', '-'))
    .filter(([second]) => second > FIRST_SECOND)
    // Draws the sign separately, because the whole part of -0.5 is 0 and has no sign.
    .map(([second, fraction, sign]) => {
      const number = `${second}.${String(fraction).padStart(digits, '0')}`;
      return Number(second === 0 ? `${sign}${number}` : number);
    });

describe('timestamps', () => {
  test.each([
    ['milliseconds', seconds(anySecond, 3)],
    ['microseconds', seconds(nearSecond, 6)],
    ['whole seconds', anySecond],
  ])('epoch seconds with %s survive the conversion to ISO 8601 and back', (_, numbers) => {
    fc.assert(
      fc.property(numbers, (number) => {
        const iso = isoFromEpochSeconds(number) ?? '';
        expect(isIsoTimestamp(iso)).toBe(true);
        // Compares the numbers as JSON, because they are sent as JSON, which has no -0.
        expect(JSON.stringify(epochSecondsFromIso(iso))).toBe(JSON.stringify(number));
      }),
      { numRuns: runs(1000) },
    );
  });

  test.each([
    ['milliseconds', anySecond, 3],
    ['microseconds', nearSecond, 6],
  ])('ISO 8601 with %s survives the conversion to epoch seconds and back', (_, whole, digits) => {
    fc.assert(
      fc.property(whole, fc.nat({ max: 10 ** digits - 1 }), (second, fraction) => {
        const digitsShown = String(fraction)
          .padStart(digits, '0')
          .replace(/(\d{3}\d*?)0*$/, '$1');
        const iso = `${new Date(second * 1000).toISOString().slice(0, 19)}.${digitsShown}Z`;
        expect(isIsoTimestamp(iso)).toBe(true);
        expect(isoFromEpochSeconds(epochSecondsFromIso(iso))).toBe(iso);
      }),
      { numRuns: runs(1000) },
    );
  });

  test('both conversions agree with Date for times in milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST_SECOND * 1000, max: LAST_SECOND * 1000 }), (ms) => {
        const iso = new Date(ms).toISOString();
        expect(isoFromEpochSeconds(ms / 1000)).toBe(iso);
        expect(epochSecondsFromIso(iso)).toBe(ms / 1000);
      }),
      { numRuns: runs(1000) },
    );
  });

  test.each([
    [1559247540.656, '2019-05-30T20:19:00.656Z'],
    [1559247541, '2019-05-30T20:19:01.000Z'],
    [1559247541.123456, '2019-05-30T20:19:01.123456Z'],
    [1559247541.12345, '2019-05-30T20:19:01.12345Z'],
    [0, '1970-01-01T00:00:00.000Z'],
    [-0, '1970-01-01T00:00:00.000Z'],
    [-1.5, '1969-12-31T23:59:58.500Z'],
    [-1, '1969-12-31T23:59:59.000Z'],
    [-0.001, '1969-12-31T23:59:59.999Z'],
    // Must not be rounded up, because that would carry into the next second.
    [-1e-9, '1969-12-31T23:59:59.999999999Z'],
    [1e-7, '1970-01-01T00:00:00.0000001Z'],
    // The error of the floating-point sum is cut off after nanoseconds, and so are trailing zeros.
    [0.1 + 0.2, '1970-01-01T00:00:00.300Z'],
    [-(0.1 + 0.2), '1969-12-31T23:59:59.700Z'],
    [FIRST_SECOND, '0001-01-01T00:00:00.000Z'],
    [LAST_SECOND, '9999-12-31T23:59:59.000Z'],
  ])('%d is converted to %s', (number, iso) => {
    expect(isoFromEpochSeconds(number)).toBe(iso);
  });

  test('a number outside the years 1 to 9999 is not a timestamp', () => {
    for (const number of [
      NaN,
      Infinity,
      -Infinity,
      1e21,
      1559247540656,
      FIRST_SECOND - 0.001,
      LAST_SECOND + 1,
    ]) {
      expect(isoFromEpochSeconds(number)).toBeUndefined();
    }
  });

  test('epoch seconds as text keep the digits that a double would lose, and other texts are refused', () => {
    expect(isoFromEpochText('1559247540.123456789')).toBe('2019-05-30T20:19:00.123456789Z');
    expect(isoFromEpochText('-1559247540.000000001')).toBe('1920-08-04T03:40:59.999999999Z');
    for (const other of ['', '-', '1.', '.5', '1e9', '+1', ' 1', '1,5', '0x10']) {
      expect(isoFromEpochText(other)).toBeUndefined();
    }
  });

  test('a time in any format other than that of pages is refused', () => {
    for (const other of [
      '2019-05-30T22:45:40Z',
      '2019-05-30T22:45:40.65Z',
      '2019-05-30T22:45:40.6560Z',
      '2019-05-30T22:45:40.656',
      '2019-05-30T22:45:40.656+00:00',
      '2019-05-30 22:45:40.656Z',
      '2019-02-30T22:45:40.656Z',
      '2019-05-30T24:00:00.000Z',
      '0000-05-30T22:45:40.656Z',
    ]) {
      expect(isIsoTimestamp(other)).toBe(false);
    }
  });
});
