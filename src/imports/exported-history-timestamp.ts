/**
 * Converts the timestamp of an exported message from any form that exporters write to the form of our pages
 * (timestamp.ts). The forms, as the programs print them: epoch seconds, as a number or as text (AWS JSON, AWS
 * CLI 1); ISO 8601 with `Z`, with an offset and with any number of fraction digits (our pages, AWS CLI 2, the
 * JS SDK); Python's `str(datetime)` in whatever time zone the exporter ran in (boto3 through `json.dumps(…,
 * default=str)`). Text without an offset is taken as UTC.
 */
import { isoFromEpochSeconds, isoFromEpochText, isoFromSecond } from '../messages/timestamp.ts';

// Python writes offsets of old local times with seconds (+00:53:28), and `%z` writes them without a colon.
const CALENDAR =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):?([0-5]\d)(?::?([0-5]\d))?)?$/i;

/** ISO 8601 as pages print it; undefined if it is not a time. */
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
