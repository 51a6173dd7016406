/**
 * Converts the timestamp of an exported message to the form of our pages (timestamp.ts). These forms are
 * accepted, because these programs write them:
 *
 * - epoch seconds, as a number or as text: AWS JSON and AWS CLI 1;
 * - ISO 8601 with `Z` or an offset, and with up to nine fraction digits: our pages, AWS CLI 2 and the JS SDK;
 * - Python's `str(datetime)`, in the exporter's time zone: boto3 through `json.dumps(…, default=str)`.
 *
 * Text without an offset is taken as UTC.
 */
import { isoFromEpochSeconds, isoFromEpochText, isoFromSecond } from '../messages/timestamp.ts';

// Python writes offsets of old local times with seconds (+00:53:28). Its `%z` writes offsets without a colon.
const CALENDAR =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):?([0-5]\d)(?::?([0-5]\d))?)?$/i;

/** Returns ISO 8601 as in our pages. Undefined if `timestamp` is not a time. */
export function isoFromExport(timestamp: string | number): string | undefined {
  if (typeof timestamp === 'number') return isoFromEpochSeconds(timestamp);
  const [, date, time, fraction = '', sign, hours, minutes, seconds = '0'] = CALENDAR.exec(timestamp) ?? [];
  if (date === undefined) return isoFromEpochText(timestamp);

  const local = Date.parse(`${date}T${time}Z`) / 1000;
  // `Date.parse` accepts February 30 and returns March 2.
  if (isoFromSecond(local, '') !== `${date}T${time}.000Z`) return undefined;
  const offset = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds);
  return isoFromSecond(sign === '-' ? local + offset : local - offset, fraction);
}
